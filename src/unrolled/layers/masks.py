"""Random masks, drawn fast."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from unrolled.backends import transforms

PARTS = 1 << 16
COARSEST = 1e-3
"""Largest error of a probability, relative to itself and to its complement; others are drawn one by one."""


def random_mask(shape: Sequence[int], probability: float, like: Tensor, scale: float = 1.0) -> Tensor:
    """Return independent draws, ``scale`` with a probability and else 0, of the dtype and device of ``like``.

    On a CPU torch draws one number after the other, each from 64 random bits: for a large mask that takes
    longer than the products of its layer. Here 64 bits make four draws, so that the probability is rounded
    to a multiple of 2⁻¹⁶; where that would change it (or its complement) by more than 10⁻³ of itself, torch's
    own draws are taken. Both come from torch's generator.
    """
    below = round(probability * PARTS)
    exact = abs(below / PARTS - probability) <= COARSEST * min(probability, 1.0 - probability)
    running = transforms.running()
    if running.batched or running.traced:
        # Each sample may have draws of its own, which nothing in place can hold.
        mask = torch.full(tuple(shape), probability, dtype=like.dtype, device=like.device).bernoulli()
    elif like.device.type != "cpu" or not exact or below in (0, PARTS):
        mask = like.new_empty(shape).bernoulli_(probability)
    else:
        count = math.prod(shape)
        words = torch.randint(-(2**63), 2**63 - 1, ((count + 3) // 4,), device="cpu")
        mask = like.new_empty(count)
        torch.lt(words.view(torch.int16)[:count], below - PARTS // 2, out=mask)
        mask = mask.view(tuple(shape))
    return mask if scale == 1.0 else mask.mul_(scale)


def drop(x: Tensor, rate: float, shape: Sequence[int] | None = None) -> Tensor:
    """Return x with a share of its numbers at zero and the others scaled so that the mean stays.

    Args:
        x: any shape.
        rate: share that becomes zero, 0 ≤ rate < 1.
        shape: of the mask, which broadcasts to x; None draws one number for each of x.
    """
    return x * random_mask(x.shape if shape is None else shape, 1.0 - rate, x, 1.0 / (1.0 - rate))
