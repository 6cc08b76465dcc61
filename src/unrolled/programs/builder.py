"""Build a step program by computing with symbols."""

from collections.abc import Mapping, Sequence

from unrolled.errors import ProgramError
from unrolled.programs.passes import simplify
from unrolled.programs.program import Operation, Program, Shape, StateSlot
from unrolled.programs.symbols import Matrix, Symbol, Vector


class Builder:
    """Collects the operations of a program.

    Symbols that it returns support arithmetic and the methods of tensors that programs know.
    """

    def __init__(self) -> None:
        self._operations: list[Operation] = []
        self._known: dict[Operation, int] = {}
        self._parameters: dict[str, Shape] = {}
        self._inputs: dict[str, int] = {}
        self._tokens: dict[str, int] = {}
        self._states: dict[str, tuple[int, float]] = {}
        self._results: dict[str, Symbol] = {}
        self._labels: dict[int, str] = {}

    def append(self, operation: Operation) -> Symbol:
        """Add an operation, or find the same one; return its result."""
        if operation not in self._known:
            self._known[operation] = len(self._operations)
            self._operations.append(operation)
        return Symbol(self, self._known[operation], operation.size)

    def input(self, name: str, size: int) -> Symbol:
        """Return an input vector of the step."""
        self._inputs[name] = size
        return self.append(Operation("input", size, key=name))

    def state(self, name: str, size: int, initial: float = 0.0) -> Symbol:
        """Return a state as it was before the step; :meth:`set_state` gives its next value."""
        if name in self._states:
            raise ProgramError(f"the program has two states with the name {name!r}")
        self._states[name] = (size, initial)
        return self.append(Operation("state", size, key=name))

    def set_state(self, name: str, value: Symbol) -> None:
        """Set the value of a state after the step."""
        size = self._states[name][0]
        if value.length != size:
            raise ProgramError(f"state {name!r} has size {size}, but its next value has size {value.length}")
        self._results[name] = value

    def label(self, symbol: Symbol, name: str) -> None:
        """Name a result for the readers of the program; the first name of a result is kept."""
        self._labels.setdefault(symbol.number, name)

    def constant(self, value: float) -> Symbol:
        """Return a number, as a vector of size 1."""
        return self.append(Operation("constant", 1, value=float(value)))

    def parameter(self, name: str, shape: Sequence[int]) -> Vector | Matrix:
        """Return a parameter: a vector, or a matrix for products."""
        known = self._parameters.setdefault(name, tuple(shape))
        if known != tuple(shape):
            raise ProgramError(f"parameter {name!r} has shape {known}, not {tuple(shape)}")
        if len(shape) == 1:
            return Vector(self, name, 0, shape[0])
        if len(shape) == 2:
            return Matrix(self, name, 0, (shape[0], shape[1]))
        raise ProgramError(
            f"parameter {name!r} has shape {tuple(shape)}: only vectors and matrices are supported"
        )

    def parameters(self, shapes: Mapping[str, Sequence[int]]) -> dict[str, Vector | Matrix]:
        """Return several parameters by name."""
        return {name: self.parameter(name, shape) for name, shape in shapes.items()}

    def embedding(self, token: str, table: str, shape: tuple[int, int]) -> Symbol:
        """Return the row of a table (V, size) that the token input ``token`` selects."""
        self.parameter(table, shape)
        self._add_token(token, shape[0])
        return self.append(Operation("embedding", shape[1], key=token, weight=table))

    def one_hot(self, token: str, vocabulary: int) -> Symbol:
        """Return the one-hot vector of the token input ``token``."""
        self._add_token(token, vocabulary)
        return self.append(Operation("one_hot", vocabulary, key=token))

    def finish(self, **outputs: Symbol) -> Program:
        """Return the program with these outputs, without operations that nothing uses."""
        missing = [name for name in self._states if name not in self._results]
        if missing:
            raise ProgramError(f"the program never sets its state {missing[0]!r}")
        states = tuple(
            StateSlot(name, size, self._results[name].number, initial)
            for name, (size, initial) in self._states.items()
        )
        numbers = {name: symbol.number for name, symbol in outputs.items()}
        program = Program(
            tuple(self._operations),
            self._parameters,
            states,
            numbers,
            self._inputs,
            self._tokens,
            self._labels,
        )
        return simplify(program)

    def _add_token(self, name: str, vocabulary: int) -> None:
        if self._tokens.setdefault(name, vocabulary) != vocabulary:
            raise ProgramError(f"token {name!r} has {self._tokens[name]} values, not {vocabulary}")
