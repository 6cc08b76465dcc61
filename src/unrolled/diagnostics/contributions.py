"""What each step adds to the gradients of W, U and b."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import vjp, vmap

from unrolled.cells import Parameters, State
from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.passes import Pass, Recording
from unrolled.short_repr import short_repr

STEPS_TOGETHER = 16


@short_repr
@dataclass(frozen=True, eq=False)
class Contributions:
    """‖∂E/∂w at step k‖ of each parameter w of one layer and direction, by the parameter's short name.

    The weights are used at every step; ∂E/∂w = Σ_k ∂E/∂w_k, were each step to have its own copy w_k. Norms
    are of ∂E/∂w_k of all rows together, (T,); E is the sum of all losses.
    """

    layer: str
    norms: Mapping[str, Floats]


def contributions(recording: Recording) -> tuple[Contributions, ...]:
    """Return what each step adds to the gradient of every parameter of every recurrent layer."""
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
    wanted = [probe for p in recording.passes for n in p.cell.state_names for probe in p.probes[n]]
    found = iter(
        torch.autograd.grad(recording.losses.sum(), wanted, retain_graph=True, materialize_grads=True)
    )
    return [
        tuple(torch.cat([next(found) for _ in p.probes[n]]) for n in p.cell.state_names)
        for p in recording.passes
    ]


def step_gradients(p: Pass, states: State) -> dict[str, Tensor]:
    """Return ∂E/∂w_k (T, …) of every parameter w but those of skip connections.

    ``states`` is ∂E/∂state_k of every step: what step k adds is its own vector-Jacobian product.
    """
    weights = {n: w for n, w in p.parameters.items() if n != "weight_skip"}
    x, a = p.entered["x"], p.entered["a"]
    # Constants of the step: what skip connections add to W x + b.
    beside = a - p.cell.project(x, p.parameters)

    def one(x_k: Tensor, beside_k: Tensor, before: State, cotangent: State) -> Parameters:
        def step(w: Parameters) -> State:
            return p.cell.step(p.cell.project(x_k, w) + beside_k, before, w, p.masks)[0]

        pull = vjp(step, weights)[1]
        gradients: Parameters = pull(cotangent)[0]
        return gradients

    return dict(vmap(one, chunk_size=STEPS_TOGETHER)(x, beside, p.before, states))


def _norms(per_step: Tensor) -> Tensor:
    """Return the norm of each (T, …)."""
    return torch.linalg.vector_norm(per_step.flatten(1), dim=1)
