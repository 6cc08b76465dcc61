"""A configuration that asks for more than its weights are is refused before the model takes memory."""

import json
import shutil

import pytest
import torch
from torch import nn

from unrolled.errors import ConfigError, RunError
from unrolled.reading import MalformedError
from unrolled.tasks import LanguageModel
from unrolled.tasks.base.weight_budget import check_fit


def shapes_of(model):
    return {name: tuple(t.shape) for name, t in model.state_dict().items()}


def test_a_model_that_fits_is_let_through():
    check_fit(lambda: nn.LSTM(3, 4), shapes_of(nn.LSTM(3, 4)))


def test_no_memory_is_taken():
    devices = []

    def build():
        layer = nn.Linear(10**6, 10**6)
        devices.append(layer.weight.device)
        return layer

    with pytest.raises(MalformedError, match="bias is 3 in the file and 1000000 in the model"):
        check_fit(build, shapes_of(nn.Linear(2, 3)))
    assert devices == [torch.device("meta")]


def test_a_model_of_far_too_many_parts_is_given_up_early():
    made = []

    def build():
        parts = nn.ModuleList()
        for _ in range(10**9):
            made.append(1)
            parts.append(nn.Linear(1, 1))
        return parts

    with pytest.raises(MalformedError, match="many more tensors than the file, which has 2"):
        check_fit(build, shapes_of(nn.Linear(1, 1)))
    assert len(made) < 100


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: nn.Linear(3, 4, bias=False), "bias is 4 in the file and missing in the model"),
        (lambda: nn.Linear(3, 5), "bias is 4 in the file and 5 in the model"),
        (lambda: nn.Linear(10**18, 10**18), "impossible size"),
    ],
)
def test_what_does_not_fit_is_named(build, message):
    with pytest.raises(MalformedError, match=message):
        check_fit(build, shapes_of(nn.Linear(3, 4)))


CHANGES = {
    "hidden": (30000, RunError, "does not fit config.json"),
    "embedding": (10**6, RunError, "does not fit config.json"),
    "layers": (900, RunError, "does not fit config.json"),
    "projection": (10**20, ConfigError, "64 bits"),
    "skip": (10**6, RunError, "does not fit config.json"),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("how", [LanguageModel.load, lambda run: LanguageModel.resume(run, progress=False)])
def test_a_run_that_asks_for_more_than_it_holds(tmp_path, tiny_run, name, how):
    value, kind, message = CHANGES[name]
    run = shutil.copytree(tiny_run, tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    config["config"]["network"][name] = value
    (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(kind, match=message):
        how(run)


def test_layers_beyond_reason_are_refused():
    with pytest.raises(ConfigError, match="layers=1000000000: must be at most 1000"):
        LanguageModel(layers=10**9)
