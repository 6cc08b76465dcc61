"""Whole models as ONNX graphs give the numbers of the torch modules."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("onnx.helper", reason="onnx is not installed")
pytest.importorskip("onnxruntime")

from unrolled.decoding.viterbi import make_forbidding_scores
from unrolled.exporters.onnx import describe
from unrolled.exporters.onnx.check import Session
from unrolled.exporters.onnx.examples import make_inputs
from unrolled.exporters.onnx.graph import FLOAT32
from unrolled.exporters.onnx.torch_reference import numpy_weights, torch_references
from unrolled.exporters.onnx.weights import Weights
from unrolled.layers.crf import Moves
from unrolled.models import (
    CellConfig,
    DropoutConfig,
    EncoderConfig,
    EncoderDecoder,
    EncoderDecoderConfig,
    NetworkConfig,
    RecurrentLanguageModel,
    StackConfig,
    TokenEncoder,
)
from unrolled.models.classifier import RecurrentClassifier
from unrolled.models.forecast_ensemble import ForecastEnsemble
from unrolled.models.forecast_outputs import GaussianOutput, PointOutput
from unrolled.models.forecaster import DirectForecaster, RecursiveForecaster
from unrolled.models.music import RecurrentMusicModel
from unrolled.models.series_encoder import SeriesEncoder
from unrolled.models.tagger import CharacterEncoder, RecurrentTagger

WITHIN = 2e-5
DROPOUT = DropoutConfig(dropout=0.3, dropout_input=0.2, dropout_output=0.1)
CELLS = {
    "lstm": CellConfig("lstm"),
    "gru": CellConfig("gru"),
    "minlstm": CellConfig("minlstm"),
    "normalised": CellConfig("lstm", layer_norm=True),
    "tdnn": CellConfig("tdnn", context=3),
}
RECURRENT = [name for name in CELLS if name != "tdnn"]


def unusual(model: nn.Module) -> nn.Module:
    """Return the model with random values also where initialisation gives zeros or ones."""
    with torch.no_grad():
        for p in model.parameters():
            p += 0.1 * torch.randn_like(p)
    return model


def assert_agrees(exported: Any, *, streams: bool = False) -> None:
    for check in exported.checks:
        assert check.largest_difference < WITHIN
        assert check.agreement == 1
        assert (check.step_difference is not None) == streams


NETWORKS = {
    "embedding": NetworkConfig(layers=2, hidden=8, embedding=6),
    "one-hot": NetworkConfig(layers=2, hidden=8, input="one-hot", residual=True),
    "tied": NetworkConfig(layers=2, hidden=8, embedding=8, tie_weights=True),
    "adaptive": NetworkConfig(layers=2, hidden=16, embedding=6, adaptive_softmax=(4, 8)),
}


@pytest.mark.thin(3)
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("cell", CELLS)
def test_language_models(export: Callable, cell: str, network: str):
    parts = (11, CELLS[cell], NETWORKS[network], DROPOUT)
    model = unusual(RecurrentLanguageModel(*parts))
    assert_agrees(export(model), streams=True)


def test_a_language_model_with_word_vectors(export: Callable):
    network = NetworkConfig(hidden=8, vectors="vectors.txt")
    parts = (11, CELLS["lstm"], network, DropoutConfig(zoneout=0.1, zoneout_cell=0.2))
    model = RecurrentLanguageModel(*parts, torch.randn(11, 5))
    assert_agrees(export(model), streams=True)


@pytest.mark.thin(5)
@pytest.mark.parametrize("both", [True, False], ids=["both", "forward"])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("cell", CELLS)
def test_classifiers(export: Callable, cell: str, pooling: Any, both: bool):
    network = EncoderConfig(layers=2, hidden=8, embedding=6, bidirectional=both)
    parts = (CELLS[cell], network, DROPOUT)
    tokens = RecurrentClassifier(TokenEncoder(11, *parts, bidirectional=both), 3, pooling, 0.1)
    assert_agrees(export(unusual(tokens)))
    series = SeriesEncoder(5, *parts, bidirectional=both)
    series.standardise(torch.randn(5), torch.rand(5))
    vectors = unusual(RecurrentClassifier(series, 3, pooling, 0.1))
    assert_agrees(export(vectors))


@pytest.mark.thin(5)
@pytest.mark.parametrize("rules", [False, True], ids=["free", "rules"])
@pytest.mark.parametrize("crf", [False, True], ids=["softmax", "crf"])
@pytest.mark.parametrize("spelled", [False, True], ids=["words", "spellings"])
@pytest.mark.parametrize("cell", CELLS)
def test_taggers(export: Callable, cell: str, spelled: bool, crf: bool, rules: bool):
    network = EncoderConfig(layers=2, hidden=8, embedding=6)
    parts = (11, 4, CELLS[cell], network, DROPOUT)
    allowed = np.array([1, 1, 0, 1]) > 0, torch.rand(4, 4).numpy() > 0.4, np.array([1, 1, 1, 0]) > 0
    scores = make_forbidding_scores(*allowed)
    moves = Moves(*(torch.from_numpy(part).float() for part in scores)) if rules else None
    spelling = CharacterEncoder(9, 4, 5, 0.1) if spelled else None
    model = unusual(RecurrentTagger(*parts, spelling, crf=crf, rules=moves))
    assert_agrees(export(model))


@pytest.mark.parametrize("cell", ["gru", "normalised", "tdnn"])
def test_forecasters_and_music(export: Callable, cell: str):
    parts = (CELLS[cell], StackConfig(layers=2, hidden=8), DROPOUT)
    recursive = RecursiveForecaster(2, GaussianOutput(), *parts)
    assert_agrees(export(recursive), streams=True)
    for known in (2, 0):
        direct = DirectForecaster(1, known, 4, PointOutput(), *parts)
        assert_agrees(export(direct), streams=True)
    music = RecurrentMusicModel(7, *parts)
    assert_agrees(export(music), streams=True)


def test_an_ensemble_has_a_graph_for_each_member(export: Callable):
    parts = (CELLS["gru"], StackConfig(hidden=8), DropoutConfig())
    model = ForecastEnsemble([RecursiveForecaster(2, PointOutput(), *parts) for _ in range(2)])
    exported = export(model)
    assert sorted(file.name for file in exported.files.values()) == ["model_0.onnx", "model_1.onnx"]
    assert len(exported.checks) == 2
    assert_agrees(exported, streams=True)


CONNECTIONS = {
    "plain": {},
    "feeding": {"input_feeding": True, "tie_weights": True},
    "shared": {"share_embeddings": True, "skip": 2, "residual": True, "bidirectional": False},
}


@pytest.mark.thin(4)
@pytest.mark.parametrize("connections", CONNECTIONS)
@pytest.mark.parametrize("attention", ["none", "fixed", "dot", "general", "additive"])
@pytest.mark.parametrize("cell", RECURRENT)
def test_encoder_decoders(export: Callable, cell: str, attention: Any, connections: str):
    network = EncoderDecoderConfig(
        layers=2, hidden=8, embedding=6, attention=attention, **CONNECTIONS[connections]
    )
    parts = ((11, 11), CELLS[cell], network, DropoutConfig())
    model = unusual(EncoderDecoder(*parts))
    assert_agrees(export(model))


@pytest.mark.parametrize("attention", ["fixed", "additive", "dot"])
def test_a_translation_by_the_two_graphs(export: Callable, attention: Any):
    network = EncoderDecoderConfig(hidden=8, embedding=6, attention=attention, input_feeding=True)
    parts = ((11, 9), CELLS["lstm"], network, DropoutConfig())
    model = unusual(EncoderDecoder(*parts))
    files = export(model).files
    encoder, decoder = Session(files["encoder"]), Session(files["decoder"])
    source, lengths = torch.randint(11, (7, 3)), torch.tensor([7, 2, 5])
    inputs = torch.randint(9, (5, 3))
    with torch.inference_mode():
        expected, _ = model(source, lengths, inputs)
    now = encoder.run({"source": source.numpy(), "lengths": lengths.numpy()})
    now |= {"lengths": lengths.numpy()} if attention != "fixed" else {}
    for token, logits in zip(inputs.numpy(), expected, strict=True):
        step = decoder.run(now | {"tokens": token})
        np.testing.assert_allclose(step["logits"], logits, atol=WITHIN)
        now |= {state: step[f"next_{state}"] for state in decoder.states}


@pytest.mark.parametrize("attention", ["fixed", "dot"])
def test_several_hypotheses_for_each_source(export: Callable, attention: Any):
    parts = ((11, 9), CELLS["gru"], EncoderDecoderConfig(hidden=8, attention=attention), DropoutConfig())
    model = unusual(EncoderDecoder(*parts))
    description = describe(model)
    files = export(model).files
    graph = description.graphs(Weights(numpy_weights(model)), FLOAT32)["decoder"]
    inputs = make_inputs(graph, rows=6, batch=2)
    expected = torch_references(description, model)["decoder"].run(inputs)
    outputs = Session(files["decoder"]).run(inputs)
    for name, value in expected.items():
        np.testing.assert_allclose(outputs[name], value, atol=WITHIN)
