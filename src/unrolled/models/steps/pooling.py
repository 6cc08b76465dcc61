"""Pooling over the steps read so far, as operations of a step program."""

from unrolled.models.steps.stack import add_linear
from unrolled.programs.builder import Builder
from unrolled.programs.symbols import Symbol

LOWEST = -3e38
"""Initial value of a running maximum: close to the lowest number of float32."""


def add_pooling(builder: Builder, h: Symbol, kind: str, prefix: str = "pooling") -> Symbol:
    """Add the pooled vector of all steps up to this one; see :mod:`unrolled.layers.pooling`.

    The states hold what the pooling needs of the past, so that memory does not grow with the steps.
    """
    match kind:
        case "last":
            return h
        case "mean":
            return _accumulate(builder, f"{prefix}.sum", h) / _accumulate(
                builder, f"{prefix}.steps", builder.constant(1.0)
            )
        case "max":
            largest = builder.state(f"{prefix}.max", h.length, LOWEST).maximum(h)
            builder.set_state(f"{prefix}.max", largest)
            return largest
        case _:
            return _add_attention(builder, h, prefix)


def _accumulate(builder: Builder, name: str, value: Symbol) -> Symbol:
    total = builder.state(name, value.length) + value
    builder.set_state(name, total)
    return total


def _add_attention(builder: Builder, h: Symbol, prefix: str) -> Symbol:
    """Add the softmax-weighted mean, whose sums are rescaled when a larger score arrives.

    Source: Milakov & Gimelshein, Online normalizer calculation for softmax (2018), arXiv:1805.02867.
    """
    score = add_attention_score(builder, h, prefix)
    names = {"max": (1, LOWEST), "total": (1, 0.0), "sum": (h.length, 0.0)}
    before = {name: builder.state(f"{prefix}.{name}", size, first) for name, (size, first) in names.items()}
    largest = before["max"].maximum(score)
    shrink, weight = (before["max"] - largest).exp(), (score - largest).exp()
    total, weighted = before["total"] * shrink + weight, before["sum"] * shrink + h * weight
    for name, value in (("max", largest), ("total", total), ("sum", weighted)):
        builder.set_state(f"{prefix}.{name}", value)
    return weighted / total


def add_attention_score(builder: Builder, h: Symbol, prefix: str = "pooling") -> Symbol:
    """Add the score vᵀ tanh(W h + b) of a step, of size 1; see :class:`unrolled.layers.pooling.Attention`."""
    hidden = add_linear(builder, h, f"{prefix}.hidden", h.length).tanh()
    return add_linear(builder, hidden, f"{prefix}.context", 1, bias=False)
