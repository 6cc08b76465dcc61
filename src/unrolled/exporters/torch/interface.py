"""The interface of an exported program: named inputs and outputs."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim

Tensors = dict[str, Tensor]
"""Tensors by name."""

_SIZES = {"time": 5, "batch": 3, "source": 7, "characters": 6, "spellings": 4}
"""Dynamic axes, with their sizes in the examples for torch.export. All sizes differ; 0 and 1 would be
read as constants."""


@dataclass(frozen=True)
class ProgramInput:
    """Shape and dtype of an input; a named axis is dynamic, and axes of one name have one size."""

    shape: tuple[str | int, ...]
    dtype: torch.dtype

    @property
    def example(self) -> Tensor:
        """A tensor of this shape. torch.export does not read its values."""
        return torch.ones([_SIZES[n] if isinstance(n, str) else n for n in self.shape], dtype=self.dtype)

    @property
    def dynamic_axes(self) -> dict[int, Any]:
        """The dynamic axes as torch.export takes them."""
        return {axis: _dim(n) for axis, n in enumerate(self.shape) if isinstance(n, str)}


TOKENS = ProgramInput(("time", "batch"), torch.int64)
LENGTHS = ProgramInput(("batch",), torch.int64)


@dataclass(frozen=True, eq=False)
class Program:
    """A computation with a model, to be exported.

    ``compute`` maps the model and the inputs, by name, to the outputs by name, in evaluation mode.
    """

    name: str
    """Name of the file, without its ending."""
    model: nn.Module
    compute: Callable[[Any, Tensors], Tensors]
    inputs: Mapping[str, ProgramInput]

    def as_module(self) -> nn.Module:
        """Return a module that takes the inputs as keyword arguments and returns the outputs by name."""
        return _ProgramModule(self.model, self.compute, list(self.inputs))


class _ProgramModule(nn.Module):
    def __init__(
        self, model: nn.Module, compute: Callable[[Any, Tensors], Tensors], names: list[str]
    ) -> None:
        super().__init__()
        self.model = model

        def forward(**inputs: Tensor) -> Tensors:
            return compute(model, inputs)

        # torch.export reads the names of the arguments from the signature.
        parameters = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
        forward.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        self.forward = forward


@cache
def _dim(name: str) -> Any:
    return Dim(name)
