"""Requests to a forecaster, and its answers."""

from typing import Annotated

from msgspec import Meta, field

from unrolled.tasks.base.service import Answer, Continued, Continuing, Request, limited

MOST_NUMBERS = 1_000_000
Value = float | None
Values = Annotated[
    list[Value],
    limited(
        "characters",
        max_length=MOST_NUMBERS,
        description="The series up to now, in the units of the training data: a number for each "
        "step. null is a missing value, which is filled as in training (option missing).",
    ),
]
Name = Annotated[
    str,
    Meta(max_length=10_000, description="Name of the series; empty if the model was trained on only one."),
]
Start = Annotated[
    str,
    Meta(
        max_length=100,
        description="Time of the first value in ISO 8601, such as 1949-01-01; a whole number if the steps of "
        "the model are numbered. Empty: the times of the answer count the steps after the end, from 1. "
        "A model that reads the calendar needs it.",
    ),
]
Column = Annotated[list[float], limited("characters", max_length=MOST_NUMBERS)]
Known = Annotated[
    dict[str, Column],
    Meta(
        max_length=1000,
        description="Covariates known in advance, by column: a number for each value and for each step to "
        "forecast.",
    ),
]
Past = Annotated[
    dict[str, Column],
    Meta(max_length=1000, description="Past covariates, by column: a number for each value."),
]
Horizon = Annotated[
    Annotated[int, limited("steps", ge=1, le=MOST_NUMBERS)] | None,
    Meta(description="Number of steps to forecast; null: the horizon of the model."),
]
Samples = Annotated[
    int,
    limited(
        "characters",
        ge=0,
        le=MOST_NUMBERS,
        description="Number of sampled paths to return. Only models that forecast a distribution have paths.",
    ),
]
Seed = Annotated[int, Meta(ge=0, le=2**53, description="Seed of the sampled paths.")]
Cell = float | str | None


class ForecastRequest(Request, frozen=True, kw_only=True):
    """Forecast the steps after a series, which is sent as ``values`` or as ``rows``."""

    values: Values = field(default_factory=list)
    rows: Annotated[
        list[dict[str, Cell]],
        limited(
            "characters",
            max_length=MOST_NUMBERS,
            description="Instead of values, start, known and past: rows of a table with the columns of the "
            "training data, the time stamps included. Rows at the end with a target of null hold the "
            "covariates known in advance of the steps to forecast.",
        ),
    ] = field(default_factory=list)
    series: Name = ""
    start: Start = ""
    known: Known = field(default_factory=dict)
    past: Past = field(default_factory=dict)
    horizon: Horizon = None
    samples: Samples = 0
    seed: Seed = 0


class InfluenceRequest(ForecastRequest, frozen=True, kw_only=True):
    """Measure how the forecast of a series depends on its last values."""

    last: Annotated[
        int, Meta(ge=1, le=MOST_NUMBERS, description="Number of last values whose influence is measured.")
    ] = 48


class ReadRequest(Continuing, frozen=True, kw_only=True):
    """Read the next values of a series, and forecast. The first request needs as many as a forecast."""

    values: Values = field(default_factory=list)
    series: Name = ""
    start: Start = ""
    known: Known = field(default_factory=dict)
    past: Past = field(default_factory=dict)
    horizon: Horizon = None
    samples: Samples = 0
    seed: Seed = 0


class ForecastAnswer(Answer, frozen=True, kw_only=True):
    """Forecast of the steps after the end of a series, in the units of the training data."""

    series: Annotated[str, Meta(description="Name of the series.")]
    times: Annotated[
        list[str], Meta(description="Time of each step in ISO 8601, or its number if it has no time.")
    ]
    point: Annotated[
        list[float], Meta(description="The forecast of each step; the median if it is a distribution.")
    ]
    mean: Annotated[list[float], Meta(description="Mean of the distribution of each step.")] = field(
        default_factory=list
    )
    quantiles: Annotated[
        dict[str, list[float]],
        Meta(
            description="Quantiles of each step, by their levels, such as 0.9. Those of point forecasts come "
            "from the errors on held-out data."
        ),
    ] = field(default_factory=dict)
    paths: Annotated[
        list[list[float]], Meta(description="Sampled paths, each with a number for each step.")
    ] = field(default_factory=list)
    notes: Annotated[list[str], Meta(description="Problems in the series, and what was done about them.")] = (
        field(default_factory=list)
    )


class InfluenceAnswer(Answer, frozen=True, kw_only=True):
    """Influence of the last values of a series on its forecast."""

    series: Annotated[str, Meta(description="Name of the series.")]
    times: Annotated[list[str], Meta(description="Time of each forecast step, as in a forecast.")]
    influence: Annotated[
        list[list[float]],
        Meta(
            description="For each of the last values, the oldest first: the derivative of the forecast of "
            "each step, that is, its change if only this value grows by 1. Values that the forecast does not "
            "depend on are left out."
        ),
    ]


class ReadAnswer(Continued, frozen=True, kw_only=True):
    """The forecast after the values of a request."""

    steps: Annotated[int, Meta(description="Number of values of the series so far.")]
    forecast: ForecastAnswer
