"""The description of a module: a layer or a trained model."""

from functools import singledispatch
from typing import Any

from torch import nn

from unrolled.errors import ExportError
from unrolled.exporters.onnx.classifier import Classifier
from unrolled.exporters.onnx.description import Description
from unrolled.exporters.onnx.encoder_decoder import EncoderDecoder
from unrolled.exporters.onnx.language_model import LanguageModel
from unrolled.exporters.onnx.layer import Layer
from unrolled.exporters.onnx.series import DirectForecaster, Ensemble, StepModel
from unrolled.exporters.onnx.tagger import Characters, Tagger
from unrolled.exporters.onnx.tokens import TokenInput
from unrolled.exporters.onnx.viterbi import Scores
from unrolled.layers import Recurrent, Window
from unrolled.layers.program_spec import spec_of
from unrolled.models import encoder_decoder, forecaster
from unrolled.models.adaptive import AdaptiveOutput
from unrolled.models.classifier import RecurrentClassifier
from unrolled.models.forecast_ensemble import ForecastEnsemble, get_members
from unrolled.models.inputs import OneHot
from unrolled.models.language_model import RecurrentLanguageModel
from unrolled.models.music import RecurrentMusicModel
from unrolled.models.tagger import RecurrentTagger
from unrolled.models.token_encoder import TokenEncoder
from unrolled.programs.layers import RecurrentSpec


@singledispatch
def describe(module: nn.Module) -> Description:
    """Return the description of a layer or a trained model.

    Raises:
        ExportError: for a module of another class.
    """
    raise ExportError(
        f"{type(module).__name__} is not a recurrent layer or a model of unrolled: give an RNN, LSTM, GRU, "
        "Recurrent or Window, or a trained model"
    )


def describe_layer(layer: nn.Module, *, lengths: bool = False) -> Layer:
    """Return the description of a layer; ``lengths`` adds an input with the number of steps of each row."""
    return Layer(spec_of(layer), lengths, getattr(layer, "batch_first", False))


describe.register(Recurrent, describe_layer)
describe.register(Window, describe_layer)
describe.register(nn.RNNBase, describe_layer)


@describe.register
def _(model: RecurrentLanguageModel) -> Description:
    output = model.output
    cutoffs = tuple(output.cutoffs) if isinstance(output, AdaptiveOutput) else ()
    return LanguageModel(_token_input(model.input), spec_of(model.recurrent), output.tied, cutoffs)


@describe.register
def _(model: RecurrentClassifier) -> Description:
    reader = model.reader
    table = _token_input(reader.input) if isinstance(reader, TokenEncoder) else None
    pooling: Any = type(model.pooling).__name__.lower()
    return Classifier(spec_of(reader.recurrent), model.output.out_features, pooling, table)


@describe.register
def _(model: RecurrentTagger) -> Description:
    characters, rules = None, None
    if model.spelling is not None:
        stack = spec_of(model.spelling.recurrent)
        assert isinstance(stack, RecurrentSpec)
        characters = Characters(_token_input(model.spelling.input), stack)
    if model.has_rules:
        buffers = (model.rule_start, model.rule_transition, model.rule_end)
        rules = Scores(*(buffer.cpu().numpy() for buffer in buffers))
    table, tags = _token_input(model.input), model.output.out_features
    return Tagger(table, spec_of(model.recurrent), tags, characters, model.crf is not None, rules)


@describe.register
def _(model: forecaster.RecursiveForecaster) -> Description:
    kind = type(model.output).__name__
    return StepModel("forecast", spec_of(model.recurrent), model.output.size, kind)


@describe.register
def _(model: forecaster.DirectForecaster) -> Description:
    known = model.ahead.in_features if model.ahead is not None else 0
    kind = type(model.output).__name__
    return DirectForecaster(
        spec_of(model.recurrent), known, model.horizon, model.size, model.output.size, kind
    )


@describe.register
def _(model: ForecastEnsemble) -> Description:
    members = get_members(model)
    member: Any = describe(members[0])
    return Ensemble(member, len(members))


@describe.register
def _(model: RecurrentMusicModel) -> Description:
    return StepModel("music", spec_of(model.recurrent), model.keys, "keys")


@describe.register
def _(model: encoder_decoder.EncoderDecoder) -> Description:
    decoder = model.decoder
    encoder_stack, decoder_stack = spec_of(model.encoder.recurrent), spec_of(decoder.recurrent)
    assert isinstance(encoder_stack, RecurrentSpec)
    assert isinstance(decoder_stack, RecurrentSpec)
    target = _token_input(decoder.input, "decoder.input.weight")
    shared = model.encoder.input is decoder.input
    source = _token_input(model.encoder.input, target.table if shared else "encoder.input.weight")
    attention: Any = "none" if decoder.attention is None else decoder.attention.kind
    if model.uses_last_state_only:
        attention = "fixed"
    return EncoderDecoder(
        source,
        target,
        encoder_stack,
        decoder_stack,
        attention,
        decoder.readout_size,
        decoder.input_feeding,
        model.output.tied,
    )


def _token_input(module: Any, table: str = "input.weight") -> TokenInput:
    """Return the input layer of tokens."""
    if isinstance(module, OneHot):
        return TokenInput(module.vocabulary, module.vocabulary, "")
    return TokenInput(module.num_embeddings, module.embedding_dim, table)
