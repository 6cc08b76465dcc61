"""Training a finished run further gives the bits of a run that had this length from the start."""

import json

import pytest

from unrolled import LanguageModel
from unrolled.errors import ConfigError
from unrolled.training.stopping import NewLimits
from unrolled.training.tensor_files import read_tensors

FILES = ("checkpoint.safetensors", "model.safetensors")


def read_run_tensors(folder):
    return [read_tensors(folder / name)[0] for name in FILES]


def same_bits(a, b):
    return all(
        x.keys() == y.keys() and all((x[n] == y[n]).all() for n in x)
        for x, y in zip(read_run_tensors(a), read_run_tensors(b), strict=True)
    )


@pytest.fixture
def train(tmp_path, english_file, tiny_options):
    def run(name, **options):
        folder = tmp_path / name
        lm = LanguageModel(**tiny_options | {"dropout_output": 0.2, "validate_every": 0} | options)
        return lm.fit(english_file, out=folder, progress=False), folder

    return run


@pytest.mark.parametrize(
    ("options", "short", "long"),
    [
        ({"schedule": "constant"}, {"epochs": 1}, {"epochs": 2}),
        ({"schedule": "step"}, {"epochs": 1}, {"epochs": 2}),
        ({"schedule": "constant"}, {"max_steps": 13, "epochs": 1}, {"max_steps": 90, "epochs": 0}),
        ({"schedule": "plateau", "validate_every": 5}, {"max_steps": 13}, {"max_steps": 30, "epochs": 0}),
        (
            {"schedule": "constant", "optimizer": "nt-asgd", "average_after": 1, "validate_every": 4},
            {"max_steps": 14},
            {"max_steps": 30, "epochs": 0},
        ),
    ],
)
def test_a_run_trained_further_equals_a_longer_run(train, options, short, long):
    _, folder = train("short", **options | short)
    assert json.loads((folder / "result.json").read_text())["steps"] > 0
    resumed = LanguageModel.resume(folder, until=NewLimits(**long), progress=False)
    longer_run, expected = train("whole", **options | long)
    assert resumed.result["steps"] == longer_run.result["steps"]
    assert (resumed.config.training.epochs, resumed.config.training.max_steps) == (
        long.get("epochs", 0),
        long.get("max_steps", 0),
    )
    checkpoints = [read_run_tensors(f)[0] for f in (folder, expected)]
    assert all((checkpoints[0][n] == checkpoints[1][n]).all() for n in checkpoints[1])
    if "validate_every" not in options and "max_steps" not in short:
        assert same_bits(folder, expected)
    # It can be loaded and resumed like any run.
    assert LanguageModel.load(folder).config == resumed.config
    assert LanguageModel.resume(folder, progress=False).result["steps"] == longer_run.result["steps"]


def test_cosine_continues_with_the_learning_rates_of_the_new_length(train):
    _, folder = train("short", schedule="cosine", epochs=1)
    lm = LanguageModel.resume(folder, until=NewLimits(epochs=2), progress=False)
    rates = {r["step"]: r["lr"] for r in lm.history if r["kind"] == "train"}
    longer_run, _ = train("whole", schedule="cosine", epochs=2)
    expected = {r["step"]: r["lr"] for r in longer_run.history if r["kind"] == "train"}
    middle_step = lm.result["steps"] // 2
    later_steps = [step for step in rates.keys() & expected.keys() if step > middle_step]
    assert later_steps
    assert all(rates[step] == pytest.approx(expected[step]) for step in later_steps)


def test_early_stopping_starts_again(train):
    options = {"schedule": "constant", "early_stopping": 1, "lr": 2.0, "validate_every": 1}
    first_run, folder = train("short", **options, epochs=2)
    steps = first_run.result["steps"]
    resumed = LanguageModel.resume(folder, until=NewLimits(epochs=3), progress=False)
    assert resumed.result["steps"] > steps


def test_an_end_that_is_not_later_is_refused(train):
    _, folder = train("short", epochs=1)
    before = {path.name: path.read_bytes() for path in folder.glob("*.*")}
    with pytest.raises(ConfigError, match=r"already has \d+ steps \(1 epoch, .*\): give a later end"):
        LanguageModel.resume(folder, until=NewLimits(epochs=1), progress=False)
    assert {path.name: path.read_bytes() for path in folder.glob("*.*")} == before
    with pytest.raises(ConfigError, match="epochs=-1"):
        NewLimits(epochs=-1)


def test_the_resume_command_takes_a_new_end(train, command):
    _, folder = train("short", epochs=1)
    outcome = command("resume", folder, "--epochs", "2")
    assert outcome.status == 0
    assert "as in a run of the new length" in outcome.err
    assert "(2 epochs)" in outcome.out
