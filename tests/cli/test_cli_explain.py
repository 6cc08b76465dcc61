"""``unrolled explain``: the backend path of each layer with its reason, and the threads."""

import pytest

from unrolled import LanguageModel
from unrolled.backends import Aten, Choice, Reference
from unrolled.layers import Explanation, Recurrent


@pytest.fixture
def explain_model(command, tmp_path, english_file, tiny_options):
    """``explain_model(**options)`` trains a model and returns the output lines of the command."""

    def explain(**options):
        lm = LanguageModel(**tiny_options | {"max_steps": 2} | options)
        lm.fit(english_file, out=tmp_path / "run", progress=False)
        done = command("explain", tmp_path / "run")
        assert (done.status, done.err) == (0, "")
        return done.out.splitlines()

    return explain


def test_one_line_per_layer_with_its_reason(explain_model):
    lines = explain_model(layers=3)
    assert lines[0] == "in training and in use"
    assert [line.split(":")[0] for line in lines[1:4]] == ["  l0", "  l1", "  l2"]
    assert all("(" in line for line in lines[1:4])
    assert lines[4] == "threads"
    assert lines[5].startswith("  1 thread (as configured); waiting threads ")
    assert len(lines) == 6


def test_the_output_is_that_of_the_model(command, tiny_run, tiny_lm):
    out = command("explain", tiny_run).out
    for line in str(LanguageModel.load(tiny_run).model.recurrent.explain()).splitlines():
        assert f"  {line}\n" in out


def test_training_and_inference_are_distinguished(command, tiny_run, monkeypatch):
    def explain(self):
        choice = Choice(Reference(), "masks") if self.training else Choice(Aten(), "none")
        return Explanation([("l0", choice)])

    monkeypatch.setattr(Recurrent, "explain", explain)
    lines = command("explain", tiny_run).out.splitlines()
    assert lines[:4] == ["in training", "  l0: reference (masks)", "in use", "  l0: aten (none)"]


def test_unreadable_runs_are_reported(command, tmp_path, run_copy):
    assert "no such run folder" in command("explain", tmp_path / "nowhere").error
    assert "config.json: missing" in command("explain", tmp_path).error
    (run_copy / "model.safetensors").write_bytes(b"cut")
    assert "model.safetensors: damaged" in command("explain", run_copy).error
    assert "equired" in command("explain").error
