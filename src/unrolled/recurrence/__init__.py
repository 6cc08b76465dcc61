"""The loop through time: a readable reference, torch's kernels, and the choice between them."""

from unrolled.recurrence.choice import BACKENDS, Backend, Choice, Need, choose
from unrolled.recurrence.reference import Unrolled, unroll

__all__ = ["BACKENDS", "Backend", "Choice", "Need", "Unrolled", "choose", "unroll"]
