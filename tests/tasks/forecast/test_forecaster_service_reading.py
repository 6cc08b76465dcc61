"""Series that requests continue: each forecast is that of ``predict`` for the series so far."""

import json

import msgspec
import numpy as np
import pytest
import safetensors.numpy

from forecast_models import COVARIATES, TINY, waves, with_covariates
from unrolled import Forecaster
from unrolled.engine.core import is_built
from unrolled.errors import ConfigError, DataError, ShapeError
from unrolled.tasks.base.service import Limits
from unrolled.tasks.forecast.service import ForecasterService
from unrolled.tasks.forecast.service.messages import ReadRequest

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

LATER = waves(400, seed=4)
VALUES = LATER["y"].tolist()
START = "2000-01-01"
READ = ("recursive", "stream", "linear stream", "members of a stream", "recursive distribution", "quantiles")


def as_bytes(value):
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


WRONG = {
    "which": [np.zeros(3, np.uint8), as_bytes(["z", START]), as_bytes([1, 2]), as_bytes({})],
    "steps": [np.array(-1), np.array(10), np.array(10**9), np.array(1.5)],
    "member 0 position": [np.array(10**6), np.array(-1)],
    "target": [np.ones((60, 2)), np.array(1.0), np.ones(10**6)],
}


@pytest.mark.parametrize("variant", READ)
def test_a_series_is_continued(served, variant):
    service, state = served(variant), None
    for begin, end in ((0, 60), (60, 61), (61, 61), (61, 400)):
        start = "" if begin else START
        answer, state = service.read(ReadRequest(values=VALUES[begin:end], start=start, seed=end), state)
        expected = service.runtime.predict(data=LATER[:end], seed=end)
        assert answer.steps == end
        assert answer.forecast.times == [str(t.date()) for t in expected.index]
        np.testing.assert_allclose(answer.forecast.point, expected["prediction"], rtol=1e-5, atol=1e-6)
        state = safetensors.numpy.load(safetensors.numpy.save(dict(state)))
    assert sum(array.nbytes for array in state.values()) < 10_000


def test_paths_and_another_horizon(served):
    service = served("recursive distribution")
    answer, state = service.read(ReadRequest(values=VALUES[:60], horizon=2, samples=3), None)
    assert np.shape(answer.forecast.paths) == (3, 2)
    assert answer.forecast.times == ["1", "2"]
    again, _ = service.read(ReadRequest(horizon=2, samples=3), state)
    assert again.forecast == answer.forecast


@pytest.mark.parametrize("options", COVARIATES)
def test_covariates_are_continued(options):
    runtime = Forecaster(**TINY | COVARIATES[options]).fit(with_covariates(), progress=False).runtime()
    service, frame = ForecasterService(runtime, Limits()), with_covariates(130)
    state = None
    for begin, end in ((0, 80), (80, 100)):
        known = {"price": frame["price"][begin : end + 4].tolist()}
        past = {"rain": frame["rain"][begin:end].tolist()} if runtime.config.columns.past else {}
        answer, state = service.read(
            ReadRequest(values=frame["y"][begin:end].tolist(), known=known, past=past), state
        )
        table = frame[: end + 4].copy()
        table.loc[table.index[end:], ["y", "rain"]] = np.nan
        expected = runtime.predict(data=table)
        np.testing.assert_allclose(answer.forecast.point, expected["prediction"], rtol=1e-5, atol=1e-6)
    with pytest.raises(DataError, match="known: column 'price' is missing; give its 5 numbers"):
        service.read(ReadRequest(values=[1.0]), state)


def test_a_request_that_cannot_continue_is_refused(served):
    service = served("stream")
    _, state = service.read(ReadRequest(values=VALUES[:60], start=START), None)
    service.read(ReadRequest(values=VALUES[:1], start=START, series="y"), state)
    for options, error in (
        ({"start": "2001-01-01"}, "the earlier requests have '2000-01-01'"),
        ({"series": "x"}, "the earlier requests have 'y'"),
        ({"values": [0.0]}, "value 1 is 0; all values must be above 0"),
        ({"values": [None]}, "the first one is null"),
    ):
        with pytest.raises((ConfigError, DataError), match=error):
            service.read(msgspec.structs.replace(ReadRequest(), **options), state)
    with pytest.raises(DataError, match="has 0 values"):
        service.read(ReadRequest(), None)


def test_states_that_are_not_of_this_model_are_refused(served):
    service = served("linear stream")
    _, state = service.read(ReadRequest(values=VALUES[:60], start=START), None)
    _, other = served("recursive").read(ReadRequest(values=VALUES[:60], start=START), None)
    assert len(state) > 5
    changes = [{}, other, *({name: v} for name, values in WRONG.items() for v in values)]
    changes += [{"target": state["target"][:5]}]
    for name, array in state.items():
        if name != "which" and array.size:
            changes += [{name: np.full_like(array, np.nan, float)}, {name: array[..., None]}]
            changes += [{name: array.astype(str)}, {name: np.zeros(7)}]
    for change in changes:
        wrong = state | change if change and change is not other else change
        with pytest.raises((ShapeError, ConfigError)):
            service.read(ReadRequest(values=VALUES[60:61]), wrong)
