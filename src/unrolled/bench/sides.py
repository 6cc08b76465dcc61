"""One side of a comparison: what is called and timed, and the numbers it computes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from unrolled.bench.point import Point

Mode = Literal["train", "inference"]
MODES: tuple[Mode, ...] = ("train", "inference")
MODULES: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
"""torch's layer of each cell."""


@dataclass(frozen=True)
class LayerCase:
    """The work both sides are given.

    ``x`` is (T, B, I); ``upstream`` (T, B, H) is the gradient of the output from which backward starts;
    ``weights`` are a state dict of torch's layer.
    """

    cell: str
    mode: Mode
    point: Point
    x: Tensor
    upstream: Tensor
    weights: dict[str, Tensor]

    @classmethod
    def draw(cls, cell: str, mode: Mode, point: Point, seed: int = 0) -> "LayerCase":
        """Draw input, upstream gradient and weights; the caller's random state stays as it is."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            weights = MODULES[cell](point.input, point.hidden).state_dict()
            x = torch.randn(point.steps, point.batch, point.input)
            upstream = torch.randn(point.steps, point.batch, point.hidden)
        return cls(cell, mode, point, x, upstream, weights)

    def first(self, steps: int) -> "LayerCase":
        """Return the same work over the first steps alone."""
        x, upstream = self.x[:steps], self.upstream[:steps]
        point = replace(self.point, steps=len(x))
        return replace(self, point=point, x=x, upstream=upstream)

    @property
    def training(self) -> bool:
        """Whether a call is forward and backward, not forward alone."""
        return self.mode == "train"

    def __str__(self) -> str:
        return f"{self.cell} {self.mode} at T,B,I,H = {self.point}"


class Side(Protocol):
    """What is timed."""

    def __call__(self) -> None:
        """Do the work once."""

    def evidence(self) -> dict[str, Tensor]:
        """Do it once and return the output ``y`` and, in training, the gradients by name."""


class ModuleSide:
    """A layer in torch, this package's or torch's own.

    Args:
        forward: x (T, B, I) to y (T, B, H).
        parameters: names and parameters whose gradients are wanted.
        x: the input.
        upstream: gradient of y; None runs forward alone, without recording anything.
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

    def evidence(self) -> dict[str, Tensor]:
        """See :meth:`Side.evidence`."""
        found = {"y": self._run().detach()}
        if self._upstream is not None:
            grads = {"x": self._x.grad} | {name: p.grad for name, p in self._parameters.items()}
            found |= {f"gradient of {name}": g for name, g in grads.items() if g is not None}
        return found


def module_side(module: nn.Module, case: LayerCase, call: Callable[..., Tensor] | None = None) -> ModuleSide:
    """Return the side of a layer that gives (y, state); ``call`` is used in its place if given."""
    module.train(case.training)
    forward = call or (lambda x: module(x)[0])
    upstream = case.upstream if case.training else None
    return ModuleSide(forward, module.named_parameters(), case.x, upstream)
