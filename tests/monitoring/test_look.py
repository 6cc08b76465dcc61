"""A look: its numbers are what they say, and it changes nothing."""

import numpy as np
import pytest
import torch
from watching import TASKS, stopped

from unrolled.monitoring import look as watch_look
from unrolled.monitoring.look import DISTANCES, first_states, look
from unrolled.training import Update


@pytest.mark.parametrize("name", TASKS)
def test_a_look_leaves_everything_as_it_is(tmp_path, name: str) -> None:
    job, update = stopped(tmp_path, name)
    model = job.model.train()
    before = {n: t.clone() for n, t in model.state_dict().items()}
    gradients = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    state = torch.get_rng_state()
    look(job, update)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(t, before[n]) for n, t in model.state_dict().items())
    assert {n for n, p in model.named_parameters() if p.grad is not None} == set(gradients)
    assert all(torch.equal(model.get_parameter(n).grad, g) for n, g in gradients.items())
    assert all(m.training for m in model.modules())
    assert not any("forward" in vars(m) for m in model.modules())


def test_gradients_are_those_of_the_last_loss_by_distance(tmp_path, monkeypatch) -> None:
    job, update = stopped(tmp_path, "lm", mode="sentence", tokenizer="word", min_frequency=2)
    monkeypatch.setattr(watch_look, "ROWS", 2)
    seen = look(job, update)
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
                there = [float(gradient[t - d, b].norm()) for b, t in enumerate(steps) if t >= d]
                if there:
                    expected[d] = np.mean(there)
            assert seen.norms[f"recurrent.{layer} {state}"] == pytest.approx(expected, rel=1e-4, abs=1e-12)
    assert len(set(steps)) > 1 or len(expected) > 3


def test_what_was_carried_is_where_a_look_begins(tmp_path) -> None:
    job, update = stopped(tmp_path, "lm")
    assert update.carried is not None
    seen = look(job, update)
    zeros = Update(update.batch, None, update.norm, update.factor)
    assert look(job, zeros).norms != seen.norms
    assert [s.shape[1] for s in first_states(update.carried, 3)] == [3, 3]


def test_backward_layers_count_from_the_first_step_on(tmp_path) -> None:
    job, update = stopped(tmp_path, "classify", pooling="last")
    norms = look(job, update).norms
    # The last step of the reverse direction is step 0: only it has a gradient from above at distance 0.
    top = {n: v for n, v in norms.items() if ".l1" in n and n.endswith("h")}
    assert sorted(top) == ["reader.recurrent.l1 h", "reader.recurrent.l1_reverse h"]
    assert all(v[0] == max(v.values()) and len(v) > 2 for v in top.values())
    job, update = stopped(tmp_path, "tag", output="softmax", characters=0)
    norms = look(job, update).norms
    assert norms["recurrent.l1_reverse h"][0] == max(norms["recurrent.l1_reverse h"].values())


def test_saturation_is_the_share_of_values_at_the_ends(tmp_path) -> None:
    job, update = stopped(tmp_path, "lm")
    with torch.no_grad():
        job.model.recurrent.bias_ih_l0[10:20] = 40.0  # the forget gate is open
        job.model.recurrent.bias_ih_l0[:10] = -40.0  # and the input gate is shut
    seen = look(job, update)
    assert seen.saturation["recurrent.l0 f"] == (0.0, 1.0)
    assert seen.saturation["recurrent.l0 i"] == (1.0, 0.0)
    assert seen.values["recurrent.l0 f"].min() > 0.9


@pytest.mark.parametrize("name", TASKS)
def test_the_first_rows_of_a_batch_have_the_losses_that_they_have_in_it(tmp_path, name: str) -> None:
    job, update = stopped(tmp_path, name, sampling=0.0) if name == "translate" else stopped(tmp_path, name)
    job.model.eval()
    whole = job.step_losses(update.batch, update.carried).losses.detach()
    for rows in (1, 2, 99):
        part = job.step_losses(job.first_rows(update.batch, rows), first_states(update.carried, rows))
        expected = whole[: len(part.losses), :rows]
        torch.testing.assert_close(part.losses.detach(), expected)
        assert not whole[len(part.losses) :, :rows].any()
