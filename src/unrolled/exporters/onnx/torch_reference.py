"""Models under torch as functions of the inputs of their graphs, to compare the graphs with."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unrolled.cells import State
from unrolled.errors import ExportError
from unrolled.exporters.onnx.check import Arrays, Reference
from unrolled.exporters.onnx.encoder_decoder import FED_BACK, EncoderDecoder
from unrolled.exporters.onnx.layer import Layer
from unrolled.layers.attention import AttentionMemory
from unrolled.models.tagger import SentenceBatch
from unrolled.programs.layers import RecurrentSpec, StackSpec, WindowSpec

Tensors = dict[str, Tensor]


def numpy_weights(module: nn.Module) -> dict[str, NDArray[np.float32]]:
    """Return the parameters and buffers of a module by name, in float32."""
    return {name: t.detach().to("cpu", torch.float32).numpy() for name, t in module.state_dict().items()}


def torch_references(description: Any, model: nn.Module) -> dict[str, Reference]:
    """Return the model as functions, by the name of the graph, as :func:`export_onnx` takes them.

    Args:
        description: the description that is exported.
        model: the model in evaluation mode.

    Raises:
        ExportError: if the model is in training mode, or there is no reference for its description.
    """
    if model.training:
        raise ExportError("the model is in training mode, where dropout is random: call model.eval() first")
    if isinstance(description, EncoderDecoder):
        return {
            "encoder": _wrap(lambda m, t: _encode(description, m, t), model),
            "decoder": _wrap(lambda m, t: _decode(description, m, t), model),
        }
    if hasattr(description, "member"):
        members: Any = model.members
        return {
            f"model_{number}": torch_references(description.member, member)["model"]
            for number, member in enumerate(members)
        }
    run = _RUNS.get(description.task)
    if run is None:
        raise ExportError(f"there is no torch reference for task {description.task!r}")
    return {"model": _wrap(lambda m, t: run(description, m, t), model)}


def _wrap(function: Callable[[Any, Tensors], Mapping[str, Tensor]], model: nn.Module) -> Reference:
    """Return a function of the model and tensors as functions of arrays, in float32 and in float64."""

    def run(inputs: Arrays) -> Arrays:
        return _call(function, model, inputs, torch.float32)

    def exact(inputs: Arrays) -> Arrays:
        return _call(function, copy.deepcopy(model).double(), inputs, torch.float64)

    return Reference(run, exact)


def _call(
    function: Callable[[Any, Tensors], Mapping[str, Tensor]],
    model: nn.Module,
    inputs: Arrays,
    dtype: torch.dtype,
) -> Arrays:
    tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}
    tensors = {name: t.to(dtype) if t.is_floating_point() else t for name, t in tensors.items()}
    with torch.inference_mode():
        outputs = function(model, tensors)
    return {name: t.numpy() for name, t in outputs.items()}


def _run_layer(layer: Layer, module: Any, t: Tensors) -> Tensors:
    options = {"lengths": t["lengths"]} if layer.lengths else {}
    state = join_states(layer.stack, t)
    y, final = module(t["x"], state if len(state) > 1 else state[0], **options)
    return {"y": y} | split_states(layer.stack, final)


def _run_language_model(description: Any, model: Any, t: Tensors) -> Tensors:
    logits, final = model(t["tokens"], join_states(description.stack, t))
    return {"logits": logits} | split_states(description.stack, final)


def _run_classifier(description: Any, model: Any, t: Tensors) -> Tensors:
    sequences = t["tokens"] if description.input else t["vectors"]
    return {"logits": model(sequences, t["lengths"])}


def _run_tagger(description: Any, model: Any, t: Tensors) -> Tensors:
    none = torch.zeros(1, 1, dtype=torch.int64)
    batch = SentenceBatch(
        t["words"],
        t["lengths"],
        t.get("spellings", none),
        t.get("spelling_lengths", none[0]),
        t.get("kinds", none),
    )
    scores = model(batch)
    inside = torch.arange(len(scores))[:, None] < batch.lengths
    return {"emissions": scores, "tags": model.best_tags(scores, batch).where(inside, 0)}


def _run_series(description: Any, model: Any, t: Tensors) -> Tensors:
    state = join_states(description.stack, t)
    if hasattr(description, "horizon"):
        h, final = model.read(t["x"], state)
        known = t.get("known", torch.zeros(description.horizon, h.shape[1], 0))
        y = model.forecast_horizon(h[-1], known)
    else:
        y, final = model(t["x"], state)
    name = "logits" if description.task == "music" else "y"
    return {name: y} | split_states(description.stack, final)


_RUNS: dict[str, Callable[[Any, Any, Tensors], Tensors]] = {
    "layer": _run_layer,
    "lm": _run_language_model,
    "classify": _run_classifier,
    "tag": _run_tagger,
    "forecast": _run_series,
    "music": _run_series,
}
"""By task."""


def _encode(description: EncoderDecoder, model: Any, t: Tensors) -> Tensors:
    encoded = model.encode(t["source"], t["lengths"])
    state = list(encoded.state)
    outputs = {FED_BACK: state.pop()} if description.input_feeding else {}
    outputs |= split_states(description.decoder, tuple(state), "")
    memory = encoded.memory
    if description.attention == "fixed":
        return outputs | {"context": memory.values[:, 0]}
    values = {} if memory is None else {"values": memory.values, "keys": memory.keys}
    return outputs | {name: values[name] for name in description.memory}


def _decode(description: EncoderDecoder, model: Any, t: Tensors) -> Tensors:
    state = join_states(description.decoder, t)
    if description.input_feeding:
        state = (*state, t[FED_BACK])
    decoded = model.decoder(t["tokens"][None], state, _make_memory(description, t))
    final = list(decoded.state)
    outputs = {f"next_{FED_BACK}": final.pop()} if description.input_feeding else {}
    outputs["logits"] = model.output(decoded.h[0], model._tied_weight)
    if description.attention not in ("none", "fixed"):
        outputs["attention"] = decoded.weights[0]
    return outputs | split_states(description.decoder, tuple(final))


def _make_memory(description: EncoderDecoder, t: Tensors) -> AttentionMemory | None:
    if description.attention == "none":
        return None
    if description.attention == "fixed":
        values = t["context"][:, None]
        return AttentionMemory(values[..., :0], values, torch.zeros(len(values), 1, 1, dtype=torch.bool))
    values = t["values"]
    padding = torch.arange(values.shape[1]) >= t["lengths"][:, None]
    return AttentionMemory(t.get("keys", values), values, padding[:, None])


def join_states(spec: StackSpec, t: Tensors) -> State:
    """Return the states of a graph, (B, size) each by name, as the modules of this package take them."""
    if isinstance(spec, WindowSpec):
        return tuple(torch.stack([t[name] for name in names]) for names in _window_names(spec))
    tails = _tails(spec)
    kinds = spec.cell.state_names
    state = tuple(torch.stack([t[f"{kind}{tail}"] for tail in tails]) for kind in kinds)
    if spec.skip:
        past = [[t[name] for name in _past_names(spec, tail)] for tail in tails]
        state = (*state, torch.stack([torch.stack(steps) for steps in past]))
    return state


def split_states(spec: StackSpec, final: Any, prefix: str = "next_") -> Tensors:
    """Return the final state of a module as the outputs of its graph."""
    tensors = (final,) if isinstance(final, Tensor) else tuple(final)
    result: Tensors = {}
    if isinstance(spec, WindowSpec):
        for names, past in zip(_window_names(spec), tensors, strict=True):
            result |= {prefix + name: step for name, step in zip(names, past, strict=True)}
        return result
    for number, tail in enumerate(_tails(spec)):
        for kind, tensor in zip(spec.cell.state_names, tensors, strict=False):
            result[f"{prefix}{kind}{tail}"] = tensor[number]
        if spec.skip:
            past = _get_past(spec, tensors)[number]
            names = _past_names(spec, tail)[:-1]  # the newest output is the state itself
            result |= {prefix + name: step for name, step in zip(names, past, strict=False)}
    return result


def _get_past(spec: RecurrentSpec, state: tuple[Tensor, ...]) -> Tensor:
    """Return the last k outputs (L·D, k, B, R) of a state; zeros if it has none, as the bridge leaves it."""
    if len(state) > len(spec.cell.state_names):
        return state[-1]
    return torch.zeros_like(state[0])[:, None].expand(-1, spec.skip, -1, -1)


def _tails(spec: RecurrentSpec) -> list[str]:
    """Return the ends of the names of all layers and directions, in torch's order."""
    suffixes = ("", "_reverse")[: 1 + spec.bidirectional]
    return [f"_l{layer}{suffix}" for layer in range(spec.num_layers) for suffix in suffixes]


def _past_names(spec: RecurrentSpec, tail: str) -> list[str]:
    """Return the states that hold the last k outputs, oldest first; the newest is the first state."""
    older = [f"past{k}{tail}" for k in range(spec.skip, 1, -1)]
    return [*older, f"{spec.cell.state_names[0]}{tail}"]


def _window_names(spec: WindowSpec) -> list[list[str]]:
    """Return the states of each layer and direction that has any, oldest first."""
    suffixes = ("", "_reverse")[: 1 + spec.bidirectional]
    return [
        [f"past{k}_l{layer}{suffix}" for k in range(n - 1, 0, -1)]
        for layer, n in enumerate(spec.windows)
        for suffix in suffixes
        if n > 1
    ]
