"""Whatever a request holds, a forecaster answers with finite numbers or a clear error."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_models import COVARIATES, TINY, VARIANTS, waves, with_covariates
from property_settings import examples
from unrolled import Forecaster
from unrolled.engine.core import is_built
from unrolled.errors import UnrolledError
from unrolled.tasks.base.service import Limits
from unrolled.tasks.forecast.service import ForecasterService
from unrolled.tasks.forecast.service.messages import (
    ForecastAnswer,
    ForecastRequest,
    InfluenceRequest,
    ReadRequest,
)

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

NUMBERS = st.one_of(
    st.floats(-1e3, 1e3),
    st.sampled_from([0.0, -0.0, 1e308, -1e308, 1e-308, 5e-324, 1e38, -1e39, 1e20]),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.one_of(
    st.lists(NUMBERS | st.none(), max_size=40),
    st.builds(lambda v, n: [v] * n, NUMBERS, st.integers(1, 60)),
    st.builds(
        lambda values, n: (values * n)[:200], st.lists(NUMBERS, min_size=1, max_size=9), st.integers(1, 20)
    ),
)
WORDS = st.one_of(
    st.sampled_from(
        ["", "y", "price", "time", "2000-01-01", "2000-01", "now", "NaT", "nan", "\ud800", "\x00"]
    ),
    st.sampled_from(
        ["9999-12-31", "0001-01-01", "1677-01-01", "2000-01-01T00:00+14:00", "2000-W01", "20000101"]
    ),
    st.text(max_size=12),
    st.datetimes().map(lambda t: t.isoformat()),
)
KINDS = st.sampled_from([ForecastRequest, ReadRequest, InfluenceRequest])
COLUMNS = st.dictionaries(WORDS, st.lists(NUMBERS, max_size=50), max_size=3)
CELLS = st.one_of(st.none(), NUMBERS, st.integers(-(2**70), 2**70), WORDS)
ROWS = st.lists(
    st.dictionaries(st.sampled_from(["time", "y", "price", "rain"]) | WORDS, CELLS, max_size=4), max_size=30
)


@pytest.fixture(scope="module")
def services():
    runtimes = [
        Forecaster(**TINY | VARIANTS[variant]).fit(waves(), progress=False).runtime()
        for variant in ("direct", "recursive distribution", "stream", "linear distribution", "direct lags")
    ]
    data = with_covariates().rename_axis("time").reset_index()
    covariates = Forecaster(**TINY | COVARIATES["known, direct"] | {"time": "time"}).fit(data, progress=False)
    return [ForecasterService(runtime, Limits()) for runtime in (*runtimes, covariates.runtime())]


def ask(service, request):
    """Return the answer to a request, or None if it is refused; any other error passes through."""
    try:
        request = msgspec.convert(
            msgspec.to_builtins(request), type(request)
        )  # with the checks of the fields
        if isinstance(request, ReadRequest):
            answer, state = service.read(request, None)
            service.read(ReadRequest(values=request.values), state)
            return answer.forecast
        if isinstance(request, InfluenceRequest):
            assert np.isfinite(service.influence([request])[0].influence).all()
            return None
        return service.forecast([request])[0]
    except (UnrolledError, msgspec.ValidationError):
        return None


def check(answer: ForecastAnswer | None) -> None:
    if answer is not None:
        for numbers in (answer.point, answer.mean, *answer.quantiles.values(), *answer.paths):
            assert np.isfinite(numbers).all()
        msgspec.json.encode(answer)


@examples(200)
@given(
    which=st.integers(0, 5),
    kind=KINDS,
    options=st.fixed_dictionaries(
        {"values": VALUES},
        optional={
            "series": WORDS,
            "start": WORDS,
            "known": COLUMNS,
            "past": COLUMNS,
            "horizon": st.sampled_from([None, 1, 4, 5, 30, 10**6]),
            "samples": st.sampled_from([0, 1, 7, 10**6]),
            "seed": st.sampled_from([0, 2**53]),
        },
    ),
)
def test_values(services, which, kind, options):
    check(ask(services[which], kind(**options)))


@examples(150)
@given(which=st.integers(0, 5), values=VALUES, kind=KINDS)
def test_huge_and_constant_values_of_a_right_request(services, which, values, kind):
    values = (values or [1.0]) * 60
    start = "2020-01-01" if which == 5 else "2000-01-01"
    known, past = {"price": [1.0] * (60 + 4)}, {"rain": [1e308] * 60}
    covariates = {"known": known, "past": past} if which == 5 else {}
    check(ask(services[which], kind(values=values[:60], start=start, **covariates)))


@examples(60)
@given(which=st.integers(0, 5), rows=ROWS, horizon=st.sampled_from([None, 1]))
def test_rows(services, which, rows, horizon):
    check(ask(services[which], ForecastRequest(rows=rows, horizon=horizon)))


@examples(150)
@given(
    which=st.integers(0, 5),
    times=st.lists(WORDS | st.datetimes().map(str), min_size=2, max_size=12),
    data=st.data(),
)
def test_rows_with_times(services, which, times, data):
    rows = [{"time": time, "y": data.draw(NUMBERS), "price": 1.0, "rain": 2.0} for time in times]
    dates = [{"time": f"2020-01-{i + 1:02}", "y": 1.0 + i, "price": 1.0, "rain": 2.0} for i in range(31)]
    check(ask(services[which], ForecastRequest(rows=data.draw(st.sampled_from([rows, dates + rows])))))
