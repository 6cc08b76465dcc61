"""The service of a forecaster: its forecasts are those of ``predict``, and wrong requests are refused."""

from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest

from forecast_models import COVARIATES, TINY, VARIANTS, waves, with_covariates
from unrolled import Forecaster
from unrolled.engine.core import is_built
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.tasks.base.service import Limits
from unrolled.tasks.forecast.lookback import fewest_steps, first_row
from unrolled.tasks.forecast.service import ForecasterService
from unrolled.tasks.forecast.service.messages import ForecastRequest, InfluenceRequest

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

LATER = waves(150, seed=4)
START = "2000-01-01"


def request_for(frame, **options):
    options = {"start": frame.index[0].date().isoformat()} | options
    return ForecastRequest(values=frame["y"].tolist(), **options)


def assert_same(answer, expected, rtol=1e-5):
    """Compare an answer with the table that ``predict`` returns."""
    assert answer.times == [str(t.date()) if hasattr(t, "date") else str(t) for t in expected.index]
    columns = {"prediction": answer.point} | {f"q{level}": q for level, q in answer.quantiles.items()}
    columns |= {"mean": answer.mean} if answer.mean else {}
    assert columns.keys() == set(expected.columns)
    for name, values in columns.items():
        np.testing.assert_allclose(values, expected[name], rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_forecasts_are_those_of_predict_also_in_a_batch(served, variant):
    service = served(variant)
    frames = [LATER[:end] for end in (60, 61, 90, 150)]
    answers = service.forecast([request_for(frame, seed=i) for i, frame in enumerate(frames)])
    for seed, (answer, frame) in enumerate(zip(answers, frames, strict=True)):
        assert_same(answer, service.runtime.predict(data=frame, seed=seed))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_steps_that_a_model_reads(served, variant):
    runtime = served(variant).runtime
    [part] = [a.linear for a in runtime.artifacts.series.values()]
    series = runtime._get_series(LATER)[0]
    assert runtime._prepare(series).first == first_row(runtime.config, part)
    fewest = fewest_steps(runtime.config, part)
    served(variant).forecast([request_for(LATER[:fewest])])
    with pytest.raises(
        DataError, match=f"has {fewest - 1} values; this model forecasts from at least {fewest}"
    ):
        served(variant).forecast([ForecastRequest(values=LATER["y"].tolist()[: fewest - 1], start=START)])


def test_requests_for_different_steps_and_paths_are_answered_together(served):
    service = served("recursive distribution")
    requests = [
        request_for(LATER, horizon=h, samples=s, seed=h) for h, s in ((3, 0), (11, 30), (3, 5), (11, 30))
    ]
    answers = service.forecast(requests)
    for request, answer in zip(requests, answers, strict=True):
        expected = service.runtime.predict(request.horizon, data=LATER, seed=request.seed)
        if request.samples <= 20:
            assert_same(answer, expected)
        assert np.shape(answer.paths) == ((request.samples, request.horizon) if request.samples else (0,))
    assert answers[1] == answers[3]
    paths = service.runtime.predict(11, data=LATER, seed=11, samples=30).to_numpy().T
    np.testing.assert_allclose(answers[1].paths, paths, rtol=1e-5)


@pytest.mark.parametrize("variant", ["direct", "recursive", "linear stream"])
def test_steps_beyond_the_horizon(served, variant):
    service = served(variant)
    frames = [LATER[:80], LATER[:120]]
    answers = service.forecast([request_for(frame, horizon=11) for frame in frames])
    for answer, frame in zip(answers, frames, strict=True):
        assert_same(answer, service.runtime.predict(11, data=frame))


@pytest.mark.parametrize("options", COVARIATES)
def test_covariates(options):
    runtime = Forecaster(**TINY | COVARIATES[options]).fit(with_covariates(), progress=False).runtime()
    service, frame = ForecasterService(runtime, Limits()), with_covariates(130)
    frame.loc[frame.index[126:], ["y", "rain"]] = np.nan
    past = {"past": {"rain": frame["rain"][:126].tolist()}} if runtime.config.columns.past else {}
    request = request_for(frame[:126], known={"price": frame["price"].tolist()}, **past)
    expected = runtime.predict(data=frame)
    assert_same(service.forecast([request])[0], expected)
    columns = ["y", "price", "rain"] if past else ["y", "price"]
    rows = frame[columns].astype(object).where(frame[columns].notna(), None)
    rows.insert(0, "time", [str(t.date()) for t in frame.index])
    by_rows = ForecastRequest(rows=rows.to_dict("records"))
    assert_same(service.forecast([by_rows])[0], expected)
    with pytest.raises(DataError, match="has 126 numbers and needs 130, for the values and for the steps"):
        service.forecast([msgspec.structs.replace(request, known={"price": request.known["price"][:126]})])
    with pytest.raises(DataError, match="known: column 'price' is missing"):
        service.forecast([msgspec.structs.replace(request, known={})])
    with pytest.raises(ConfigError, match="known: 'rain' is not a column of this model; it has 'price'"):
        service.forecast([msgspec.structs.replace(request, known=request.known | {"rain": [1.0]})])
    with pytest.raises(DataError, match="needs 4 rows at the end with a target of null"):
        service.forecast([ForecastRequest(rows=by_rows.rows[:126])])


def test_several_series_by_name():
    table = pd.concat(
        {"a": waves(90), "b": waves(100, seed=2, level=50)}, names=["series", "time"]
    ).reset_index()
    fitted = Forecaster(**TINY | {"series": "series", "time": "time"}).fit(table, progress=False)
    service = ForecasterService(fitted.runtime(), Limits())
    expected = service.runtime.predict(data=table)
    frames = {name: group.set_index("time") for name, group in table.groupby("series")}
    answers = service.forecast([request_for(frame, series=name) for name, frame in frames.items()])
    for answer in answers:
        of_series = expected[expected["series"] == answer.series].drop(columns="series")
        assert_same(answer, of_series)
    rows = table.assign(time=table["time"].astype(str)).to_dict("records")
    assert service.forecast([ForecastRequest(rows=rows, series="b")])[0].point == pytest.approx(
        answers[1].point
    )
    with pytest.raises(ConfigError, match="the model was trained on 2: 'a', 'b'"):
        service.forecast([request_for(LATER)])
    with pytest.raises(DataError, match=r"series='c': is not one of this model; it has 'a', 'b'"):
        service.forecast([request_for(LATER, series="c")])
    with pytest.raises(ConfigError, match="the rows hold 2, such as 'a'"):
        service.forecast([ForecastRequest(rows=rows)])
    assert [s["name"] for s in service.details()["series"]] == service.details()["names"] == ["a", "b"]


def test_missing_values_are_filled_as_in_training(served):
    service, gap = served("direct"), LATER.copy()
    gap.iloc[[70, 71, 100]] = np.nan
    request = request_for(gap)
    values = [None if np.isnan(v) else v for v in request.values]
    [answer] = service.forecast([msgspec.structs.replace(request, values=values)])
    assert_same(answer, service.runtime.predict(data=gap))
    for wrong, error in (
        ([None, *values], "the first one is null"),
        ([*values, None], "the last one is null"),
        ([1.0, *[None] * 20, *values[-40:]], "20 time stamps lack a number"),
    ):
        with pytest.raises(DataError, match=error):
            service.forecast([msgspec.structs.replace(request, values=wrong)])


def test_times():
    def service_of(frame, **options):
        runtime = Forecaster(**TINY | options).fit(frame, progress=False).runtime()
        return ForecasterService(runtime, Limits())

    def times(service, **options):
        return service.forecast([ForecastRequest(values=waves(60)["y"].tolist(), horizon=2, **options)])[
            0
        ].times

    monthly = service_of(waves())
    assert times(monthly) == ["1", "2"]
    assert times(monthly, start="1999") == times(monthly, start="1999-01") == ["2004-01-01", "2004-02-01"]
    for start, error in (
        ("2000-01-15", "is not a time of the frequency of this model, 'MS'"),
        ("yesterday", "is not a time in ISO 8601"),
        ("2000-13-01", "is not a time in ISO 8601"),
        ("\ud800", "is not a time in ISO 8601"),
        ("2000-01-01T00:00Z", "have no time zone"),
        ("9995-01-01", "end after the year 9000"),
        ("9999-12-01", "end after the year 9000"),
    ):
        with pytest.raises(DataError, match=error):
            times(monthly, start=start)
    numbered = service_of(waves()["y"].tolist())
    assert times(numbered, start="11") == ["71", "72"]
    with pytest.raises(DataError, match="give a whole number"):
        times(numbered, start="2000-01-01")
    calendar = service_of(waves(), calendar=("month",))
    with pytest.raises(ConfigError, match=r"start: is missing; the model reads the calendar \(month\)"):
        times(calendar)
    hours = waves().set_axis(pd.date_range("2024-03-25", periods=120, freq="h", tz="Europe/Berlin"))
    zoned = service_of(hours, timezone="Europe/Berlin")
    expected = ["2024-03-31T14:00:00+02:00", "2024-03-31T15:00:00+02:00"]
    assert times(zoned, start="2024-03-29T01") == times(zoned, start="2024-03-29T00:00Z") == expected
    with pytest.raises(DataError, match="does not exist in Europe/Berlin"):
        times(zoned, start="2024-03-31T02:30")
    by_row = service_of(waves(), frequency="rows")
    assert times(by_row) == ["1", "2"]
    with pytest.raises(ConfigError, match="leave it out"):
        times(by_row, start=START)


def test_wrong_requests_are_refused(served):
    def ask(variant, frame=LATER, **options):
        return served(variant).forecast([request_for(frame, **options)])

    with pytest.raises(ConfigError, match="has only the 4 steps"):
        ask("quantiles", horizon=5)
    with pytest.raises(ConfigError, match="at most 4,096 steps"):
        ask("recursive", horizon=4097)
    with pytest.raises(ConfigError, match="have paths to sample"):
        ask("recursive", samples=3)
    with pytest.raises(ConfigError, match="would be more than 100,000 numbers"):
        ask("recursive distribution", samples=200, horizon=1000)
    with pytest.raises(ConfigError, match="past: 'rain' is not a column of this model; it has none"):
        ask("recursive", past={"rain": [1.0]})
    with pytest.raises(ConfigError, match="leave out values, start, known and past"):
        ask("recursive", rows=[{"y": 1.0}])
    with pytest.raises(DataError, match="value 3 is -1; all values must be above 0"):
        ask("stream", LATER.assign(y=[1.0, 2.0, -1.0, *LATER["y"][3:]]))
    with pytest.raises(DataError, match="the forecast is not a finite number"):
        ask("lags", LATER.assign(y=1e308 * np.resize([1, -1, 0.3, -0.7], 150)))


@pytest.mark.parametrize("variant", ["direct", "recursive", "linear", "stream", "recursive distribution"])
def test_influence_is_the_change_of_the_forecast(served, variant):
    service = served(variant)
    [answer] = service.influence([InfluenceRequest(values=LATER["y"].tolist(), start=START, last=6)])
    assert np.shape(answer.influence) == (6, 4)
    paths = {"samples": 20} if "distribution" in variant else {}
    for back, influence in enumerate(answer.influence[::-1], 1):
        up, down = LATER.copy(), LATER.copy()
        up.iloc[-back] += 0.05
        down.iloc[-back] -= 0.05
        above, below = service.forecast([request_for(frame, **paths) for frame in (up, down)])
        change = (np.array(above.point) - np.array(below.point)) / 0.1
        np.testing.assert_allclose(influence, change, rtol=0.05, atol=0.01)


def test_influence_has_limits(served):
    def ask(variant, frame=LATER, **options):
        values = frame["y"].tolist()
        return served(variant).influence([InfluenceRequest(values=values, start=START, **options)])[0]

    assert len(ask("direct", last=10_000).influence) == 13  # what the network reads
    assert np.isfinite(ask("stream", LATER.assign(y=3.0)).influence).all()
    with pytest.raises(ConfigError, match="last=150: is too many for a series of 150 values"):
        ask("stream distribution", last=10_000, horizon=200)


def test_limits(served):
    runtime = served("recursive").runtime
    service = ForecasterService(runtime, replace(Limits(), characters=100))
    with pytest.raises(ConfigError, match="values: has 150 values, and at most 100 are read"):
        service.forecast([request_for(LATER)])
    rows = [{"time": str(t.date()), "y": v} for t, v in LATER["y"].items()]
    with pytest.raises(ConfigError, match="rows: 150 rows of 2 columns have more than 100 cells"):
        service.forecast([ForecastRequest(rows=rows)])
    far = [{"time": "1000-01-01", "y": 1.0}, *rows[:40]]
    with pytest.raises(DataError, match="too many"):
        service.forecast([ForecastRequest(rows=far)])


def test_facts_of_an_old_run_are_needed(served):
    service = served("recursive")
    runtime = service.runtime
    bare = type(runtime)(runtime.config, runtime.artifacts, runtime.weights)
    with pytest.raises(RunError, match="has no facts about the series 'y'"):
        ForecasterService(bare, Limits()).forecast([request_for(LATER)])
