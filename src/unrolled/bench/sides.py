"""The sides of a comparison: the call that is timed, and the tensors that it computes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from unrolled.bench.point import Point

Mode = Literal["train", "inference"]
MODES: tuple[Mode, ...] = ("train", "inference")
TORCH_LAYERS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
"""torch's layer for each cell."""


@dataclass(frozen=True)
class LayerCase:
    """The input and weights that both sides use.

    ``x`` is the input, (T, B, I). ``upstream``, (T, B, H), is the gradient of the output, from which backward
    starts. ``weights`` is a state dict of torch's layer.
    """

    cell: str
    mode: Mode
    point: Point
    x: Tensor
    upstream: Tensor
    weights: dict[str, Tensor]

    @classmethod
    def draw(cls, cell: str, mode: Mode, point: Point, seed: int = 0) -> "LayerCase":
        """Draw random input, upstream gradient and weights. Does not change the caller's random state."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            weights = TORCH_LAYERS[cell](point.input, point.hidden).state_dict()
            x = torch.randn(point.steps, point.batch, point.input)
            upstream = torch.randn(point.steps, point.batch, point.hidden)
        return cls(cell, mode, point, x, upstream, weights)

    def first_steps(self, steps: int) -> "LayerCase":
        """Return the case cut to its first ``steps`` steps."""
        x, upstream = self.x[:steps], self.upstream[:steps]
        point = replace(self.point, steps=len(x))
        return replace(self, point=point, x=x, upstream=upstream)

    @property
    def training(self) -> bool:
        """Whether a call runs forward and backward, not only forward."""
        return self.mode == "train"

    def __str__(self) -> str:
        return f"{self.cell} {self.mode} at T,B,I,H = {self.point}"


class Side(Protocol):
    """One side of a comparison."""

    def __call__(self) -> None:
        """Run once. This call is timed."""

    def compute_tensors(self) -> dict[str, Tensor]:
        """Run once; return the output ``y`` and, in training, the gradients, by name."""


class ModuleSide:
    """Side of a PyTorch module: a layer of this package or of torch.

    Args:
        forward: function from x (T, B, I) to y (T, B, H).
        parameters: names and parameters whose gradients are computed.
        x: the input.
        upstream: gradient of y. None runs forward only, in inference mode.
    """

    def __init__(
        self,
        forward: Callable[[Tensor], Tensor],
        parameters: Iterable[tuple[str, nn.Parameter]],
        x: Tensor,
        upstream: Tensor | None,
    ) -> None:
        self._forward, self._upstream = forward, upstream
        self._x = x.detach().clone().requires_grad_(upstream is not None)
        self._parameters = dict(parameters)

    def __call__(self) -> None:
        """See :meth:`Side.__call__`."""
        self._run()

    def _run(self) -> Tensor:
        if self._upstream is None:
            with torch.inference_mode():
                return self._forward(self._x)
        self._x.grad = None
        for p in self._parameters.values():
            p.grad = None
        y = self._forward(self._x)
        y.backward(self._upstream)
        return y

    def compute_tensors(self) -> dict[str, Tensor]:
        """See :meth:`Side.compute_tensors`."""
        tensors = {"y": self._run().detach()}
        if self._upstream is not None:
            grads = {"x": self._x.grad} | {name: p.grad for name, p in self._parameters.items()}
            tensors |= {f"gradient of {name}": g for name, g in grads.items() if g is not None}
        return tensors


def module_side(module: nn.Module, case: LayerCase, call: Callable[..., Tensor] | None = None) -> ModuleSide:
    """Return the side of a layer that returns (y, state). ``call``, if given, is called in its place."""
    module.train(case.training)
    forward = call or (lambda x: module(x)[0])
    upstream = case.upstream if case.training else None
    return ModuleSide(forward, module.named_parameters(), case.x, upstream)
