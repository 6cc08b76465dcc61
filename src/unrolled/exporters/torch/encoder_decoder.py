"""The two programs of an encoder-decoder: one encodes the sources, the other runs one step of the decoder."""

import torch
from torch import Tensor

from unrolled.cells import State
from unrolled.exporters.torch.interface import LENGTHS, Program, ProgramInput, Tensors
from unrolled.exporters.torch.states import get_state, name_state, state_inputs
from unrolled.layers import Recurrent
from unrolled.layers.attention import AttentionMemory
from unrolled.models.decoder import Decoder
from unrolled.models.encoder_decoder import EncoderDecoder

MEMORY = ("keys", "values", "padding")
"""Names of the parts of the memory for attention."""


def encoder_decoder_programs(model: EncoderDecoder) -> list[Program]:
    """Return the programs of both parts. The outputs of the encoder are inputs of the step of the decoder."""
    source = ProgramInput(("source", "batch"), torch.int64)
    tokens = ProgramInput(("batch",), torch.int64)
    step_inputs = {"tokens": tokens} | _decoder_states(model.decoder) | _memory_inputs(model)
    return [
        Program("encoder", model, _encode, {"source": source, "lengths": LENGTHS}),
        Program("decoder_step", model, _step, step_inputs),
    ]


def _encode(model: EncoderDecoder, inputs: Tensors) -> Tensors:
    """Return the initial state of the decoder, and the memory."""
    encoded = model.encode(inputs["source"], inputs["lengths"])
    states = len(model.bridge)  # one for each state of the cell
    state, readout = encoded.state[:states], encoded.state[states:]
    past = _initial_past(model.decoder, state[0])
    outputs = _name_decoder_state(model.decoder, (*state, *past, *readout))
    memory = encoded.memory
    return outputs if memory is None else outputs | {name: getattr(memory, name) for name in MEMORY}


def _step(model: EncoderDecoder, inputs: Tensors) -> Tensors:
    """Return the logits of the token after ``tokens``, and the next state."""
    memory = AttentionMemory(*(inputs[name] for name in MEMORY)) if "keys" in inputs else None
    state = get_state(model.decoder.recurrent, inputs)
    if model.decoder.input_feeding:
        state = (*state, inputs["readout"])
    logits, state = model.step(inputs["tokens"], state, memory)
    return {"logits": logits} | _name_decoder_state(model.decoder, state)


def _decoder_states(decoder: Decoder) -> dict[str, ProgramInput]:
    states = state_inputs(decoder.recurrent)
    if decoder.input_feeding:
        states["readout"] = ProgramInput(("batch", decoder.readout_size), decoder.recurrent.dtype)
    return states


def _name_decoder_state(decoder: Decoder, state: State) -> Tensors:
    if not decoder.input_feeding:
        return name_state(decoder.recurrent, state)
    *recurrent, readout = state
    return name_state(decoder.recurrent, tuple(recurrent)) | {"readout": readout}


def _initial_past(decoder: Decoder, h: Tensor) -> State:
    """Return the last k outputs before the first step, (L, k, B, R): zeros and then h; none without skip."""
    stack = decoder.recurrent
    if not isinstance(stack, Recurrent) or not stack.skip:
        return ()
    zeros = h.new_zeros(h.shape[0], stack.skip - 1, *h.shape[1:])
    return (torch.cat([zeros, h[:, None]], 1),)


def _memory_inputs(model: EncoderDecoder) -> dict[str, ProgramInput]:
    attention = model.decoder.attention
    if attention is None:
        return {}
    dtype, size = model.decoder.recurrent.dtype, attention.memory_size
    steps = 1 if model.uses_last_state_only else "source"
    key_size = attention.make_keys(torch.zeros(1, 1, size, dtype=dtype)).shape[-1]
    return {
        "keys": ProgramInput(("batch", steps, key_size), dtype),
        "values": ProgramInput(("batch", steps, size), dtype),
        "padding": ProgramInput(("batch", 1, steps), torch.bool),
    }
