"""Exported programs of the models give the numbers of the models."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch_programs import V, assert_parity, random_inputs, run_module

from numerics import scatter_parameters
from unrolled.exporters.torch.models import make_programs
from unrolled.layers.pooling import PoolingKind
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

DROP = DropoutConfig(dropout_input=0.3, dropout_output=0.2, zoneout=0.1)
STACK = StackConfig(layers=2, hidden=6)
NETWORK = NetworkConfig(layers=2, hidden=6, embedding=6)
ENCODER = EncoderConfig(layers=2, hidden=6, embedding=5)
DECODER = EncoderDecoderConfig(hidden=6, embedding=4, layers=2)
FEW_SIZES = ((1, 1), (7, 3), (40, 5))


def scattered(model: Any) -> Any:
    scatter_parameters([p for p in model.parameters() if p.requires_grad], 3)
    return model


def language_model(cell: str = "lstm", dropout: DropoutConfig | None = None, **options: Any) -> Any:
    network = replace(NETWORK, **options)
    return scattered(RecurrentLanguageModel(V, CellConfig(cell=cell), network, dropout or DropoutConfig()))


def classifier(pooling: PoolingKind, *, vectors: bool = False, cell: str = "lstm") -> RecurrentClassifier:
    options = CellConfig(cell=cell), STACK if vectors else ENCODER, DropoutConfig(dropout_output=0.4)
    kind: Any = SeriesEncoder if vectors else TokenEncoder
    reader = kind(4 if vectors else V, *options, bidirectional=True)
    if vectors:
        reader.standardise(torch.tensor([1.0, 0.0, -1.0, 3.0]), torch.tensor([1.0, 0.0, 2.0, 3.0]))
    return scattered(RecurrentClassifier(reader, 3, pooling, 0.5))


def tagger(*, spelling: bool, crf: bool = False, cell: str = "lstm") -> RecurrentTagger:
    characters = CharacterEncoder(V, 3, 4, 0.1) if spelling else None
    return scattered(RecurrentTagger(V, 4, CellConfig(cell=cell), ENCODER, DROP, characters, crf=crf))


MODELS: dict[str, Any] = {
    "lm gru": lambda: language_model("gru"),
    "lm tied": lambda: language_model(tie_weights=True),
    "lm one-hot": lambda: language_model(input="one-hot"),
    "lm adaptive": lambda: language_model(hidden=16, adaptive_softmax=(4,)),
    "lm zoneout": lambda: language_model(dropout=DROP),
    "lm jordan skip": lambda: language_model("jordan", skip=2),
    "lm window": lambda: language_model("tdnn"),
    "classifier last": lambda: classifier("last"),
    "classifier mean": lambda: classifier("mean", cell="gru"),
    "classifier max": lambda: classifier("max", cell="tdnn"),
    "classifier attention": lambda: classifier("attention", cell="minlstm"),
    "classifier of vectors": lambda: classifier("last", vectors=True),
    "tagger": lambda: tagger(spelling=False),
    "tagger spelling": lambda: tagger(spelling=True, crf=True, cell="gru"),
    "forecaster recursive": lambda: scattered(
        RecursiveForecaster(2, GaussianOutput(), CellConfig(), STACK, DropoutConfig())
    ),
    "forecaster direct": lambda: scattered(
        DirectForecaster(1, 2, 4, PointOutput(), CellConfig(), STACK, DropoutConfig())
    ),
    "forecaster without covariates": lambda: scattered(
        DirectForecaster(0, 0, 4, PointOutput(), CellConfig(cell="tdnn"), STACK, DropoutConfig())
    ),
    "music": lambda: scattered(RecurrentMusicModel(8, CellConfig(cell="gru"), STACK, DROP)),
}
ENCODER_DECODERS: dict[str, tuple[str, EncoderDecoderConfig]] = {
    "none": ("gru", replace(DECODER, attention="none")),
    "fixed": ("lstm", replace(DECODER, attention="fixed", bidirectional=False)),
    "dot": ("lstm", DECODER),
    "general": ("gru", replace(DECODER, attention="general", encoder_hidden=5, readout=7)),
    "projected": ("lstm", replace(DECODER, attention="general", projection=2, encoder_hidden=4)),
    "skip": ("elman", replace(DECODER, attention="general", skip=3, input_feeding=True)),
    "fed": ("lstm", replace(DECODER, attention="general", input_feeding=True)),
    "additive": ("minlstm", replace(DECODER, attention="additive")),
    "tied": ("lstm", replace(DECODER, attention="general", tie_weights=True, share_embeddings=True)),
}


def encoder_decoder(name: str) -> EncoderDecoder:
    cell, network = ENCODER_DECODERS[name]
    return scattered(EncoderDecoder((V, V), CellConfig(cell=cell), network, DropoutConfig()))


def test_a_language_model_carries_its_state() -> None:
    [program] = make_programs(language_model())
    assert list(program.inputs) == ["tokens", "h", "c"]
    exported = assert_parity(program)
    inputs = random_inputs(program, 9, 2)
    tokens, state = inputs.pop("tokens"), inputs
    whole, pieces = exported(tokens=tokens, **state), []
    for piece in tokens.split([1, 5, 3]):
        state = exported(tokens=piece, **state)
        pieces.append(state.pop("logits"))
    torch.testing.assert_close(torch.cat(pieces), whole["logits"])


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["operator", "scan"])
@pytest.mark.parametrize("name", MODELS)
def test_every_model(name: str, loop: Any) -> None:
    [program] = make_programs(MODELS[name]())
    assert_parity(program, loop, sizes=FEW_SIZES)


def test_an_ensemble_has_a_program_for_each_member() -> None:
    members = [MODELS["forecaster recursive"]() for _ in range(2)]
    programs = make_programs(ForecastEnsemble(members))
    assert [p.name for p in programs] == ["forecaster_0", "forecaster_1"]
    assert [p.model for p in programs] == members


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["operator", "scan"])
@pytest.mark.parametrize("name", ENCODER_DECODERS)
def test_an_encoder_decoder_translates_as_two_programs(name: str, loop: Any) -> None:
    model = encoder_decoder(name).eval()
    encoder, step = make_programs(model)
    encode, advance = (assert_parity(p, loop, sizes=FEW_SIZES) for p in (encoder, step))
    inputs = random_inputs(encoder, 6, 3)
    targets = torch.randint(V, (4, 3), generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        expected, _ = model(inputs["source"], inputs["lengths"], targets)
    state = encode(**inputs)
    assert set(state) | {"tokens"} == set(step.inputs)
    for tokens, logits in zip(targets, expected, strict=True):
        outputs = advance(tokens=tokens, **state)
        torch.testing.assert_close(outputs.pop("logits"), logits, rtol=1e-5, atol=1e-5)
        state |= outputs


def test_a_direct_forecast_starts_from_the_last_step() -> None:
    model = MODELS["forecaster direct"]()
    [program] = make_programs(model)
    inputs = random_inputs(program, 5, 3)
    known = torch.cat([torch.zeros(4, 3, 2), inputs["known"]])  # of steps 2 … T + H
    with torch.no_grad():
        y, _ = model.eval()(inputs["input"], known, (inputs["h"], inputs["c"]))
    torch.testing.assert_close(run_module(program, inputs)["output"], y[-1])
