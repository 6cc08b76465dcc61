"""Pointwise operations as C expressions."""

from collections.abc import Callable, Mapping

from unrolled.programs.program import Operation

EXPRESSIONS: Mapping[str, Callable[..., str]] = {
    "negate": lambda a: f"-{a}",
    "sigmoid": lambda a: f"sigmoid({a})",
    "tanh": lambda a: f"tanhf({a})",
    "relu": lambda a: f"{a} < 0.0f ? 0.0f : {a}",
    "exp": lambda a: f"expf({a})",
    "log": lambda a: f"logf({a})",
    "log_sigmoid": lambda a: f"log_sigmoid({a})",
    "softplus": lambda a: f"softplus({a})",
    "sqrt": lambda a: f"sqrtf({a})",
    "absolute": lambda a: f"{a} < 0.0f ? -{a} : {a}",
    "round": lambda a: f"rintf({a})",
    "add": lambda a, b: f"{a} + {b}",
    "subtract": lambda a, b: f"{a} - {b}",
    "multiply": lambda a, b: f"{a} * {b}",
    "divide": lambda a, b: f"{a} / {b}",
    # A value that is not a number stays one.
    "minimum": lambda a, b: f"{a} < {b} || {a} != {a} ? {a} : {b}",
    "maximum": lambda a, b: f"{a} > {b} || {a} != {a} ? {a} : {b}",
    "greater": lambda a, b: f"{a} > {b} ? 1.0f : 0.0f",
    "where": lambda c, a, b: f"{c} != 0.0f ? {a} : {b}",
}
"""By operation; each operand is a variable, an element of an array or a literal."""

CALLS: Mapping[str, tuple[str, ...]] = {
    "sigmoid": ("sigmoid",),
    "tanh": ("tanhf",),
    "exp": ("expf",),
    "log": ("logf",),
    "log_sigmoid": ("log_sigmoid",),
    "softplus": ("softplus",),
    "sqrt": ("sqrtf",),
    "round": ("rintf",),
    "linear": (),
    "layer_norm": ("layer_norm",),
    "sum": ("sum",),
    "largest": ("largest",),
}
"""Functions that each operation calls; those of products depend on the precision."""


def expression(op: Operation, operands: list[str]) -> str:
    """Return the expression of one element of a pointwise operation."""
    return EXPRESSIONS[op.name](*operands)
