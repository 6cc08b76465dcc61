"""The encoder-decoder in the native runtime writes what the torch module writes."""

import numpy as np
import pytest
import torch

from unrolled.data.pair_batches import pad_sources
from unrolled.decoding import SearchConfig, Start, search
from unrolled.decoding.row_search import Limits, search_rows
from unrolled.engine.core import is_built
from unrolled.models.config import CellConfig, DropoutConfig
from unrolled.models.encoder_decoder import EncoderDecoder
from unrolled.models.encoder_decoder_config import EncoderDecoderConfig
from unrolled.models.native.attention import NativeAttention
from unrolled.models.native.decoder_batch import DecoderBatch
from unrolled.models.native.encoder_decoder import DecoderRows, NativeEncoderDecoder
from unrolled.models.steps.encoder_decoder import EncoderDecoderSpec

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

ATTENTION = ("none", "fixed", "dot", "general", "additive")
CELLS = ({"cell": "lstm"}, {"cell": "gru"}, {"cell": "jordan"})
NETWORKS = {
    "plain": {},
    "forwards": {"bidirectional": False},
    "input feeding": {"input_feeding": True},
    "residual": {"layers": 2, "residual": True, "bidirectional": False},
    "residual, input feeding": {"layers": 2, "residual": True, "input_feeding": True},
    "tied": {"tie_weights": True},
    "shared": {"share_embeddings": True, "tie_weights": True},
    "skip": {"skip": 2, "layers": 2},
    "readout": {"readout": 7},
}
SIZE, END, BANNED = 9, 0, 1
LENGTHS = [9, 6, 8]
SOURCES = [np.random.default_rng(0).integers(2, SIZE, steps) for steps in (3, 1, 5)]


def make(cell=None, dropout=None, **network):
    torch.manual_seed(3)
    config = EncoderDecoderConfig(**{"hidden": 8, "embedding": 5} | network)
    spec = EncoderDecoderSpec(
        source_size=SIZE,
        target_size=SIZE,
        cell=CellConfig(**cell or {}),
        network=config,
        dropout=dropout or DropoutConfig(),
    )
    model = EncoderDecoder((SIZE, SIZE), spec.cell, config, spec.dropout).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn_like(p) * 0.3)
    return model, spec, {name: t.numpy() for name, t in model.state_dict().items()}


@torch.no_grad()
def search_with_torch(model, **options):
    batch = pad_sources(SOURCES, END)
    encoded = model.encode(batch.tokens, batch.lengths)
    start = Start(END, encoded.state, encoded.memory, LENGTHS)
    return search(model.step, start, SearchConfig(**options), end=END, banned=(BANNED,))


def search_natively(native, **options):
    rows = DecoderRows(native, native.encode(SOURCES, END))
    return search_rows(rows, Limits(END, END, LENGTHS, (BANNED,)), SearchConfig(**options))


def assert_same_outputs(model, native, **options):
    expected, outputs = search_with_torch(model, **options), search_natively(native, **options)
    for ours, reference in zip(outputs, expected, strict=True):
        assert [h.tokens for h in ours] == [h.tokens for h in reference]
        np.testing.assert_allclose([h.score for h in ours], [h.score for h in reference], atol=1e-5)


@pytest.mark.thin(4)
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell["cell"])
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("attention", ATTENTION)
def test_searches_find_the_same_outputs(attention, network, cell):
    if attention == "dot" and cell["cell"] == "jordan":
        cell = {"cell": "elman"}
    model, spec, weights = make(cell, attention=attention, **NETWORKS[network])
    assert spec.shapes() == {name: w.shape for name, w in weights.items()}
    native = NativeEncoderDecoder(spec, weights)
    for options in ({"beams": 1}, {"beams": 4, "normalisation": 0.6}, {"beams": 3, "block_repeats": 2}):
        assert_same_outputs(model, native, **options)


