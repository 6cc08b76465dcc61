"""Loss of every single prediction: they sum to the training loss, and are differentiable per step."""

from typing import Any

import pytest
import torch

from cases import CASES
from unrolled.diagnostics.gradients import gradients
from unrolled.diagnostics.recording import record
from unrolled.errors import ConfigError
from unrolled.training.seeding import seeded

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
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
ONE_LOSS_PER_ROW = ("classify", "classify both", "classify max", "tag")


def make_untrained(tmp_path, name: str) -> tuple[Any, Any]:
    """Return a task with an untrained model, and its training job."""
    verb, options = VARIANTS[name]
    case = CASES[verb]
    task = case.kind(**case.options | options, data=str(case.write(tmp_path)))
    if verb == "translate":
        task._sources = (task.config.corpus.data, "")
    data = task._prepare_data()
    task.data_info = data.data_info
    with seeded(task.config.training):
        task._model = task._make_model(start=True)
        return task, task._make_job(data)


@pytest.mark.parametrize("name", VARIANTS)
def test_step_losses_sum_to_the_training_loss(tmp_path, name: str) -> None:
    _, job = make_untrained(tmp_path, name)
    job.model.eval()
    state = None
    for batch, _ in zip(job.batches(1), range(2), strict=False):
        step_losses = job.step_losses(batch, state)
        step_loss = job.loss(batch, state)
        torch.testing.assert_close(step_losses.losses.sum(), step_loss.total, rtol=1e-5, atol=1e-4)
        assert step_losses.losses.dim() == 2
        assert (len(step_losses.losses) == 1) == (name in ONE_LOSS_PER_ROW)
        state = step_loss.state


@pytest.mark.parametrize("name", VARIANTS)
def test_step_losses_have_gradients_for_every_state(tmp_path, name: str) -> None:
    _, job = make_untrained(tmp_path, name)
    batch = next(iter(job.batches(0)))
    results = []

    def run():
        results.append(job.step_losses(batch, None))
        return results[-1].losses

    recording = record(job.model, run)
    (losses,) = results
    assert losses.layers in dict(job.model.named_modules())
    steps = {len(p.live) for p in recording.passes if p.name.startswith(losses.layers + ".")}
    (step_count,) = steps
    assert losses.times is not None
    assert -1 <= int(losses.times.min()) <= int(losses.times.max()) == step_count - 1
    matrices = gradients(recording, times=losses.times)
    last_loss = len(losses.losses) - 1
    for states in matrices.states:
        layer_pass = recording.find(states.layer)
        probes = layer_pass.probes[states.state]
        state_gradients = torch.autograd.grad(
            losses.losses[last_loss].sum(), probes, retain_graph=True, materialize_grads=True
        )
        norms = torch.linalg.vector_norm(torch.cat(state_gradients), dim=-1)
        expected = norms.masked_fill(~layer_pass.live, torch.nan)
        torch.testing.assert_close(
            torch.from_numpy(states.norms[last_loss]).float(), expected, equal_nan=True, rtol=1e-4, atol=1e-7
        )
    top_states = [s for s in matrices.states if s.layer.startswith(losses.layers + ".") and not s.reverse]
    # The last loss depends on the last step, so every state of these layers has some gradient.
    assert all((s.norms[last_loss] > 0).any() for s in top_states)


def test_networks_without_recurrent_layers_are_refused(tmp_path) -> None:
    case = CASES["lm tdnn"]
    lm = case.kind(**case.options, data=str(case.write(tmp_path)))
    data = lm._prepare_data()
    lm.data_info = data.data_info
    lm._model = lm._make_model(start=True)
    job = lm._make_job(data)
    batch = next(iter(job.batches(0)))
    with pytest.raises(ConfigError, match="has no recurrent layer"):
        record(lm.model, lambda: job.step_losses(batch, None).losses)
