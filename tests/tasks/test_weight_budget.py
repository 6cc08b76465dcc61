"""A configuration that needs more weights than the file has is refused before memory is allocated."""

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


def test_a_model_that_fits_is_accepted():
    check_fit(lambda: nn.LSTM(3, 4), shapes_of(nn.LSTM(3, 4)))


def test_the_check_allocates_no_memory():
    devices = []

    def build():
        layer = nn.Linear(10**6, 10**6)
        devices.append(layer.weight.device)
        return layer

    with pytest.raises(MalformedError, match="bias is 3 in the file and 1000000 in the model"):
        check_fit(build, shapes_of(nn.Linear(2, 3)))
    assert devices == [torch.device("meta")]


def test_a_model_with_too_many_parts_is_refused_early():
    created = []

    def build():
        parts = nn.ModuleList()
        for _ in range(10**9):
            created.append(1)
            parts.append(nn.Linear(1, 1))
        return parts

    with pytest.raises(MalformedError, match="many more tensors than the file, which has 2"):
        check_fit(build, shapes_of(nn.Linear(1, 1)))
    assert len(created) < 100


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: nn.Linear(3, 4, bias=False), "bias is 4 in the file and missing in the model"),
        (lambda: nn.Linear(3, 5), "bias is 4 in the file and 5 in the model"),
        (lambda: nn.Linear(10**18, 10**18), "impossible size"),
    ],
)
def test_the_error_names_the_parameter(build, message):
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
@pytest.mark.parametrize(
    "load_run", [LanguageModel.load, lambda run: LanguageModel.resume(run, progress=False)]
)
def test_a_run_with_a_larger_configuration_than_weights_is_refused(tmp_path, tiny_run, name, load_run):
    value, kind, message = CHANGES[name]
    run = shutil.copytree(tiny_run, tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    config["config"]["network"][name] = value
    (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(kind, match=message):
        load_run(run)


def test_too_many_layers_are_refused():
    with pytest.raises(ConfigError, match="layers=1000000000: must be at most 1000"):
        LanguageModel(layers=10**9)
