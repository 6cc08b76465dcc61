"""The loss of every prediction by itself: what training descends, and differentiable in every step."""

from typing import Any

import pytest
import torch

from cases import CASES
from unrolled.diagnostics.gradients import gradients
from unrolled.diagnostics.recording import record
from unrolled.errors import ConfigError
from unrolled.training.seeding import seeded

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "lm": ("lm", {"label_smoothing": 0.1}),
    "lm sentences": ("lm", {"mode": "sentence", "tokenizer": "word", "loss": "sentence"}),
    "lm adaptive": ("lm", {"tokenizer": "word", "adaptive_softmax": (9,), "cell": "gru"}),
    "lm tied": ("lm", {"embedding": 10, "tie_weights": True, "optimizer": "sgd", "locked": True}),
    "lm skip": ("lm", {"cell": "elman", "skip": 2, "input": "one-hot"}),
    "classify": ("classify", {"label_smoothing": 0.1, "class_weights": "balanced"}),
    "classify both": ("classify", {"pooling": "last", "bidirectional": True}),
    "classify max": ("classify", {"pooling": "max"}),
    "tag": ("tag", {}),
    "tag softmax": ("tag", {"output": "softmax", "label_smoothing": 0.1, "bidirectional": False}),
    "translate": ("translate", {"sampling": 0.0, "label_smoothing": 0.1}),
    "translate stepwise": ("translate", {"attention": "additive", "sampling": 0.0}),
    "translate fed": ("translate", {"attention": "general", "input_feeding": True, "sampling": 0.0}),
    "forecast": ("forecast", {"linear": "none"}),
    "forecast students": ("forecast", {"output": "student-t", "mode": "stream", "linear": "none"}),
    "forecast directly": ("forecast", {"strategy": "direct", "output": "quantile", "linear": "none"}),
    "forecast together": ("forecast", {"members": 2, "output": "point", "linear": "none"}),
    "music": ("music", {}),
}
ONE_A_ROW = ("classify", "classify both", "classify max", "tag")


def untrained(tmp_path, name: str) -> tuple[Any, Any]:
    """Return a task whose model is as training begins, and the job that would train it."""
    verb, options = KINDS[name]
    case = CASES[verb]
    task = case.kind(**case.options | options, data=str(case.write(tmp_path)))
    if verb == "translate":
        task._sources = (task.config.corpus.data, "")
    data = task._learn()
    task.facts = data.facts
    with seeded(task.config.training):
        task._model = task._make_model(start=True)
        return task, task._make_job(data)


@pytest.mark.parametrize("name", KINDS)
def test_they_sum_to_what_training_reports(tmp_path, name: str) -> None:
    _, job = untrained(tmp_path, name)
    job.model.eval()
    state = None
    for batch, _ in zip(job.batches(1), range(2), strict=False):
        found = job.step_losses(batch, state)
        whole = job.loss(batch, state)
        torch.testing.assert_close(found.losses.sum(), whole.total, rtol=1e-5, atol=1e-4)
        assert found.losses.dim() == 2
        assert (len(found.losses) == 1) == (name in ONE_A_ROW)
        state = whole.state


@pytest.mark.parametrize("name", KINDS)
def test_each_can_be_differentiated_with_respect_to_every_state(tmp_path, name: str) -> None:
    _, job = untrained(tmp_path, name)
    batch = next(iter(job.batches(0)))
    found = []

    def run():
        found.append(job.step_losses(batch, None))
        return found[-1].losses

    recording = record(job.model, run)
    (losses,) = found
    assert losses.layers in dict(job.model.named_modules())
    steps = {len(p.live) for p in recording.passes if p.name.startswith(losses.layers + ".")}
    (count,) = steps
    assert losses.times is not None
    assert -1 <= int(losses.times.min()) <= int(losses.times.max()) == count - 1
    matrices = gradients(recording, times=losses.times)
    n = len(losses.losses) - 1
    for states in matrices.states:
        one = recording.find(states.layer)
        probes = one.probes[states.state]
        plain = torch.autograd.grad(losses.losses[n].sum(), probes, retain_graph=True, materialize_grads=True)
        norms = torch.linalg.vector_norm(torch.cat(plain), dim=-1)
        expected = norms.masked_fill(~one.live, torch.nan)
        torch.testing.assert_close(
            torch.from_numpy(states.norms[n]).float(), expected, equal_nan=True, rtol=1e-4, atol=1e-7
        )
    nearest = [s for s in matrices.states if s.layer.startswith(losses.layers + ".") and not s.reverse]
    # The last loss of all depends on the last step of all; of "h" for c has no later step to act on.
    assert all((s.norms[n] > 0).any() for s in nearest)


def test_networks_without_recurrent_layers_are_refused(tmp_path) -> None:
    case = CASES["lm tdnn"]
    lm = case.kind(**case.options, data=str(case.write(tmp_path)))
    data = lm._learn()
    lm.facts = data.facts
    lm._model = lm._make_model(start=True)
    job = lm._make_job(data)
    batch = next(iter(job.batches(0)))
    with pytest.raises(ConfigError, match="holds no recurrent layer"):
        record(lm.model, lambda: job.step_losses(batch, None).losses)
