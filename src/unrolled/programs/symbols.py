"""Symbols: stand-ins for tensors that record operations while a step is traced.

A symbol behaves like a tensor (B, size) of which only the last axis is known. An operation that programs do
not have raises :class:`ProgramError` with its name.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from unrolled.cells.functions import Traced
from unrolled.errors import ProgramError
from unrolled.programs.operations import OPERATIONS
from unrolled.programs.program import Operation

if TYPE_CHECKING:
    from unrolled.programs.builder import Builder

LAYER_NORM_EPSILON = 1e-5


class Recorder(Traced):
    """Base of all stand-ins: passes torch's functions to the method of the same name."""

    def apply(self, function: str, *arguments: Any) -> Any:
        """Record a function of :mod:`unrolled.cells.functions`, called with this value first."""
        return getattr(self, function)(*arguments)

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        from unrolled.programs.torch_calls import record

        return record(func, args, kwargs or {})

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise unknown_operation(name)

    def __bool__(self) -> bool:
        raise ProgramError(
            "the step branches on the value of a tensor, which a step program cannot; use torch.where"
        )


class Symbol(Recorder):
    """The result of an operation of a program."""

    def __init__(self, builder: "Builder", number: int, size: int) -> None:
        self.builder, self.number, self.length = builder, number, size

    def size(self, dim: int | None = None) -> Any:
        """Return the size of an axis, or the shape, as :meth:`torch.Tensor.size`."""
        return self.shape if dim is None else self.shape[dim]

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (1, size), for one row."""
        return (1, self.length)

    def dim(self) -> int:
        """Return 2, as for a batch of rows."""
        return 2

    def _new(self, name: str, size: int, *inputs: "Symbol", **fields: Any) -> "Symbol":
        return self.builder.append(Operation(name, size, tuple(s.number for s in inputs), **fields))

    def symbol(self) -> "Symbol":
        """Return this symbol."""
        return self

    # Elementwise operations.

    def _unary(self, name: str) -> "Symbol":
        return self._new(name, self.length, self)

    def _binary(self, name: str, a: Any, b: Any) -> "Symbol":
        left, right = _operand(self.builder, a, name), _operand(self.builder, b, name)
        sizes = {left.length, right.length}
        if len(sizes) > 1 and 1 not in sizes:
            raise ProgramError(f"{name}: the operands have sizes {left.length} and {right.length}")
        return self._new(name, max(sizes), left, right)

    def __add__(self, other: Any) -> "Symbol":
        return self._binary("add", self, other)

    def __radd__(self, other: Any) -> "Symbol":
        return self._binary("add", other, self)

    def __sub__(self, other: Any) -> "Symbol":
        return self._binary("subtract", self, other)

    def __rsub__(self, other: Any) -> "Symbol":
        return self._binary("subtract", other, self)

    def __mul__(self, other: Any) -> "Symbol":
        return self._binary("multiply", self, other)

    def __rmul__(self, other: Any) -> "Symbol":
        return self._binary("multiply", other, self)

    def __truediv__(self, other: Any) -> "Symbol":
        return self._binary("divide", self, other)

    def __rtruediv__(self, other: Any) -> "Symbol":
        return self._binary("divide", other, self)

    def __gt__(self, other: Any) -> "Symbol":
        return self._binary("greater", self, other)

    def __lt__(self, other: Any) -> "Symbol":
        return self._binary("greater", other, self)

    def __neg__(self) -> "Symbol":
        return self._unary("negate")

    def __abs__(self) -> "Symbol":
        return self._unary("absolute")

    def __pow__(self, power: Any) -> "Symbol":
        if power == 2:
            return self * self
        if power == 0.5:
            return self._unary("sqrt")
        raise unknown_operation(f"pow({power})")

    def sigmoid(self) -> "Symbol":
        """Record the logistic function."""
        return self._unary("sigmoid")

    def tanh(self) -> "Symbol":
        """Record the hyperbolic tangent."""
        return self._unary("tanh")

    def relu(self) -> "Symbol":
        """Record max(x, 0)."""
        return self._unary("relu")

    def exp(self) -> "Symbol":
        """Record the exponential."""
        return self._unary("exp")

    def log(self) -> "Symbol":
        """Record the natural logarithm."""
        return self._unary("log")

    def log_sigmoid(self) -> "Symbol":
        """Record ln sigmoid(x)."""
        return self._unary("log_sigmoid")

    def softplus(self) -> "Symbol":
        """Record ln(1 + exp(x))."""
        return self._unary("softplus")

    def sqrt(self) -> "Symbol":
        """Record the square root."""
        return self._unary("sqrt")

    def abs(self) -> "Symbol":
        """Record the absolute value."""
        return self._unary("absolute")

    def round(self) -> "Symbol":
        """Record rounding to the nearest whole number, halves to even."""
        return self._unary("round")

    def silu(self) -> "Symbol":
        """Record x · sigmoid(x)."""
        return self * self.sigmoid()

    def square(self) -> "Symbol":
        """Record x²."""
        return self * self

    def rsqrt(self) -> "Symbol":
        """Record 1 / √x."""
        return 1.0 / self.sqrt()

    def reciprocal(self) -> "Symbol":
        """Record 1 / x."""
        return 1.0 / self

    def minimum(self, other: Any) -> "Symbol":
        """Record the smaller of two values."""
        return self._binary("minimum", self, other)

    def maximum(self, other: Any) -> "Symbol":
        """Record the larger of two values."""
        return self._binary("maximum", self, other)

    def clamp(self, min: Any = None, max: Any = None) -> "Symbol":
        """Record min(max(x, lowest), highest)."""
        low = self if min is None else self.maximum(min)
        return low if max is None else low.minimum(max)

    def where(self, condition: "Symbol", other: Any) -> "Symbol":
        """Record this value where the condition holds, else ``other``."""
        symbol = _operand(self.builder, other, "where")
        size = max(self.length, symbol.length, condition.length)
        if any(s.length not in (1, size) for s in (self, symbol, condition)):
            raise ProgramError(
                f"where: the operands have sizes {condition.length}, {self.length} and {symbol.length}"
            )
        return self._new("where", size, condition, self, symbol)

    # Reductions over the whole vector.

    def sum(self, dim: int = -1, keepdim: bool = False) -> "Symbol":
        """Record the sum over the last axis, kept as size 1."""
        _require_last("sum", dim, keepdim)
        return self._new("sum", 1, self)

    def mean(self, dim: int = -1, keepdim: bool = False) -> "Symbol":
        """Record the mean over the last axis, kept as size 1."""
        return self.sum(dim, keepdim) / float(self.length)

    def amax(self, dim: int = -1, keepdim: bool = False) -> "Symbol":
        """Record the largest element, kept as size 1."""
        _require_last("amax", dim, keepdim)
        return self._new("largest", 1, self)

    def softmax(self, dim: int = -1) -> "Symbol":
        """Record the softmax over the last axis."""
        _require_last("softmax", dim, True)
        powers = (self - self.amax(-1, True)).exp()
        return powers / powers.sum(-1, True)

    def log_softmax(self, dim: int = -1) -> "Symbol":
        """Record the logarithm of the softmax over the last axis."""
        _require_last("log_softmax", dim, True)
        shifted = self - self.amax(-1, True)
        return shifted - shifted.exp().sum(-1, True).log()

    # Parts.

    def part(self, begin: int, size: int) -> "Symbol":
        """Return ``size`` elements from ``begin``."""
        if begin < 0 or size < 1 or begin + size > self.length:
            raise ProgramError(
                f"elements {begin} to {begin + size} of a vector of size {self.length} do not exist"
            )
        return self if size == self.length else self._new("slice", size, self, begin=begin)

    def chunk(self, chunks: int, dim: int = -1) -> list["Symbol"]:
        """Split into equal parts, as :meth:`torch.Tensor.chunk`."""
        _require_last("chunk", dim, True)
        return self.split(-(-self.length // chunks), dim)

    def split(self, sizes: int | Sequence[int], dim: int = -1) -> list["Symbol"]:
        """Split into parts of these sizes, as :meth:`torch.Tensor.split`."""
        _require_last("split", dim, True)
        if isinstance(sizes, int):
            sizes = [min(sizes, self.length - begin) for begin in range(0, self.length, sizes)]
        begins = [sum(sizes[:k]) for k in range(len(sizes))]
        return [self.part(begin, size) for begin, size in zip(begins, sizes, strict=True)]

    def narrow(self, dim: int, start: int, length: int) -> "Symbol":
        """Return a part, as :meth:`torch.Tensor.narrow`."""
        _require_last("narrow", dim, True)
        return self.part(start, length)

    def __getitem__(self, index: Any) -> "Symbol":
        items = index if isinstance(index, tuple) else (index,)
        last = items[-1] if len(items) > 1 else None
        whole = (Ellipsis, slice(None))
        if (
            len(items) != 2
            or not any(items[0] is w or items[0] == w for w in whole)
            or not isinstance(last, slice)
        ):
            raise unknown_operation(f"indexing with {index!r} (use [..., begin:end])")
        begin, end, step = last.indices(self.length)
        if step != 1:
            raise unknown_operation(f"indexing with step {step}")
        return self.part(begin, end - begin)

    # Products and normalisation.

    def linear(self, weight: "Matrix", bias: "Vector | None" = None) -> "Symbol":
        """Record W x + b."""
        if not isinstance(weight, Matrix):
            raise unknown_operation("a product with something other than a parameter")
        if weight.shape[1] != self.length:
            raise ProgramError(
                f"{weight.name} has {weight.shape[1]} columns, but its input has size {self.length}"
            )
        if bias is not None and (bias.length != weight.shape[0]):
            raise ProgramError(
                f"{bias.name} has size {bias.length}, but {weight.name} has {weight.shape[0]} rows"
            )
        if bias is not None and bias.begin != weight.begin:
            return self.linear(weight) + bias
        name = "" if bias is None else bias.name
        return self._new("linear", weight.shape[0], self, weight=weight.name, bias=name, begin=weight.begin)

    def matmul(self, other: Any) -> "Symbol":
        """Record x @ W.T for a parameter W."""
        if not isinstance(other, Transposed):
            raise unknown_operation("a product with something other than a transposed parameter (x @ W.T)")
        return self.linear(other.matrix)

    __matmul__ = matmul

    def layer_norm(
        self, weight: "Vector | None" = None, bias: "Vector | None" = None, eps: float = LAYER_NORM_EPSILON
    ) -> "Symbol":
        """Record the normalisation over the last axis, times weight, plus bias."""
        for vector in (weight, bias):
            if vector is not None and vector.length != self.length:
                raise ProgramError(
                    f"{vector.name} has size {vector.length}, but the normalised vector has {self.length}"
                )
        begin = weight.begin if weight is not None else 0
        if bias is not None and (weight is None or bias.begin != begin):
            return self.layer_norm(weight, None, eps) + bias
        return self._new(
            "layer_norm",
            self.length,
            self,
            weight="" if weight is None else weight.name,
            bias="" if bias is None else bias.name,
            begin=begin,
            value=eps,
        )


class Vector(Symbol):
    """A parameter with one axis, or some of its elements. It becomes an operation when it is first used."""

    def __init__(self, builder: "Builder", name: str, begin: int, size: int) -> None:
        self.builder, self.name, self.begin, self.length = builder, name, begin, size

    @property
    def number(self) -> int:  # type: ignore[override]
        """Number of the operation that reads the parameter."""
        return self.symbol().number

    @property
    def shape(self) -> tuple[int]:  # type: ignore[override]
        """Shape (size,)."""
        return (self.length,)

    def dim(self) -> int:
        """Return 1."""
        return 1

    def symbol(self) -> Symbol:
        """Return the operation that reads the parameter."""
        return self.builder.append(Operation("parameter", self.length, weight=self.name, begin=self.begin))

    def part(self, begin: int, size: int) -> "Vector":
        """Return ``size`` elements from ``begin``."""
        if begin < 0 or size < 1 or begin + size > self.length:
            raise ProgramError(
                f"elements {begin} to {begin + size} of {self.name} ({self.length}) do not exist"
            )
        return Vector(self.builder, self.name, self.begin + begin, size)

    def __getitem__(self, index: Any) -> "Symbol":
        return super().__getitem__(index if isinstance(index, tuple) else (Ellipsis, index))


class Matrix(Recorder):
    """A parameter with two axes, or some of its rows. Programs only multiply by it."""

    def __init__(self, builder: "Builder", name: str, begin: int, shape: tuple[int, int]) -> None:
        self.builder, self.name, self.begin, self.shape = builder, name, begin, shape

    def dim(self) -> int:
        """Return 2."""
        return 2

    @property
    def T(self) -> "Transposed":  # noqa: N802 (torch's name)
        """The transposed matrix, for ``x @ W.T``."""
        return Transposed(self)

    def t(self) -> "Transposed":
        """Return the transposed matrix."""
        return Transposed(self)

    def rows(self, begin: int, count: int) -> "Matrix":
        """Return ``count`` rows from ``begin``."""
        if begin < 0 or count < 1 or begin + count > self.shape[0]:
            raise ProgramError(
                f"rows {begin} to {begin + count} of {self.name} ({self.shape[0]}) do not exist"
            )
        return Matrix(self.builder, self.name, self.begin + begin, (count, self.shape[1]))

    def __getitem__(self, index: Any) -> "Matrix":
        if not isinstance(index, slice):
            raise unknown_operation(
                f"indexing the parameter {self.name} with {index!r} (use rows, [begin:end])"
            )
        begin, end, step = index.indices(self.shape[0])
        if step != 1:
            raise unknown_operation(f"indexing with step {step}")
        return self.rows(begin, end - begin)

    def chunk(self, chunks: int, dim: int = 0) -> list["Matrix"]:
        """Split the rows into equal parts."""
        return self.split(-(-self.shape[0] // chunks), dim)

    def split(self, sizes: int | Sequence[int], dim: int = 0) -> list["Matrix"]:
        """Split the rows into parts of these sizes."""
        if dim not in (0, -2):
            raise unknown_operation(f"splitting the columns of the parameter {self.name}")
        if isinstance(sizes, int):
            sizes = [min(sizes, self.shape[0] - begin) for begin in range(0, self.shape[0], sizes)]
        begins = [sum(sizes[:k]) for k in range(len(sizes))]
        return [self.rows(begin, size) for begin, size in zip(begins, sizes, strict=True)]


class Transposed(Recorder):
    """A transposed parameter, the right operand of ``x @ W.T``."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix


def concat(symbols: Sequence[Any], dim: int = -1) -> Symbol:
    """Record the concatenation along the last axis."""
    _require_last("cat", dim, True)
    first = next(s for s in symbols if isinstance(s, Symbol))
    parts = [_operand(first.builder, s, "cat") for s in symbols]
    if len(parts) == 1:
        return parts[0]
    return first._new("concat", sum(s.length for s in parts), *parts)


def unknown_operation(name: str) -> ProgramError:
    """Return the error for an operation that programs do not have."""
    return ProgramError(f"{name} is not an operation of step programs, which have {', '.join(OPERATIONS)}")


def _operand(builder: "Builder", value: Any, name: str) -> Symbol:
    if isinstance(value, Symbol):
        return value.symbol()
    if isinstance(value, (int, float)):
        return builder.constant(value)
    if getattr(value, "numel", lambda: 0)() == 1:  # a tensor with one element
        return builder.constant(float(value))
    raise unknown_operation(f"{name} with {type(value).__name__}")


def _require_last(name: str, dim: int, keepdim: bool) -> None:
    if dim not in (-1, 1):
        raise unknown_operation(f"{name} over another axis than the last")
    if not keepdim:
        raise unknown_operation(f"{name} without keepdim=True")
