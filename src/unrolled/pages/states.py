"""Compact encoding of the states of a layer for a page: one byte per value, one scale per unit."""

import base64
from typing import Any

import numpy as np

from unrolled.pages.display import visible
from unrolled.pages.parts import StateMap

LEVELS = 127
"""Quantisation levels: a value is an integer multiple of 1/127 of its unit's largest magnitude."""
NOT_FINITE = -128
"""Byte value for infinities and NaN."""


def payload(states: StateMap) -> dict[str, Any]:
    """Return the data of a state map for the page's script, in types of strict JSON.

    The rounding error of values is at most 1/254 of the largest magnitude of their unit.
    """
    return {
        "tokens": list(states.tokens),
        "shown": [visible(t) for t in states.tokens],
        "layers": [
            _layer(name, values, {int(u): note for u, note in states.notes.get(name, {}).items()})
            for name, values in states.layers.items()
        ],
    }


def quantise(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values (T, H) as bytes (H, T) and scales (H,): value = byte · scale / 127.

    Non-finite values become :data:`NOT_FINITE`; the scale of a unit that is always zero is 0.
    """
    finite = np.isfinite(values)
    real = np.where(finite, values, 0).astype(np.float64)
    scale = np.abs(real).max(0)
    steps = np.rint(real / np.where(scale > 0, scale, 1) * LEVELS)
    return np.where(finite, steps, NOT_FINITE).astype(np.int8).T.copy(), scale


def colour_limit(values: np.ndarray) -> float:
    """Return the magnitude at which colours saturate: one value in two hundred exceeds it."""
    magnitudes = np.abs(values[np.isfinite(values)].astype(np.float64))
    limit = float(np.quantile(magnitudes, 0.995)) if magnitudes.size else 0.0
    return limit or float(magnitudes.max(initial=0.0)) or 1.0


def similar_order(values: np.ndarray) -> list[int]:
    """Order the units of values (T, H) so that correlated units are neighbours.

    Uses average-linkage clustering of the standardised values over time; constant units form one group.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import pdist

    width = values.shape[1]
    if width < 3:
        return list(range(width))
    real = np.where(np.isfinite(values), values, 0).astype(np.float64)
    centred = real - real.mean(0)
    length = np.linalg.norm(centred, axis=0)
    normalised = centred / np.where(length > 0, length, 1)
    tree = linkage(pdist(normalised.T), method="average", optimal_ordering=width <= 128)
    return [int(unit) for unit in leaves_list(tree)]


def _layer(name: str, values: np.ndarray, notes: dict[int, str]) -> dict[str, Any]:
    packed, scale = quantise(values)
    return {
        "name": name,
        "units": values.shape[1],
        "limit": colour_limit(values),
        "scale": [float(f"{s:.6g}") for s in scale],
        "order": similar_order(values),
        "notes": [[unit, note] for unit, note in notes.items()],
        "data": base64.b64encode(packed.tobytes()).decode("ascii"),
    }