@pytest.mark.parametrize("attention", ["none", "general", "additive"])
def test_zoneout_and_projections_act_as_in_the_module(attention):
    model, spec, weights = make(attention=attention, projection=3, dropout=DropoutConfig(zoneout=0.2))
    assert_same_outputs(model, NativeEncoderDecoder(spec, weights), beams=3)


@pytest.mark.parametrize("feeding", [False, True])
@pytest.mark.parametrize("attention", ["fixed", "dot", "general", "additive"])
def test_attention_weights_are_those_of_the_module(attention, feeding):
    model, spec, weights = make(attention=attention, input_feeding=feeding)
    source = pad_sources([SOURCES[2]], END)
    with torch.no_grad():
        _, expected = model(source.tokens, source.lengths, torch.tensor([END, 3, 4, 5])[:, None])
    native = NativeEncoderDecoder(spec, weights)
    np.testing.assert_allclose(
        native.attention_weights(SOURCES[2], [3, 4, 5, END], END), expected[:, 0], atol=1e-5
    )


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_smaller_precisions_are_close(precision):
    model, spec, weights = make(attention="dot", hidden=32)
    native = NativeEncoderDecoder(spec, weights, precision)
    batch = pad_sources(SOURCES, END)
    with torch.no_grad():
        encoded = model.encode(batch.tokens, batch.lengths)
        expected, _ = model.step(torch.full((3,), END), encoded.state, encoded.memory)
    logits = DecoderRows(native, native.encode(SOURCES, END)).read(np.zeros(3, np.int64))
    np.testing.assert_allclose(logits, expected, atol=0.05 * float(expected.abs().max()))
    assert np.abs(logits - expected.numpy()).max() > 0


def test_additive_attention_in_parts_is_that_of_the_whole(monkeypatch):
    _, _, weights = make(attention="additive")
    attention = NativeAttention("additive", weights, "decoder.attention.")
    rng = np.random.default_rng(1)
    memory = attention.make_memory(rng.normal(size=(4, 3, 8)).astype(np.float32), np.array([4, 2, 3]))
    query = rng.normal(size=(6, 8)).astype(np.float32)
    whole = attention.attend(query, memory)
    monkeypatch.setattr("unrolled.models.native.attention.MOST_ELEMENTS", 1)
    for part, expected in zip(attention.attend(query, memory), whole, strict=True):
        np.testing.assert_allclose(part, expected, atol=1e-6)


@pytest.mark.thin(4)
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell["cell"])
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("attention", ATTENTION)
def test_rows_that_come_and_go_read_as_if_alone(attention, network, cell):
    _, spec, weights = make(cell, attention=attention, **NETWORKS[network])
    native = NativeEncoderDecoder(spec, weights)
    tokens = np.random.default_rng(1).integers(0, SIZE, (5, len(SOURCES)))
    alone = [DecoderRows(native, native.encode([source], END)) for source in SOURCES]
    expected = np.array([[rows.read(step[i : i + 1])[0] for i, rows in enumerate(alone)] for step in tokens])
    first, second, third = (DecoderBatch(native, e) for e in native.encode(SOURCES, END).split())
    logits = {2: [third.read(tokens[0, 2:])[0]], 0: [], 1: []}
    first.join([second, third])
    order = [0, 1, 2]
    for leaver in (1, 2, None):
        at = np.array([len(logits[row]) for row in order])
        for row, values in zip(order, first.read(tokens[at, order]), strict=True):
            logits[row].append(values)
        if leaver is not None:
            place = order.index(leaver)
            parked = first.take(place)
            first.select(keep := [p for p in range(len(order)) if p != place], keep)
            order.remove(leaver)
            if leaver == 1:
                logits[1].append(parked.read(tokens[1, 1:2])[0])
                first.join([parked])
                order.append(1)
    for row, values in logits.items():
        np.testing.assert_allclose(values, expected[: len(values), row], atol=1e-5)
    assert [len(logits[row]) for row in (0, 1, 2)] == [3, 4, 3]
