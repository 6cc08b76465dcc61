"""Whole training steps: the toolkit's trainer compared with plain PyTorch, from the same weights."""

import dataclasses

import numpy as np
import pytest
import torch

from unrolled.bench import peak_memory, step
from unrolled.bench.errors import BenchError, DisagreementError
from unrolled.bench.generate import compare_generation
from unrolled.bench.generators import UnrolledGenerator
from unrolled.bench.peak_memory import measure_peak
from unrolled.bench.step import compare_step, largest_relative_difference, step_plan
from unrolled.bench.step_implementations import PlainStep, TrainerStep
from unrolled.bench.step_models import MODELS, StepModel, random_chunks, random_tokens

TINY = StepModel("tiny", "lstm", 20, 5, 6, 2, 4, 7, lr=1.0, clip=0.5, loss="steps")


@pytest.fixture
def short_timings(monkeypatch):
    monkeypatch.setattr(step, "MIN_SECONDS", 0.01)


def variant(**changes: object) -> StepModel:
    return dataclasses.replace(TINY, **changes)


def test_the_models_have_their_sizes():
    assert list(MODELS) == ["ptb-small", "char-lstm", "char-gru", "char-rnn"]
    ptb = MODELS["ptb-small"]
    assert (ptb.vocabulary, ptb.layers, ptb.hidden, ptb.batch, ptb.steps) == (10_000, 2, 200, 20, 20)
    layers = 2 * (2 * 400 * 4 * 200 * 400)
    assert ptb.flops == 3 * (layers + 2 * 400 * 200 * 10_000)


def test_the_word_model_matches_its_recipe():
    from unrolled.recipes import load_recipe

    recipe, ours = load_recipe("ptb-small").config, MODELS["ptb-small"].config()
    for name in ("layers", "hidden", "embedding", "init_range"):
        assert getattr(ours.network, name) == getattr(recipe.network, name)
    for name in ("batch", "steps", "loss"):
        assert getattr(ours.training, name) == getattr(recipe.training, name)
    for name in ("optimizer", "lr", "clip_norm"):
        assert getattr(ours.optimizer, name) == getattr(recipe.optimizer, name)


def test_the_random_text_follows_zipf():
    ids = random_tokens(variant(vocabulary=50, batch=20, steps=50)).ids
    counts = np.bincount(ids, minlength=50)
    assert counts[0] / counts[9] == pytest.approx(10, rel=0.2)
    assert counts.min() > 0


def test_chunks_are_contiguous_and_have_no_resets():
    text = random_tokens(TINY)
    chunks = random_chunks(TINY, text)
    assert all(c.inputs.shape == (7, 4) and c.reset_mask is None for c in chunks[:40])
    assert torch.equal(chunks[0].targets[-1], chunks[1].inputs[0])


@pytest.mark.parametrize("loss", ["steps", "token"])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_both_sides_have_the_same_losses(cell, loss):
    model = variant(cell=cell, loss=loss)
    own = TrainerStep(model)
    plain = PlainStep(model, own.network)
    for _ in range(30):
        own()
        plain()
    assert len(own.losses) == 30
    assert own.losses == pytest.approx(plain.losses, rel=1e-5)
    assert own.losses[0] == pytest.approx(np.log(20), rel=0.1)
    assert np.mean(own.losses[-5:]) < own.losses[0] - 0.1


def test_a_comparison_has_its_measurements(short_timings):
    measured = compare_step(TINY, pairs=2, memory=False)
    assert measured.flops == TINY.flops
    assert measured.tokens == 28
    assert measured.pairs.repeats[0] == measured.pairs.repeats[1]
    assert measured.extra["loss_ours"] == pytest.approx(measured.extra["loss_theirs"], rel=1e-4)
    assert measured.extra["updates"] > 2 * measured.pairs.repeats[0]
    assert "peak_bytes_ours" not in measured.extra
    assert [t.label for g in step_plan([TINY, variant(name="b")]) for t in g.tasks] == ["tiny", "b"]


def test_disagreeing_losses_are_not_timed(short_timings, monkeypatch):
    real = PlainStep.__init__
    monkeypatch.setattr(
        PlainStep, "__init__", lambda self, model, start: real(self, variant(clip=0.1), start)
    )
    with pytest.raises(DisagreementError, match="tiny: the losses of the two sides differ"):
        compare_step(TINY, pairs=1, memory=False)


def test_a_nan_loss_is_a_difference():
    assert largest_relative_difference([1.0, 2.0], [1.0, 1.0]) == 1.0
    assert np.isnan(largest_relative_difference([1.0, float("nan")], [1.0, 1.0]))


@pytest.mark.slow
def test_peak_memory_counts_the_training_only():
    """More than the logits (20 MB), less than the baseline memory of torch."""
    model = variant(vocabulary=5000, batch=10, steps=100)
    assert 20e6 < measure_peak("theirs", model) < 400e6


def test_a_process_that_fails_is_an_error(monkeypatch):
    monkeypatch.setattr(peak_memory.sys, "executable", "false")
    with pytest.raises(BenchError, match="tiny could not be measured: no error output"):
        measure_peak("theirs", TINY)


@pytest.mark.parametrize("peer", ["torch", "onnx"])
def test_generation_has_its_measurements(peer):
    if peer == "onnx":
        pytest.importorskip("onnx")
        pytest.importorskip("onnxruntime")
    model = variant(layers=1)
    measured = compare_generation(model, peer, pairs=1)
    assert measured.tokens == 64
    assert measured.flops == 64 * (2 * 4 * 6 * (5 + 6) + 2 * 6 * 20)
    assert measured.difference < 1e-5


def test_disagreeing_logits_are_not_timed(monkeypatch):
    compute_logits = UnrolledGenerator.compute_logits
    monkeypatch.setattr(
        UnrolledGenerator, "compute_logits", lambda self, text: compute_logits(self, text) + 1.0
    )
    with pytest.raises(DisagreementError, match="tiny compared with torch: logits"):
        compare_generation(variant(layers=1), "torch", pairs=1)
