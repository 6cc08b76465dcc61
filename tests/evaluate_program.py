"""Run a program in numpy for the rows of a batch, in float64."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.programs import evaluate
from unrolled.programs.program import Program

Values = dict[str, NDArray[np.float64]]


class Evaluator:
    """A program with the states of some rows, (B, size)."""

    def __init__(self, program: Program, parameters: Mapping[str, Any], rows: int = 1) -> None:
        weights = {name: np.asarray(p, np.float64) for name, p in parameters.items()}
        self._program = program
        self._rows = [evaluate.Evaluator(program, weights) for _ in range(rows)]

    def step(self, **given: Any) -> Values:
        """Run one step on input vectors (B, size) and tokens (B,); return the outputs."""
        return _stack([self._step(number, given) for number in range(len(self._rows))])

    @property
    def states(self) -> Values:
        """States by name."""
        return _stack([row.states for row in self._rows])

    def _step(self, number: int, given: Mapping[str, Any]) -> Mapping[str, Any]:
        inputs = {name: np.asarray(given[name][number], np.float64) for name in self._program.inputs}
        tokens = {name: int(given[name][number]) for name in self._program.tokens}
        return self._rows[number].step(inputs, tokens)


def _stack(rows: list[Mapping[str, Any]]) -> Values:
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}
