"""The functions of a step that are not operators: each calls torch's, or records the call of a traced value.

A cell whose step uses these functions can be imported, described and traced without torch.
"""

from typing import TYPE_CHECKING, Any

from unrolled.lazy import LazyModule

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F
    from torch import Tensor
else:

    def _torch():
        import torch

        return torch

    def _torch_functional():
        import torch

        return torch.nn.functional

    torch, F = LazyModule(_torch), LazyModule(_torch_functional)


class Traced:
    """A value that stands for a tensor while a step is traced.

    A subclass also has the arithmetic operators, ``chunk``, slices and ``shape`` of a tensor.
    """

    def apply(self, function: str, *arguments: Any) -> Any:
        """Return the result of a function of this module, by its name, with x = this value."""
        raise NotImplementedError


def linear(x: "Tensor", weight: "Tensor", bias: "Tensor | None" = None) -> "Tensor":
    """Return ``weight x + bias`` over the last axis."""
    if isinstance(x, Traced):
        return x.apply("linear", weight, bias)
    return F.linear(x, weight, bias)


def layer_norm(x: "Tensor", weight: "Tensor", bias: "Tensor | None" = None) -> "Tensor":
    """Return x normalised over its last axis, times ``weight``, plus ``bias``."""
    if isinstance(x, Traced):
        return x.apply("layer_norm", weight, bias)
    return F.layer_norm(x, x.shape[-1:], weight, bias)


def sigmoid(x: "Tensor") -> "Tensor":
    """Return 1 / (1 + exp(−x))."""
    return x.apply("sigmoid") if isinstance(x, Traced) else torch.sigmoid(x)


def tanh(x: "Tensor") -> "Tensor":
    """Return the hyperbolic tangent of x."""
    return x.apply("tanh") if isinstance(x, Traced) else torch.tanh(x)


def relu(x: "Tensor") -> "Tensor":
    """Return max(x, 0)."""
    return x.apply("relu") if isinstance(x, Traced) else torch.relu(x)


def log_sigmoid(x: "Tensor") -> "Tensor":
    """Return ln sigmoid(x)."""
    return x.apply("log_sigmoid") if isinstance(x, Traced) else F.logsigmoid(x)
