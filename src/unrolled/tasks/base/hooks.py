"""What a task provides: where its data come from, the model that reads them, the loss, the scores."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from torch import nn

from unrolled.tasks.base.artifacts import Artifacts
from unrolled.tasks.base.params import C, Parameters
from unrolled.tasks.base.protocols import Material, Score
from unrolled.tasks.base.sample import Sample, SampleSize
from unrolled.training import Job

A = TypeVar("A", bound=Artifacts)
D = TypeVar("D", bound=Material)
M = TypeVar("M", bound=nn.Module)


class TaskHooks(Parameters[C], ABC, Generic[C, D]):
    """The state of a task, and the steps that each task fills in."""

    def __init__(self, config: Any = None, /, **options: Any) -> None:
        super().__init__(config, **options)
        self.history: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {}
        self.result: dict[str, Any] = {}
        self._artifacts: Artifacts | None = None
        self._model: nn.Module | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Choices that the training data made, one line each."""
        return tuple(self.facts.get("notes", ()))

    @property
    @abstractmethod
    def unit(self) -> str:
        """Noun for one prediction: "character", "word", "text"."""

    @property
    def rate_unit(self) -> str:
        """Noun for what the rate of training counts."""
        return self.unit

    @property
    @abstractmethod
    def artifacts(self) -> Artifacts:
        """What was learned from the data before training; RunError before that."""

    @property
    @abstractmethod
    def model(self) -> nn.Module:
        """The torch module inside; RunError before training."""

    @abstractmethod
    def fit(self, *args: Any, **options: Any) -> Self:
        """Train on data, else on what the configuration names."""

    @abstractmethod
    def evaluate(self, data: Any, *, progress: bool = False) -> Score:
        """Score data that the model has not seen."""

    @abstractmethod
    def sources(self) -> tuple[str, str]:
        """Return the names of training and held-out data in the configuration; "" is none, or memory."""

    @abstractmethod
    def _learn(self) -> D:
        """Read the data, and set the artifacts by the training part."""

    @abstractmethod
    def _reread(self) -> D:
        """Read the data again with the artifacts of before."""

    @abstractmethod
    def _check_before_training(self, data: D) -> None:
        """Find out before training, not after it, what could not be scored."""

    @abstractmethod
    def _make_model(self, *, start: bool) -> nn.Module:
        """Build the model; ``start`` asks for the values that training begins with, else only for shapes."""

    @abstractmethod
    def _make_job(self, data: D) -> Job[Any]:
        """Return what the training loop runs."""

    @abstractmethod
    def _final_scores(self, data: D, *, shown: bool) -> dict[str, Any]:
        """Return what ``result.json`` holds besides the cost of training."""

    @abstractmethod
    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[Job[Any], Sample]:
        """See :meth:`Task.sample`."""

    def _start_is_useful(self) -> bool:
        """Tell whether the weights that training begins with are a model already, worth keeping."""
        return False

    def _describe_loss(self, loss: float) -> str:
        """Say what a loss means, for the progress bar; "" is nothing more than its value."""
        return ""

    def _trained(self, kind: type[M]) -> M:
        """Return the model, by the type that the task gives it."""
        if self._model is None:
            raise self._not_fitted()
        assert isinstance(self._model, kind)
        return self._model

    def _learned(self, kind: type[A]) -> A:
        """Return the artifacts, by the type that the task gives them."""
        if self._artifacts is None:
            raise self._not_fitted()
        assert isinstance(self._artifacts, kind)
        return self._artifacts

    def _is_fitted(self) -> bool:
        return self._model is not None
