"""Fast random dropout masks."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from unrolled.backends import transforms

RESOLUTION = 1 << 16
"""Probabilities are rounded to multiples of 1 / RESOLUTION."""
MAX_RELATIVE_ERROR = 1e-3
"""Largest relative error of a rounded probability and of its complement. Above it, torch draws the mask."""


def random_mask(shape: Sequence[int], probability: float, like: Tensor, scale: float = 1.0) -> Tensor:
    """Return a mask whose elements are ``scale`` with this probability and 0 otherwise, independently.

    The mask has the dtype and device of ``like``. On a CPU, torch uses 64 random bits for each element, one
    after the other; for a large mask that takes longer than the products of its layer. This function draws
    four elements from 64 bits, which rounds the probability to a multiple of 2⁻¹⁶. If the relative error of
    the probability or its complement exceeds 10⁻³, torch draws the mask. Both ways use torch's generator.
    """
    threshold = round(probability * RESOLUTION)
    tolerance = MAX_RELATIVE_ERROR * min(probability, 1.0 - probability)
    is_accurate = abs(threshold / RESOLUTION - probability) <= tolerance
    running = transforms.running()
    if running.batched or running.traced:
        # Under vmap each sample may need its own draws, which one tensor filled in place cannot store.
        mask = torch.full(tuple(shape), probability, dtype=like.dtype, device=like.device).bernoulli()
    elif like.device.type != "cpu" or not is_accurate or threshold in (0, RESOLUTION):
        mask = like.new_empty(shape).bernoulli_(probability)
    else:
        count = math.prod(shape)
        words = torch.randint(-(2**63), 2**63 - 1, ((count + 3) // 4,), device="cpu")
        mask = like.new_empty(count)
        torch.lt(words.view(torch.int16)[:count], threshold - RESOLUTION // 2, out=mask)
        mask = mask.view(tuple(shape))
    return mask if scale == 1.0 else mask.mul_(scale)


def drop(x: Tensor, rate: float, shape: Sequence[int] | None = None) -> Tensor:
    """Return x with random elements set to zero and the others scaled to keep the mean.

    Args:
        x: tensor of any shape.
        rate: probability of dropping an element, 0 ≤ rate < 1.
        shape: shape of the mask, which is broadcast to x; None means the shape of x.
    """
    return x * random_mask(x.shape if shape is None else shape, 1.0 - rate, x, 1.0 / (1.0 - rate))
