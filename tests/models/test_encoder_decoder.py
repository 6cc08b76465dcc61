"""The encoder-decoder: single steps equal teacher forcing, rows are independent, gradients, sharing."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from numerics import scatter_parameters
from unrolled.data import IGNORE, EncodedPairs, PairBatch
from unrolled.errors import ConfigError
from unrolled.models import CellConfig, DropoutConfig, EncoderDecoder, EncoderDecoderConfig
from unrolled.models.scheduled_sampling import sample_inputs
from unrolled.models.summary import summarise

BASE = EncoderDecoderConfig(hidden=6, embedding=4, layers=2)
VARIANTS: dict[str, tuple[str, EncoderDecoderConfig]] = {
    "none": ("gru", replace(BASE, attention="none")),
    "fixed": ("lstm", replace(BASE, attention="fixed", bidirectional=False)),
    "dot": ("lstm", replace(BASE, attention="dot")),
    "general": ("gru", replace(BASE, attention="general", encoder_hidden=5, readout=7)),
    "projected": ("lstm", replace(BASE, attention="general", projection=2, encoder_hidden=4)),
    "skip": ("elman", replace(BASE, attention="general", skip=2)),
    "fed": ("lstm", replace(BASE, attention="general", input_feeding=True)),
    "additive": ("gru", replace(BASE, attention="additive")),
    "additive-fed": ("lstm", replace(BASE, attention="additive", input_feeding=True, layers=1)),
    "tied": ("lstm", replace(BASE, attention="general", tie_weights=True, share_embeddings=True)),
}
V = 9


def make_model(name: str, dropout: DropoutConfig | None = None) -> EncoderDecoder:
    cell, network = VARIANTS[name]
    model = EncoderDecoder((V, V), CellConfig(cell=cell), network, dropout or DropoutConfig())
    scatter_parameters(list(model.parameters()), 3)
    return model.double()


def make_batch(seed: int = 0) -> PairBatch:
    generator = torch.Generator().manual_seed(seed)

    def sequence(length: int) -> Tensor:
        return torch.randint(2, V, (length,), generator=generator)

    pairs = EncodedPairs(
        [sequence(n).numpy() for n in (5, 0, 3)], [sequence(n).numpy() for n in (2, 4, 0)], eos=0
    )
    [batch] = pairs.batches(8)
    return batch


def teacher_force(model: EncoderDecoder, b: PairBatch) -> tuple[Tensor, Tensor | None]:
    return model(b.source.tokens, b.source.lengths, b.inputs, b.lengths)


def loss_of(model: EncoderDecoder, b: PairBatch, **options: object) -> tuple[Tensor, Tensor]:
    return model.loss(
        b.source.tokens, b.source.lengths, b.inputs, b.lengths, b.targets, ignore=IGNORE, **options
    )


@pytest.mark.parametrize("name", VARIANTS)
def test_single_steps_give_the_teacher_forced_logits(name: str) -> None:
    model, batch = make_model(name).eval(), make_batch()
    full_logits, _ = teacher_force(model, batch)
    encoded = model.encode(batch.source.tokens, batch.source.lengths)
    state = encoded.state
    for t, tokens in enumerate(batch.inputs):
        logits, state = model.step(tokens, state, encoded.memory)
        is_live = t < batch.lengths
        torch.testing.assert_close(logits[is_live], full_logits[t][is_live])


@pytest.mark.parametrize("name", VARIANTS)
def test_hypotheses_of_one_source_share_its_memory(name: str) -> None:
    model, batch = make_model(name).eval(), make_batch()
    encoded = model.encode(batch.source.tokens, batch.source.lengths)
    rows = torch.arange(3).repeat_interleave(2)
    repeated_state = tuple(s.index_select(-2, rows) for s in encoded.state)
    tokens = torch.tensor([2, 3, 4, 5, 6, 7])
    batched_logits, _ = model.step(tokens, repeated_state, encoded.memory)
    for k in range(2):
        single, _ = model.step(tokens[k::2], encoded.state, encoded.memory)
        torch.testing.assert_close(batched_logits[k::2], single)


@pytest.mark.parametrize("name", VARIANTS)
def test_rows_do_not_depend_on_the_batch(name: str) -> None:
    model, batch = make_model(name).eval(), make_batch()
    batched, weights = teacher_force(model, batch)
    for b in range(3):
        s, t = int(batch.source.lengths[b]), int(batch.lengths[b])
        generator, inputs = batch.source.tokens[:s, b : b + 1], batch.inputs[:t, b : b + 1]
        single, alone_weights = model(generator, torch.tensor([s]), inputs, torch.tensor([t]))
        torch.testing.assert_close(batched[:t, b : b + 1], single)
        if weights is not None and weights.shape[-1] > 1:
            assert alone_weights is not None
            torch.testing.assert_close(weights[:t, b, :s], alone_weights[:, 0])
            assert not weights[:t, b, s:].any()


@pytest.mark.parametrize("name", VARIANTS)
def test_the_loss_is_cross_entropy_with_correct_gradients(name: str) -> None:
    model, batch = make_model(name), make_batch()
    weights = 1 / batch.lengths.double()
    loss, nats = loss_of(model, batch, row_weights=weights, label_smoothing=0.1)
    logits, _ = teacher_force(model, batch)
    unsmoothed = F.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), reduction="none")
    torch.testing.assert_close(nats, unsmoothed.view_as(nats).detach())
    smoothed = F.cross_entropy(
        logits.flatten(0, 1), batch.targets.flatten(), reduction="none", label_smoothing=0.1
    )
    torch.testing.assert_close(loss, (smoothed.view_as(nats) * weights).sum())

    model.zero_grad()
    loss_of(model, batch)[0].backward()
    generator, step = torch.Generator().manual_seed(0), 1e-6
    for name, p in model.named_parameters():
        direction = torch.randn(p.shape, dtype=p.dtype, generator=generator)
        losses = []
        for sign in (1, -1):
            with torch.no_grad():
                p.add_(direction, alpha=sign * step)
                losses.append(float(loss_of(model, batch)[0]))
                p.sub_(direction, alpha=sign * step)
        assert p.grad is not None, name
        expected = (losses[0] - losses[1]) / (2 * step)
        assert float((p.grad * direction).sum()) == pytest.approx(expected, rel=1e-5, abs=1e-7), name


@pytest.mark.parametrize("name", ["none", "general", "dot", "fixed"])
def test_teacher_forcing_runs_the_layers_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, batch = make_model(name), make_batch()
    start = initial_state(model, batch)
    calls = []
    forward = type(model.decoder.recurrent).forward

    def counting_forward(self: torch.nn.Module, x: Tensor, *args: object, **kwargs: object) -> object:
        calls.append(len(x))
        return forward(self, x, *args, **kwargs)

    monkeypatch.setattr(type(model.decoder.recurrent), "forward", counting_forward)
    model.decoder(batch.inputs, *start)
    assert calls == [len(batch.inputs)]


def initial_state(model: EncoderDecoder, batch: PairBatch) -> tuple:
    encoded = model.encode(batch.source.tokens, batch.source.lengths)
    return encoded.state, encoded.memory


def test_shared_embeddings_are_one_parameter() -> None:
    model = make_model("tied")
    assert model.encoder.input is model.decoder.input
    names = [n for n in model.state_dict() if "input.weight" in n]
    assert names == ["decoder.input.weight"]
    other = make_model("tied")
    with torch.no_grad():
        other.decoder.input.weight.zero_()
    other.load_state_dict(model.state_dict())
    batch = make_batch()
    assert torch.equal(teacher_force(model, batch)[0], teacher_force(other, batch)[0])


def test_contradicting_options_are_refused() -> None:
    cell, network = CellConfig(), replace(BASE, share_embeddings=True)
    with pytest.raises(
        ConfigError, match="share_embeddings needs one joint vocabulary, but source and target have 9 and 8"
    ):
        EncoderDecoder((9, 8), cell, network, DropoutConfig())
    with pytest.raises(ConfigError, match="steps run one by one"):
        replace(BASE, attention="additive").check_dropout(DropoutConfig(dropout_weight=0.5))
    with pytest.raises(ConfigError, match="with tie_weights it must be embedding"):
        replace(BASE, tie_weights=True, readout=5)


def test_locked_dropout_keeps_its_masks_step_by_step() -> None:
    drop = DropoutConfig(dropout_input=0.5, dropout_output=0.5, locked=True)
    model, batch = make_model("fed", drop), make_batch()
    mask = model.decoder.output_dropout(torch.ones(5, 2, 6, dtype=torch.float64))
    assert torch.equal(mask[0], mask[-1])
    torch.manual_seed(0)
    first = model.decoder(batch.inputs, *initial_state(model, batch)).h
    torch.manual_seed(0)
    second = model.decoder(batch.inputs, *initial_state(model, batch)).h
    assert torch.equal(first, second)
    zeros = (first == 0).all(0)  # a dropped feature is dropped at every step of its row
    assert zeros.any()
    assert torch.equal(zeros, (first == 0).any(0))


def test_scheduled_sampling_never_replaces_the_first_input() -> None:
    model, batch = make_model("general").train(), make_batch()
    generator = batch.source
    without_sampling = sample_inputs(model, generator.tokens, generator.lengths, batch.inputs, 0.0)
    assert torch.equal(without_sampling, batch.inputs)
    assert model.training
    torch.manual_seed(1)
    sampled = sample_inputs(model, generator.tokens, generator.lengths, batch.inputs, 1.0)
    assert torch.equal(sampled[0], batch.inputs[0])
    assert not torch.equal(sampled[1:], batch.inputs[1:])
    torch.manual_seed(1)
    sampled_again = sample_inputs(model, generator.tokens, generator.lengths, batch.inputs, 1.0)
    assert torch.equal(sampled, sampled_again)


def test_scheduled_sampling_feeds_the_predictions_of_the_model() -> None:
    model, batch = make_model("general").train(), make_batch()
    with torch.no_grad():
        assert model.output.weight is not None
        model.output.weight.zero_()
        model.output.bias.fill_(-100.0)
        model.output.bias[7] = 100.0
    generator = batch.source
    inputs = sample_inputs(model, generator.tokens, generator.lengths, batch.inputs, 1.0)
    assert (inputs[1:] == 7).all()


def test_the_summary_shows_the_network() -> None:
    summary = summarise(make_model("general"))
    for part in ("general attention over the encoder", "bridge", "in both directions", "decoder.combine"):
        assert part in summary
