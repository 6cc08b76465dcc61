"""The programs of each layer and model: inputs, outputs and states, by name."""

from functools import singledispatch

import torch
from torch import nn

from unrolled.errors import ExportError
from unrolled.exporters.torch.encoder_decoder import encoder_decoder_programs
from unrolled.exporters.torch.interface import LENGTHS, TOKENS, Program, ProgramInput, Tensors
from unrolled.exporters.torch.states import get_state, name_state, state_inputs
from unrolled.layers import Recurrent, Stack, Window
from unrolled.layers.single_step import SingleStep
from unrolled.models.classifier import RecurrentClassifier
from unrolled.models.encoder_decoder import EncoderDecoder
from unrolled.models.forecast_ensemble import ForecastEnsemble
from unrolled.models.forecaster import DirectForecaster, RecursiveForecaster
from unrolled.models.language_model import RecurrentLanguageModel
from unrolled.models.music import RecurrentMusicModel
from unrolled.models.tagger import RecurrentTagger, SentenceBatch
from unrolled.models.token_encoder import TokenEncoder


@singledispatch
def make_programs(model: nn.Module) -> list[Program]:
    """Return the programs of a layer or model.

    Raises:
        ExportError: for a module of another class.
    """
    raise ExportError(
        f"{type(model).__name__} is no layer or model of unrolled: give a Program with its inputs and outputs"
    )


def layer_program(layer: Stack, *, lengths: bool = False) -> Program:
    """Return the program of a layer; with ``lengths``, the number of steps of each row is an input too."""
    batch_first = isinstance(layer, Recurrent) and layer.batch_first
    axes = ("batch", "time") if batch_first else ("time", "batch")
    inputs = {"input": ProgramInput((*axes, layer.input_size), layer.dtype)}
    inputs |= {"lengths": LENGTHS} if lengths else {}

    def compute(layer: Stack, inputs: Tensors) -> Tensors:
        y, state = layer(inputs["input"], get_state(layer, inputs), lengths=inputs.get("lengths"))
        return {"output": y} | name_state(layer, state)

    return Program("layer", layer, compute, inputs | state_inputs(layer))


make_programs.register(Recurrent, lambda layer: [layer_program(layer)])
make_programs.register(Window, lambda layer: [layer_program(layer)])
make_programs.register(EncoderDecoder, encoder_decoder_programs)


@make_programs.register
def _(step: SingleStep) -> list[Program]:
    names = step.cell.state_names
    sizes = dict(zip(names, step.cell.state_sizes(step.hidden_size), strict=True))
    dtype = step._weight.dtype
    inputs = {"input": ProgramInput(("batch", step.input_size), dtype)}
    inputs |= {name: ProgramInput(("batch", size), dtype) for name, size in sizes.items()}

    def compute(step: SingleStep, inputs: Tensors) -> Tensors:
        new = step(inputs["input"], tuple(inputs[name] for name in names))
        return dict(zip(names, new if isinstance(new, tuple) else (new,), strict=True))

    return [Program("step", step, compute, inputs)]


@make_programs.register
def _(model: RecurrentLanguageModel) -> list[Program]:
    def compute(model: RecurrentLanguageModel, inputs: Tensors) -> Tensors:
        logits, state = model(inputs["tokens"], get_state(model.recurrent, inputs))
        return {"logits": logits} | name_state(model.recurrent, state)

    return [Program("language_model", model, compute, {"tokens": TOKENS} | state_inputs(model.recurrent))]


@make_programs.register
def _(model: RecurrentClassifier) -> list[Program]:
    reader = model.reader
    if isinstance(reader, TokenEncoder):
        name, sequences = "tokens", TOKENS
    else:
        name, sequences = "vectors", _vectors(reader.recurrent)

    def compute(model: RecurrentClassifier, inputs: Tensors) -> Tensors:
        return {"logits": model(inputs[name], inputs["lengths"])}

    return [Program("classifier", model, compute, {name: sequences, "lengths": LENGTHS})]


@make_programs.register
def _(model: RecurrentTagger) -> list[Program]:
    inputs = {"words": TOKENS, "lengths": LENGTHS}
    if model.spelling is not None:
        inputs |= {
            "spellings": ProgramInput(("characters", "spellings"), torch.int64),
            "spelling_lengths": ProgramInput(("spellings",), torch.int64),
            "kinds": TOKENS,
        }

    def compute(model: RecurrentTagger, inputs: Tensors) -> Tensors:
        none = inputs["words"].new_empty(0)
        unused = {"spellings": none, "spelling_lengths": none, "kinds": none}
        return {"scores": model(SentenceBatch(**(unused | inputs)))}

    return [Program("tagger", model, compute, inputs)]


@make_programs.register
def _(model: RecurrentMusicModel) -> list[Program]:
    def compute(model: RecurrentMusicModel, inputs: Tensors) -> Tensors:
        logits, state = model(inputs["keys"], get_state(model.recurrent, inputs))
        return {"logits": logits} | name_state(model.recurrent, state)

    inputs = {"keys": _vectors(model.recurrent)} | state_inputs(model.recurrent)
    return [Program("music_model", model, compute, inputs)]


@make_programs.register
def _(model: RecursiveForecaster) -> list[Program]:
    def compute(model: RecursiveForecaster, inputs: Tensors) -> Tensors:
        y, state = model(inputs["input"], get_state(model.recurrent, inputs))
        return {"output": y} | name_state(model.recurrent, state)

    inputs = {"input": _vectors(model.recurrent)} | state_inputs(model.recurrent)
    return [Program("forecaster", model, compute, inputs)]


@make_programs.register
def _(model: DirectForecaster) -> list[Program]:
    """The forecast of the horizon from the last step; ``known`` has the covariates of these H steps."""
    inputs = {"input": _vectors(model.recurrent)}
    if model.ahead is not None:
        shape = (model.horizon, "batch", model.ahead.in_features)
        inputs |= {"known": ProgramInput(shape, model.recurrent.dtype)}

    def compute(model: DirectForecaster, inputs: Tensors) -> Tensors:
        h, state = model.read(inputs["input"], get_state(model.recurrent, inputs))
        known = inputs.get("known", h.new_empty(0))
        return {"output": model.forecast_horizon(h[-1], known)} | name_state(model.recurrent, state)

    return [Program("forecaster", model, compute, inputs | state_inputs(model.recurrent))]


@make_programs.register
def _(model: ForecastEnsemble) -> list[Program]:
    programs = [make_programs(member)[0] for member in model.members]
    return [Program(f"{p.name}_{number}", p.model, p.compute, p.inputs) for number, p in enumerate(programs)]


def _vectors(stack: Stack) -> ProgramInput:
    return ProgramInput(("time", "batch", stack.input_size), stack.dtype)
