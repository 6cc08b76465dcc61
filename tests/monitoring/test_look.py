"""Analysis of a model in training: its numbers are right, and it does not change the training."""

import numpy as np
import pytest
import torch
from watching import TASKS, capture_step

from unrolled.monitoring import analysis as watch_look
from unrolled.monitoring.analysis import DISTANCES, analyse_step, first_states
from unrolled.training import StepStats


@pytest.mark.parametrize("name", TASKS)
def test_an_analysis_changes_nothing(tmp_path, name: str) -> None:
    job, update = capture_step(tmp_path, name)
    model = job.model.train()
    before = {n: t.clone() for n, t in model.state_dict().items()}
    gradients = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    state = torch.get_rng_state()
    analyse_step(job, update)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(t, before[n]) for n, t in model.state_dict().items())
    assert {n for n, p in model.named_parameters() if p.grad is not None} == set(gradients)
    assert all(torch.equal(model.get_parameter(n).grad, g) for n, g in gradients.items())
    assert all(m.training for m in model.modules())
    assert not any("forward" in vars(m) for m in model.modules())


def test_gradient_norms_are_those_of_the_last_loss(tmp_path, monkeypatch) -> None:
    job, update = capture_step(tmp_path, "lm", mode="sentence", tokenizer="word", min_frequency=2)
    monkeypatch.setattr(watch_look, "ROWS", 2)
    analysis = analyse_step(job, update)
    batch = job.first_rows(update.batch, 2)
    model = job.model.eval()
    stack = model.recurrent
    traced = stack.trace(model.input(batch.inputs), lengths=batch.lengths, probe=True)
    logits = model.output(traced.output)
    steps = [int(n) - 1 for n in batch.lengths]
    total = sum(
        torch.nn.functional.cross_entropy(logits[t, b], batch.targets[t, b]) for b, t in enumerate(steps)
    )
    for layer in ("l0", "l1"):
        for state in ("h", "c"):
            probe = traced.probes[layer][state]
            (gradient,) = torch.autograd.grad(total, [probe], retain_graph=True)
            expected = {}
            for d in DISTANCES:
                norms = [float(gradient[t - d, b].norm()) for b, t in enumerate(steps) if t >= d]
                if norms:
                    expected[d] = np.mean(norms)
            assert analysis.norms[f"recurrent.{layer} {state}"] == pytest.approx(
                expected, rel=1e-4, abs=1e-12
            )
    assert len(set(steps)) > 1 or len(expected) > 3


def test_an_analysis_starts_from_the_carried_state(tmp_path) -> None:
    job, update = capture_step(tmp_path, "lm")
    assert update.carried is not None
    analysis = analyse_step(job, update)
    without_state = StepStats(update.batch, None, update.norm, update.factor)
    assert analyse_step(job, without_state).norms != analysis.norms
    assert [s.shape[1] for s in first_states(update.carried, 3)] == [3, 3]


def test_backward_layers_measure_distance_from_the_first_step(tmp_path) -> None:
    job, update = capture_step(tmp_path, "classify", pooling="last")
    norms = analyse_step(job, update).norms
    # The last step of the reverse direction is step 0: only it has a gradient from above at distance 0.
    top_layer = {n: v for n, v in norms.items() if ".l1" in n and n.endswith("h")}
    assert sorted(top_layer) == ["reader.recurrent.l1 h", "reader.recurrent.l1_reverse h"]
    assert all(v[0] == max(v.values()) and len(v) > 2 for v in top_layer.values())
    job, update = capture_step(tmp_path, "tag", output="softmax", characters=0)
    norms = analyse_step(job, update).norms
    assert norms["recurrent.l1_reverse h"][0] == max(norms["recurrent.l1_reverse h"].values())


def test_saturation_is_the_fraction_of_values_at_each_end(tmp_path) -> None:
    job, update = capture_step(tmp_path, "lm")
    with torch.no_grad():
        job.model.recurrent.bias_ih_l0[10:20] = 40.0  # the forget gate is open
        job.model.recurrent.bias_ih_l0[:10] = -40.0  # and the input gate is shut
    analysis = analyse_step(job, update)
    assert analysis.saturation["recurrent.l0 f"] == (0.0, 1.0)
    assert analysis.saturation["recurrent.l0 i"] == (1.0, 0.0)
    assert analysis.values["recurrent.l0 f"].min() > 0.9


@pytest.mark.parametrize("name", TASKS)
def test_first_rows_have_the_losses_of_the_full_batch(tmp_path, name: str) -> None:
    job, update = (
        capture_step(tmp_path, name, sampling=0.0) if name == "translate" else capture_step(tmp_path, name)
    )
    job.model.eval()
    full_losses = job.step_losses(update.batch, update.carried).losses.detach()
    for rows in (1, 2, 99):
        row_losses = job.step_losses(job.first_rows(update.batch, rows), first_states(update.carried, rows))
        expected = full_losses[: len(row_losses.losses), :rows]
        torch.testing.assert_close(row_losses.losses.detach(), expected)
        assert not full_losses[len(row_losses.losses) :, :rows].any()
