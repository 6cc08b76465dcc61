"""Contribution of each step to the gradients of W, U and b."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import vjp, vmap

from unrolled.cells import Parameters, State
from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.passes import Pass, Recording
from unrolled.short_repr import short_repr

CHUNK_STEPS = 16


@short_repr
@dataclass(frozen=True, eq=False)
class Contributions:
    """Norms of the gradient contributions of each step in one layer and direction, by parameter name.

    The weights are shared by all steps: if step k had its own copy w_k, then ∂E/∂w = Σ_k ∂E/∂w_k. Each norm
    ‖∂E/∂w_k‖, (T,), is over all rows together; E is the sum of all losses.
    """

    layer: str
    norms: Mapping[str, Floats]


def contributions(recording: Recording) -> tuple[Contributions, ...]:
    """Return the contribution of each step to the gradient of every parameter of every recurrent layer."""
    return tuple(
        Contributions(
            p.name,
            {name: _norms(g).double().numpy() for name, g in step_gradients(p, states).items()},
        )
        for p, states in zip(recording.passes, total_gradients(recording), strict=True)
    )


@torch.enable_grad()
def total_gradients(recording: Recording) -> list[State]:
    """Return ∂(Σ E)/∂state of every pass, each state (T, B, size)."""
    probes = [probe for p in recording.passes for n in p.cell.state_names for probe in p.probes[n]]
    gradients = iter(
        torch.autograd.grad(recording.losses.sum(), probes, retain_graph=True, materialize_grads=True)
    )
    return [
        tuple(torch.cat([next(gradients) for _ in p.probes[n]]) for n in p.cell.state_names)
        for p in recording.passes
    ]


def step_gradients(p: Pass, states: State) -> dict[str, Tensor]:
    """Return ∂E/∂w_k (T, …) of every parameter w except those of skip connections.

    ``states`` is ∂E/∂state_k of every step. The contribution of step k is one vector-Jacobian product.
    """
    weights = {n: w for n, w in p.parameters.items() if n != "weight_skip"}
    x, a = p.entered["x"], p.entered["a"]
    # The part of a from skip connections, added to W x + b; constant in the step.
    skip_input = a - p.cell.project(x, p.parameters)

    def gradients_at(x_k: Tensor, skip_input_k: Tensor, before: State, cotangent: State) -> Parameters:
        def step(w: Parameters) -> State:
            return p.cell.step(p.cell.project(x_k, w) + skip_input_k, before, w, p.masks)[0]

        pull = vjp(step, weights)[1]
        gradients: Parameters = pull(cotangent)[0]
        return gradients

    return dict(vmap(gradients_at, chunk_size=CHUNK_STEPS)(x, skip_input, p.before, states))


def _norms(per_step: Tensor) -> Tensor:
    """Return the norm of each (T, …)."""
    return torch.linalg.vector_norm(per_step.flatten(1), dim=1)
