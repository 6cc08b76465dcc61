"""Base class of the runtimes: trained models without torch, one step at a time."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TextIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from unrolled.engine import PRECISIONS, Engine, Precision
from unrolled.errors import ConfigError, ExportError, RunError
from unrolled.programs.program import Program, Shape
from unrolled.tasks.base.artifacts import Artifacts
from unrolled.tasks.base.predictions import Predictions

Weights = Mapping[str, NDArray[np.float32]]
"""Weights by the names of the module's state dict."""
C = TypeVar("C")
A = TypeVar("A", bound=Artifacts)


class Runtime(ABC, Generic[C, A]):
    """A trained model in the native runtime. Nothing in it needs torch.

    Args:
        config: configuration of the task.
        artifacts: what was computed from the training data.
        weights: weights by the names of the module's state dict.
        precision: precision of the products: ``"float32"``, ``"bfloat16"`` or ``"int8"``.
        data_info: facts about the training data, from ``config.json``.
        result: scores of the training, from ``result.json``; empty if there are none.

    Raises:
        ConfigError: for an unknown precision.
        RunError: if the weights do not fit the configuration.
    """

    verb: ClassVar[str]
    """Name of the task, as in ``unrolled train VERB``."""

    def __init__(
        self,
        config: C,
        artifacts: A,
        weights: Weights,
        precision: Precision = "float32",
        data_info: Mapping[str, Any] | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        if precision not in PRECISIONS:
            raise ConfigError(f"precision={precision!r} is not one of {', '.join(PRECISIONS)}")
        self.config, self.artifacts, self.precision = config, artifacts, precision
        self.data_info, self.result = dict(data_info or {}), dict(result or {})
        self.weights = weights
        self._check_weights()

    @abstractmethod
    def shapes(self) -> dict[str, Shape]:
        """Return the shape of every weight of the model."""

    def step_program(self) -> Program:
        """Return the program of one step, which exports print.

        Raises:
            ExportError: if the model is not one step that is repeated.
        """
        raise ExportError(f"a model of {self.verb} is more than one step that is repeated; use to='onnx'")

    @abstractmethod
    def stream(self, batch: int = 1) -> Any:
        """Return a stream of ``batch`` sequences that are read step by step.

        Raises:
            ConfigError: if the model cannot run forwards step by step.
        """

    def make_engine(self, program: Program) -> Engine:
        """Return the native interpreter of a program with the weights of this model."""
        return Engine(program, {name: self.weights[name] for name in program.parameters}, self.precision)

    def predict_table(self, data: str, *, top: int = 0) -> Predictions | None:
        """Return predictions for each row of a file; None if the task has its own output format."""
        return None

    def predict_file(self, data: str, out: TextIO) -> None:
        """Write predictions for a file in the output format of the task.

        Raises:
            ConfigError: if the task has no predictions to write.
        """
        raise ConfigError(f"a model of {self.verb} has no predictions to write")

    def _check_weights(self) -> None:
        expected = self.shapes()
        shapes = {name: tuple(w.shape) for name, w in self.weights.items()}
        for name in sorted({*expected, *shapes}):
            if expected.get(name) != shapes.get(name):
                raise RunError(
                    f"the weights do not fit the configuration: {name} is {shapes.get(name, 'missing')}, "
                    f"expected {expected.get(name, 'no such weight')}; restore both from one copy"
                )
