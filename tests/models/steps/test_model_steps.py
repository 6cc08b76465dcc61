"""The step program of every model computes what its module computes, token by token."""

from typing import Any

import numpy as np
import pytest
import torch

from evaluate_program import Evaluator
from unrolled.models import (
    CellConfig,
    DropoutConfig,
    EncoderConfig,
    NetworkConfig,
    RecurrentLanguageModel,
    StackConfig,
)
from unrolled.models.classifier import RecurrentClassifier
from unrolled.models.forecast_outputs import GaussianOutput
from unrolled.models.forecaster import DirectForecaster, RecursiveForecaster
from unrolled.models.music import RecurrentMusicModel
from unrolled.models.series_encoder import SeriesEncoder
from unrolled.models.steps.classifier import series_classifier_step, text_classifier_step
from unrolled.models.steps.forecaster import ForecasterSpec, direct_step
from unrolled.models.steps.language_model import language_model_step
from unrolled.models.steps.vectors import encoder_step
from unrolled.models.token_encoder import TokenEncoder

STEPS, ROWS, VOCABULARY = 7, 2, 13
LANGUAGE_MODELS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "embedding": ({}, {"layers": 2}),
    "one-hot": ({"cell": "gru"}, {"input": "one-hot"}),
    "tied": ({}, {"tie_weights": True, "embedding": 8}),
    "adaptive": ({"cell": "elman"}, {"adaptive_softmax": (4, 8), "hidden": 16}),
    "feed-forward": ({"cell": "feed-forward", "context": 3}, {"layers": 2}),
    "projected": ({"cell": "lstm"}, {"projection": 5}),
}


def assert_same(y: Any, expected: torch.Tensor) -> None:
    np.testing.assert_allclose(np.stack(y), expected.detach().numpy(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", LANGUAGE_MODELS)
def test_language_model(name: str) -> None:
    cell_options, network_options = LANGUAGE_MODELS[name]
    torch.manual_seed(0)
    cell = CellConfig(**cell_options)
    network = NetworkConfig(**{"hidden": 8, "embedding": 6} | network_options)
    dropout = DropoutConfig(zoneout=0.0 if cell.is_windowed else 0.1)
    model = RecurrentLanguageModel(VOCABULARY, cell, network, dropout).double().eval()
    tokens = torch.randint(VOCABULARY, (STEPS, ROWS))
    torch.set_default_dtype(torch.float64)  # of one-hot vectors
    try:
        expected, _ = model(tokens)
    finally:
        torch.set_default_dtype(torch.float32)
    program = language_model_step(VOCABULARY, cell, network, dropout)
    evaluator = Evaluator(program, model.state_dict(), ROWS)
    assert_same([evaluator.step(token=t)["logits"] for t in tokens.numpy()], expected)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("text", [True, False])
def test_classifier_after_every_step(pooling: Any, text: bool) -> None:
    torch.manual_seed(0)
    cell, dropout = CellConfig(cell="gru"), DropoutConfig()
    network = EncoderConfig(hidden=6, embedding=5, bidirectional=False)
    if text:
        reader: Any = TokenEncoder(VOCABULARY, cell, network, dropout)
        sequences = torch.randint(VOCABULARY, (STEPS, ROWS))
        program = text_classifier_step(VOCABULARY, 3, pooling, cell, network, dropout)
    else:
        reader = SeriesEncoder(4, cell, network, dropout)
        reader.standardise(torch.randn(4), torch.rand(4))
        sequences = torch.randn(STEPS, ROWS, 4, dtype=torch.float64)
        program = series_classifier_step(4, 3, pooling, cell, network, dropout)
    model = RecurrentClassifier(reader, 3, pooling, 0.0).double().eval()
    evaluator = Evaluator(program, model.state_dict(), ROWS)
    name = "token" if text else "x"
    for step in range(STEPS):
        logits = evaluator.step(**{name: sequences[step].numpy()})["logits"]
        lengths = torch.full((ROWS,), step + 1)
        expected = model(sequences[: step + 1], lengths)
        np.testing.assert_allclose(logits, expected.detach().numpy(), rtol=1e-8, atol=1e-10)


def test_models_of_vectors() -> None:
    torch.manual_seed(0)
    cell, dropout, network = CellConfig(), DropoutConfig(), NetworkConfig(hidden=6)
    x = torch.randn(STEPS, ROWS, 3, dtype=torch.float64)
    options = (cell, network, dropout)
    recursive = RecursiveForecaster(2, GaussianOutput(), *options).double()
    direct = DirectForecaster(0, 2, 4, GaussianOutput(), *options).double()
    music = RecurrentMusicModel(3, *options).double()
    expected = {
        "recursive": (recursive, "head", recursive(x)[0]),
        "direct": (direct, "steps", direct.steps(direct.read(x)[0])),
        "music": (music, "head", music(x)[0]),
    }
    for model, head, y in expected.values():
        program = encoder_step(3, y.shape[-1], head, *options)
        evaluator = Evaluator(program, model.state_dict(), ROWS)
        assert_same([evaluator.step(x=x_t)["y"] for x_t in x.numpy()], y)


@pytest.mark.parametrize("known", [0, 2])
def test_a_whole_direct_forecaster(known: int) -> None:
    torch.manual_seed(0)
    options = (CellConfig(), StackConfig(hidden=6), DropoutConfig())
    model = DirectForecaster(1, known, 4, GaussianOutput(), *options).double()
    x = torch.randn(STEPS, ROWS, 2 + known, dtype=torch.float64)
    ahead = torch.randn(4, ROWS, known, dtype=torch.float64)
    spec = ForecasterSpec(
        past=1, known=known, outputs=2, horizon=4, cell=options[0], network=options[1], dropout=options[2]
    )
    evaluator = Evaluator(direct_step(spec), model.state_dict(), ROWS)
    inputs = {"known": ahead.movedim(0, 1).flatten(1).numpy()} if known else {}
    outputs = [evaluator.step(x=x_t, **inputs)["y"] for x_t in x.numpy()]
    expected = model.forecast_horizon(model.read(x)[0][-1], ahead)
    np.testing.assert_allclose(outputs[-1], expected.detach().flatten(1).numpy(), rtol=1e-8, atol=1e-10)
