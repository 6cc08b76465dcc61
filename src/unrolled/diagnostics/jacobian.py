"""Step Jacobians ∂state_t/∂state_{t−1} and their spectra."""

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

CHUNK_SAMPLES = 16
Place = tuple[int, int]
"""(step, row)."""


def jacobians(p: Pass, places: Sequence[Place]) -> Tensor:
    """Return ∂state_t/∂state_{t−1} at steps and rows of a pass, (S, N, N).

    The state of an LSTM is (h, c), in this order. For an Elman network the Jacobian is diag(σ′(a_t)) U. With
    skip connections through time, h_{t−k} is held fixed. A backward layer has t + 1 instead of t − 1.
    """
    steps, rows = (torch.tensor(axis) for axis in zip(*places, strict=True))
    before = torch.cat([s[steps, rows] for s in p.before], -1)
    inputs = before, p.entered["a"][steps, rows]
    result: Tensor = vmap(jacrev(_make_step(p)), chunk_size=CHUNK_SAMPLES)(*inputs)
    # torch has no linear algebra in half precision.
    return result.float() if result.dtype.itemsize < 4 else result


def jacobian_times(p: Pass, place: Place, directions: Tensor) -> Tensor:
    """Return the Jacobian at a step and row times directions (N, K), without forming the Jacobian.

    It is the transposed derivative of u ↦ Jᵀu, which is linear, so that any u gives the same result.
    """
    step, row = place
    state, a = torch.cat([s[step, row] for s in p.before]), p.entered["a"][step, row]
    pull = vjp(lambda s: _make_step(p)(s, a), state)[1]
    times_jacobian = vjp(lambda u: pull(u)[0], torch.zeros_like(state))[1]
    (result,) = vmap(times_jacobian, in_dims=1, out_dims=1)(directions)
    assert isinstance(result, Tensor)
    return result


def _make_step(p: Pass) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the step function of a row, from its whole state (N,) and a to the next state."""
    sizes = [s.shape[-1] for s in p.before]

    def step(state: Tensor, a: Tensor) -> Tensor:
        new, _ = p.cell.step(a, state.split(sizes), p.parameters, p.masks)
        return torch.cat(new)

    return step


@short_repr
@dataclass(frozen=True, eq=False)
class Spectra:
    """Singular values and spectral radii of step Jacobians of one layer and direction."""

    layer: str
    places: tuple[Place, ...]
    singular: Floats
    """Singular values of each Jacobian, descending, (S, N)."""
    radius: Floats
    """Spectral radius of each Jacobian, max |eigenvalue|, (S,)."""

    @property
    def norm(self) -> Floats:
        """Largest singular value ‖J‖ of each Jacobian, (S,)."""
        largest: Floats = self.singular[:, 0]
        return largest


def spectra(p: Pass, places: Sequence[Place]) -> Spectra:
    """Return singular values and spectral radii of the Jacobians at the given steps and rows.

    Raises:
        NonFiniteError: if a Jacobian has an infinite or NaN value.
    """
    matrices = jacobians(p, places)
    if not matrices.isfinite().all():
        raise NonFiniteError(
            f"{p.name}: a Jacobian has an infinite or NaN value; check the states and weights"
        )
    radius = torch.linalg.eigvals(matrices).abs().amax(-1)
    return Spectra(p.name, tuple(places), _floats(torch.linalg.svdvals(matrices)), _floats(radius))


def sample_places(p: Pass, count: int, seed: int = 0) -> tuple[Place, ...]:
    """Return up to ``count`` pairs (step, row) that are not padding, spread over the window.

    Only a few rows are used (about half the square root of ``count``), so that :func:`.products` can reuse
    the Jacobians of a row for several of its steps.

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
        steps_in_row = count // len(rows) + (number < count % len(rows))
        steps = np.unique(
            np.linspace(0, lengths[row] - 1, min(steps_in_row, lengths[row])).round().astype(int)
        )
        places += [(step, row) for step in steps.tolist()]
    return tuple(places)


def _floats(values: Tensor) -> Floats:
    array: Floats = values.double().cpu().numpy()
    return array
