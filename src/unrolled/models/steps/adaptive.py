"""The adaptive softmax as operations of a step program."""

from unrolled.models.steps.stack import add_linear
from unrolled.programs.builder import Builder
from unrolled.programs.symbols import Symbol, concat

TAIL_DIVISOR = 4
"""Factor by which the number of features decreases from one group of tokens to the next."""


def add_adaptive_output(builder: Builder, h: Symbol, vocabulary: int, cutoffs: tuple[int, ...]) -> Symbol:
    """Add ln p (V,) of an adaptive softmax (Grave et al. 2017); see :class:`AdaptiveOutput`."""
    shortlist, groups = cutoffs[0], len(cutoffs)
    head = add_linear(builder, h, "output.softmax.head", shortlist + groups).log_softmax()
    parts = [head.part(0, shortlist)]
    for group, (begin, end) in enumerate(zip(cutoffs, (*cutoffs[1:], vocabulary), strict=True)):
        name, size = f"output.softmax.tail.{group}", int(h.length // TAIL_DIVISOR ** (group + 1))
        small = add_linear(builder, h, f"{name}.0", size, bias=False)
        tail = add_linear(builder, small, f"{name}.1", end - begin, bias=False).log_softmax()
        parts.append(tail + head.part(shortlist + group, 1))
    return concat(parts)
