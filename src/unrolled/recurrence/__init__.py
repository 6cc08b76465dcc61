"""The loop through time: a readable reference, torch's kernels, and the choice between them."""

from unrolled.recurrence.choice import Backend, Choice, Need, check_backend, choose
from unrolled.recurrence.reference import Unrolled, unroll

__all__ = ["Backend", "Choice", "Need", "Unrolled", "check_backend", "choose", "unroll"]
