"""What torch's functions record when they are called with symbols, so that any cell's step can be traced."""

from collections.abc import Callable, Mapping
from typing import Any

from unrolled.programs.symbols import Recorder, Symbol, concat, unknown_operation

_SAME_NAME = (
    "sigmoid", "tanh", "relu", "exp", "log", "softplus", "sqrt", "abs", "round", "silu", "square", "rsqrt",
    "reciprocal", "minimum", "maximum", "clamp", "sum", "mean", "amax", "softmax", "log_softmax", "chunk",
    "split", "narrow", "matmul",
)  # fmt: skip
"""Functions of torch that are methods of a symbol with the same arguments."""


def _binary(method: str) -> Callable[..., Any]:
    """Return the record of an arithmetic function, whose first operand may be a number or a tensor."""

    def call(a: Any, b: Any) -> Any:
        if isinstance(a, Recorder):
            return getattr(a, f"__{method}__")(b)
        return getattr(b, f"__r{method}__")(a)

    return call


def _compare(a: Any, b: Any) -> Any:
    return a > b if isinstance(a, Recorder) else b < a


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    if not isinstance(x, Symbol):
        raise unknown_operation("a product of something other than a vector of the step")
    return x.linear(weight, bias)


def _layer_norm(
    x: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    if tuple(normalized_shape) != (x.length,):
        raise unknown_operation(f"layer_norm over {tuple(normalized_shape)} of a vector of size {x.length}")
    return x.layer_norm(weight, bias, eps)


def _where(condition: Any, value: Any, other: Any) -> Any:
    if isinstance(value, Symbol):
        return value.where(condition, other)
    return (condition * 0.0 + value).where(condition, other)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "add": _binary("add"),
    "sub": _binary("sub"),
    "subtract": _binary("sub"),
    "mul": _binary("mul"),
    "multiply": _binary("mul"),
    "div": _binary("truediv"),
    "divide": _binary("truediv"),
    "true_divide": _binary("truediv"),
    "rsub": lambda a, b: b - a,
    "gt": _compare,
    "lt": lambda a, b: _compare(b, a),
    "neg": lambda x: -x,
    "pow": lambda x, power: x**power,
    "linear": _linear,
    "layer_norm": _layer_norm,
    "where": _where,
    "logsigmoid": lambda x: x.log_sigmoid(),
    "log_sigmoid": lambda x: x.log_sigmoid(),  # the name of the function behind F.logsigmoid
    "cat": concat,
    "concat": concat,
    **{
        name: lambda x, *args, _name=name, **options: getattr(x, _name)(*args, **options)
        for name in _SAME_NAME
    },
}
"""By the name of torch's function."""


def record(function: Callable[..., Any], args: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """Record a call of a torch function.

    Raises:
        ProgramError: if programs have no such operation.
    """
    name = getattr(function, "__name__", str(function)).strip("_")
    if name not in FUNCTIONS:
        raise unknown_operation(f"torch's {name}")
    options = {
        key: value for key, value in options.items() if key not in ("out", "dtype") or value is not None
    }
    options.pop("_stacklevel", None)
    options.pop("inplace", None)
    return FUNCTIONS[name](*args, **options)
