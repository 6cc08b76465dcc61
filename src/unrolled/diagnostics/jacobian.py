"""∂state_t/∂state_{t−1}: what one step does to a small change of the state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.func import jacrev, vjp, vmap

from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.passes import Pass
from unrolled.errors import ConfigError, NonFiniteError
from unrolled.short_repr import short_repr

SAMPLES_TOGETHER = 16
Place = tuple[int, int]
"""A step and a row."""


def jacobians(p: Pass, places: Sequence[Place]) -> Tensor:
    """Return ∂state_t/∂state_{t−1} at steps and rows of a pass, (S, N, N).

    The state of an LSTM is (h, c) in this order. For Elman's network this is diag(σ′(a_t)) U. With skip
    connections through time, h_{t−k} is held fixed. A layer that runs backwards has t + 1 in place of t − 1.
    """
    steps, rows = (torch.tensor(axis) for axis in zip(*places, strict=True))
    before = torch.cat([s[steps, rows] for s in p.before], -1)
    given = before, p.entered["a"][steps, rows]
    found: Tensor = vmap(jacrev(_step_of(p)), chunk_size=SAMPLES_TOGETHER)(*given)
    return (
        found.float() if found.dtype.itemsize < 4 else found
    )  # there is no linear algebra in half precision


def push(p: Pass, place: Place, directions: Tensor) -> Tensor:
    """Return the Jacobian at a step and row times directions (N, K), without making the Jacobian.

    It is the derivative of u ↦ Jᵀu, which is linear, so that wherever it is taken J is what comes out.
    """
    step, row = place
    state, a = torch.cat([s[step, row] for s in p.before]), p.entered["a"][step, row]
    pull = vjp(lambda s: _step_of(p)(s, a), state)[1]
    times_jacobian = vjp(lambda u: pull(u)[0], torch.zeros_like(state))[1]
    (found,) = vmap(times_jacobian, in_dims=1, out_dims=1)(directions)
    assert isinstance(found, Tensor)
    return found


def _step_of(p: Pass) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the step of a row as a function of its whole state (N,) and a."""
    sizes = [s.shape[-1] for s in p.before]

    def step(state: Tensor, a: Tensor) -> Tensor:
        new, _ = p.cell.step(a, state.split(sizes), p.parameters, p.masks)
        return torch.cat(new)

    return step


@short_repr
@dataclass(frozen=True, eq=False)
class Spectra:
    """Of the step Jacobians at sampled steps and rows of one layer and direction."""

    layer: str
    places: tuple[Place, ...]
    singular: Floats
    """Singular values of each, descending (S, N)."""
    radius: Floats
    """Spectral radius of each, max |eigenvalue|, (S,)."""

    @property
    def norm(self) -> Floats:
        """The largest singular value of each, ‖J‖, (S,)."""
        largest: Floats = self.singular[:, 0]
        return largest


def spectra(p: Pass, places: Sequence[Place]) -> Spectra:
    """Return singular values and spectral radii of the Jacobians at some steps and rows.

    Raises:
        NonFiniteError: if one holds an infinite number, or none.
    """
    found = jacobians(p, places)
    if not found.isfinite().all():
        raise NonFiniteError(
            f"{p.name}: a Jacobian holds an infinite number, or none; see its states and weights"
        )
    radius = torch.linalg.eigvals(found).abs().amax(-1)
    return Spectra(p.name, tuple(places), _floats(torch.linalg.svdvals(found)), _floats(radius))


def sample_places(p: Pass, count: int, seed: int = 0) -> tuple[Place, ...]:
    """Return ``count`` (step, row) that are not padding, spread over the window; fewer if there are fewer.

    Rows are few, so that the Jacobians along one serve several steps: a quarter of the square root at most.

    Raises:
        ConfigError: if count is not positive.
    """
    if count < 1:
        raise ConfigError(f"samples={count}: must be at least 1")
    generator = np.random.default_rng(seed)
    lengths = p.live.sum(0).tolist()
    rows = generator.permutation(len(lengths))[: max(1, round(count**0.5 / 2))]
    places: list[Place] = []
    for number, row in enumerate(rows.tolist()):
        wanted = count // len(rows) + (number < count % len(rows))
        steps = np.unique(np.linspace(0, lengths[row] - 1, min(wanted, lengths[row])).round().astype(int))
        places += [(step, row) for step in steps.tolist()]
    return tuple(places)


def _floats(values: Tensor) -> Floats:
    found: Floats = values.double().cpu().numpy()
    return found
