"""Gradients ∂E_t/∂h_k of the loss of one step with respect to the state of another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.diagnostics.passes import Pass, Recording
from unrolled.errors import ConfigError, ShapeError
from unrolled.short_repr import short_repr

Floats = NDArray[np.float64]
CHUNK_BYTES = 256 << 20
QUANTILES = (0.1, 0.5, 0.9)


@short_repr
@dataclass(frozen=True, eq=False)
class StateGradients:
    """Norms of the gradients with respect to one state of one layer and direction.

    ``norms`` (N, T, B) is ‖∂E_n/∂s_k‖ of each row: the total derivative, through all later steps and all
    layers above. ``total`` (T, B) is ‖∂(Σ_n E_n)/∂s_k‖. Both are NaN beyond the length of a row. The c of an
    LSTM is the input of the next step: a change of c_k does not include the change of h_k computed from it.
    """

    layer: str
    state: str
    reverse: bool
    norms: Floats
    total: Floats

    @property
    def name(self) -> str:
        """Display name: layer and state."""
        return f"{self.layer} {self.state}"

    def matrix(self) -> Floats:
        """Return the mean of the norms over the rows, (N, T); NaN if no row has both steps."""
        norms = self._without_independent()
        counts = (~np.isnan(norms)).sum(-1)
        sums = np.nansum(norms, -1)
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)

    def over_distance(self, times: NDArray[np.int64]) -> "DistanceCurve":
        """Return the norms by the distance from the step of the loss back to the step of the state.

        A single loss of a row belongs to its end. A backward layer ends at the first step, so that distances
        are counted from there.

        Args:
            times: step that each loss belongs to, (N,) or (N, B); −1 for none.
        """
        losses, steps, rows = self.norms.shape
        times = np.broadcast_to(times.reshape(losses, -1), (losses, rows))
        if self.reverse and losses == 1:
            times = np.minimum(times, 0)
        gap = times[:, None, :] - np.arange(steps)[None, :, None]
        gap = np.where(times[:, None, :] < 0, -1, -gap if self.reverse else gap)
        norms = self._without_independent()
        keep = (gap >= 0) & ~np.isnan(norms)
        return DistanceCurve.of(self.name, gap[keep], norms[keep])

    def _without_independent(self) -> Floats:
        """Return the norms, with NaN for losses that depend on no state, such as those of padding."""
        independent = ~np.any(np.nan_to_num(self.norms) > 0, axis=1, keepdims=True)
        return np.where(independent, np.nan, self.norms)


@short_repr
@dataclass(frozen=True, eq=False)
class DistanceCurve:
    """Gradient norms of all losses and rows by distance in steps; each array is (D,)."""

    name: str
    distance: NDArray[np.int64]
    mean: Floats
    low: Floats
    """The 10% quantile."""
    median: Floats
    high: Floats
    """The 90% quantile."""
    count: NDArray[np.int64]

    @staticmethod
    def of(name: str, gaps: NDArray[np.int64], norms: Floats) -> "DistanceCurve":
        """Group norms by distance and compute their statistics."""
        order = np.argsort(gaps, kind="stable")
        distance, begins = np.unique(gaps[order], return_index=True)
        groups = np.split(norms[order], begins[1:]) if len(distance) else []
        quantiles = np.array([np.quantile(g, QUANTILES) for g in groups]).reshape(-1, len(QUANTILES))
        low, median, high = quantiles.T
        mean = np.array([g.mean() for g in groups])
        return DistanceCurve(name, distance, mean, low, median, high, np.array([len(g) for g in groups], int))


@short_repr
@dataclass(frozen=True, eq=False)
class GradientMatrices:
    """The gradients of the losses (N, B) with respect to every state of every layer."""

    states: tuple[StateGradients, ...]
    times: NDArray[np.int64] | None
    """Step that each loss belongs to, (N,) or (N, B), −1 for none; None if losses belong to no steps."""
    layers: str = ""
    """Submodule whose steps ``times`` counts; "" is the whole module."""

    def curves(self) -> tuple[DistanceCurve, ...]:
        """Return the norms by distance, for the layers that ``times`` refers to."""
        if self.times is None:
            return ()
        return tuple(s.over_distance(self.times) for s in self.states if is_in_module(s.layer, self.layers))


@torch.enable_grad()
def gradients(
    recording: Recording,
    *,
    times: Tensor | Sequence[int] | None = None,
    layers: str = "",
    together: int | None = None,
) -> GradientMatrices:
    """Differentiate every loss with respect to every state of every step.

    One backward pass through the recorded graph differentiates many losses (``torch.vmap``).

    Args:
        recording: from :func:`unrolled.diagnostics.record`.
        times: step that each loss belongs to, (N,) or (N, B); −1 for none. By default 0 … N − 1 if there are
            as many losses as steps, and the last step of each row if there is one loss.
        layers: name of the submodule whose steps ``times`` counts, if there are several ("decoder").
        together: number of losses per backward pass; None uses as many as fit into 256 MB. Use 1 for
            modules with operations that do not support batched gradients.

    Raises:
        ConfigError: if an operation of the module does not support batched gradients, or ``layers`` has no
            recurrent layer.
        ShapeError: if the shape of ``times`` does not fit the losses.
    """
    keys = [(p.name, name) for p in recording.passes for name in p.probes for _ in p.probes[name]]
    probes = [probe for p in recording.passes for name in p.probes for probe in p.probes[name]]
    losses = recording.losses
    size = sum(probe.numel() * probe.element_size() for probe in probes)
    chunk = max(1, CHUNK_BYTES // max(size, 1)) if together is None else together
    norms = [_by_state(keys, parts) for parts in _chunks(losses.sum(1), probes, chunk)]
    (totals,) = [_by_state(keys, parts) for parts in _chunks(losses.sum()[None], probes, 1)]
    states = tuple(
        _state_gradients(p, name, np.concatenate([n[p.name, name] for n in norms]), totals[p.name, name][0])
        for p in recording.passes
        for name in p.probes
    )
    return GradientMatrices(states, _times(recording, times, layers), layers)


def is_in_module(layer: str, module: str) -> bool:
    """Return whether a layer belongs to a module, by their names; every layer belongs to ""."""
    return not module or layer == module or layer.startswith(module + ".")


def _by_state(keys: list[tuple[str, str]], gradients: Sequence[Tensor]) -> dict[tuple[str, str], Floats]:
    """Return the norms (n, T, B) of each layer and state, with consecutive calls joined along time."""
    pieces: dict[tuple[str, str], list[Floats]] = {}
    for key, gradient in zip(keys, gradients, strict=True):
        norms = torch.linalg.vector_norm(gradient, dim=-1)
        pieces.setdefault(key, []).append(norms.double().cpu().numpy())
    return {key: np.concatenate(parts, axis=1) for key, parts in pieces.items()}


def _state_gradients(p: Pass, state: str, norms: Floats, total: Floats) -> StateGradients:
    padding = ~p.live.numpy()
    norms[:, padding], total[padding] = np.nan, np.nan
    return StateGradients(p.name, state, p.reverse, norms, total)


def _chunks(losses: Tensor, probes: list[Tensor], chunk: int) -> Iterator[tuple[Tensor, ...]]:
    """Yield the gradients of the losses (N,) in chunks of n losses, each (n, T, B, size)."""
    count = len(losses)
    for begin in range(0, count, chunk):
        cotangents = torch.eye(count, dtype=losses.dtype, device=losses.device)[begin : begin + chunk]
        batched = len(cotangents) > 1
        try:
            parts = torch.autograd.grad(
                losses,
                probes,
                cotangents if batched else cotangents[0],
                retain_graph=True,
                allow_unused=True,
                is_grads_batched=batched,
            )
        except RuntimeError as error:
            if not batched:
                raise
            reason = str(error).strip().splitlines()[0][:200]
            raise ConfigError(
                f"an operation of the module does not support batched gradients ({reason}): "
                "use together=1, which runs one backward pass per loss"
            ) from error
        yield tuple(
            probe.new_zeros(len(cotangents), *probe.shape) if part is None else part.view(-1, *probe.shape)
            for part, probe in zip(parts, probes, strict=True)
        )


def _times(
    recording: Recording, times: Tensor | Sequence[int] | None, layers: str
) -> NDArray[np.int64] | None:
    losses, rows = recording.losses.shape
    passes = [p for p in recording.passes if is_in_module(p.name, layers)]
    if not passes:
        raise ConfigError(f"no layer of {layers!r}; there are {', '.join(p.name for p in recording.passes)}")
    steps = {len(p.live) for p in passes}
    if times is not None:
        steps_of_losses = torch.as_tensor(times).numpy().astype(np.int64)
        if steps_of_losses.shape not in ((losses,), (losses, rows)):
            raise ShapeError(f"times must be ({losses},) or ({losses}, {rows}), got {steps_of_losses.shape}")
        return steps_of_losses
    if steps == {losses} and losses > 1:
        return np.arange(losses)
    if losses == 1 and len(steps) == 1 and rows == passes[0].live.shape[1]:
        last: NDArray[np.int64] = passes[0].live.sum(0).numpy() - 1
        return last[None]
    return None
