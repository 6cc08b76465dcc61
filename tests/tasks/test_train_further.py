"""A finished run is trained further: to the bits of a run that was so long from the start."""

import json

import pytest

from unrolled import LanguageModel
from unrolled.errors import ConfigError
from unrolled.training.files import read_tensors
from unrolled.training.length import NewEnd

FILES = ("checkpoint.safetensors", "model.safetensors")


def tensors(folder):
    return [read_tensors(folder / name)[0] for name in FILES]


def same_bits(a, b):
    return all(
        x.keys() == y.keys() and all((x[n] == y[n]).all() for n in x)
        for x, y in zip(tensors(a), tensors(b), strict=True)
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
def test_it_ends_with_the_bits_of_a_longer_run(train, options, short, long):
    _, folder = train("short", **options | short)
    assert json.loads((folder / "result.json").read_text())["steps"] > 0
    further = LanguageModel.resume(folder, until=NewEnd(**long), progress=False)
    whole, expected = train("whole", **options | long)
    assert further.result["steps"] == whole.result["steps"]
    assert (further.config.training.epochs, further.config.training.max_steps) == (
        long.get("epochs", 0),
        long.get("max_steps", 0),
    )
    checkpoints = [tensors(f)[0] for f in (folder, expected)]
    assert all((checkpoints[0][n] == checkpoints[1][n]).all() for n in checkpoints[1])
    if "validate_every" not in options and "max_steps" not in short:
        assert same_bits(folder, expected)
    # It is a run like others from then on.
    assert LanguageModel.load(folder).config == further.config
    assert LanguageModel.resume(folder, progress=False).result["steps"] == whole.result["steps"]


def test_cosine_goes_on_at_the_rate_of_the_new_length(train):
    _, folder = train("short", schedule="cosine", epochs=1)
    lm = LanguageModel.resume(folder, until=NewEnd(epochs=2), progress=False)
    rates = {r["step"]: r["lr"] for r in lm.history if r["kind"] == "train"}
    whole, _ = train("whole", schedule="cosine", epochs=2)
    expected = {r["step"]: r["lr"] for r in whole.history if r["kind"] == "train"}
    half = lm.result["steps"] // 2
    later = [step for step in rates.keys() & expected.keys() if step > half]
    assert later
    assert all(rates[step] == pytest.approx(expected[step]) for step in later)


def test_early_stopping_begins_anew(train):
    options = {"schedule": "constant", "early_stopping": 1, "lr": 2.0, "validate_every": 1}
    stopped, folder = train("short", **options, epochs=2)
    steps = stopped.result["steps"]
    further = LanguageModel.resume(folder, until=NewEnd(epochs=3), progress=False)
    assert further.result["steps"] > steps


def test_an_end_that_is_no_later_is_refused_and_changes_nothing(train):
    _, folder = train("short", epochs=1)
    before = {path.name: path.read_bytes() for path in folder.glob("*.*")}
    with pytest.raises(ConfigError, match=r"already has \d+ steps \(1 epoch, .*\): give a later end"):
        LanguageModel.resume(folder, until=NewEnd(epochs=1), progress=False)
    assert {path.name: path.read_bytes() for path in folder.glob("*.*")} == before
    with pytest.raises(ConfigError, match="epochs=-1"):
        NewEnd(epochs=-1)


def test_the_command(train, command):
    _, folder = train("short", epochs=1)
    found = command("resume", folder, "--epochs", "2")
    assert found.status == 0
    assert "as in a run of the new length" in found.err
    assert "(2 epochs)" in found.out
