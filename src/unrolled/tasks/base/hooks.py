"""Hooks that each task implements: data sources, model, loss and scores."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from torch import nn

from unrolled.renamed import warn_renamed
from unrolled.tasks.base.artifacts import Artifacts
from unrolled.tasks.base.params import C, Parameters
from unrolled.tasks.base.protocols import Score, TaskData
from unrolled.tasks.base.sample import Sample, SampleSize
from unrolled.training import Job

A = TypeVar("A", bound=Artifacts)
D = TypeVar("D", bound=TaskData)
M = TypeVar("M", bound=nn.Module)


class TaskHooks(Parameters[C], ABC, Generic[C, D]):
    """The state of a task, and the methods that each task implements."""

    def __init__(self, config: Any = None, /, **options: Any) -> None:
        super().__init__(config, **options)
        self.history: list[dict[str, Any]] = []
        self.data_info: dict[str, Any] = {}
        self.result: dict[str, Any] = {}
        self._artifacts: Artifacts | None = None
        self._model: nn.Module | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """Old name of ``data_info``."""
        warn_renamed("facts", "data_info")
        return self.data_info

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on how the data were read and which options were chosen from them, one line each."""
        return tuple(self.data_info.get("notes", ()))

    @property
    @abstractmethod
    def unit(self) -> str:
        """Noun for one prediction: "character", "word", "text"."""

    @property
    def rate_unit(self) -> str:
        """Noun for the items that the training rate counts."""
        return self.unit

    @property
    @abstractmethod
    def artifacts(self) -> Artifacts:
        """Artifacts computed from the training data. Raises NotFittedError before ``fit``."""

    @property
    @abstractmethod
    def model(self) -> nn.Module:
        """The torch module. Raises NotFittedError before ``fit``."""

    @abstractmethod
    def fit(self, *args: Any, **options: Any) -> Self:
        """Train on the data in the arguments, or on the data that the configuration names."""

    @abstractmethod
    def evaluate(self, data: Any, *, progress: bool = False) -> Score:
        """Score the model on new data."""

    @abstractmethod
    def sources(self) -> tuple[str, str]:
        """Return the names of training and held-out data; "" if there are none, or they are in memory."""

    @abstractmethod
    def _prepare_data(self) -> D:
        """Read the data, and compute the artifacts from the training part."""

    @abstractmethod
    def _reload_data(self) -> D:
        """Read the data again with the existing artifacts."""

    @abstractmethod
    def _check_before_training(self, data: D) -> None:
        """Raise an error now if the scoring after training would fail."""

    @abstractmethod
    def _make_model(self, *, start: bool) -> nn.Module:
        """Build the model. ``start`` initialises it for training; without it only the shapes matter."""

    @abstractmethod
    def _make_job(self, data: D) -> Job[Any]:
        """Return the job that the training loop runs."""

    @abstractmethod
    def _final_scores(self, data: D, *, shown: bool) -> dict[str, Any]:
        """Return the scores for ``result.json``, after training."""

    @abstractmethod
    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[Job[Any], Sample]:
        """See :meth:`Task.sample`."""

    def _should_validate_start(self) -> bool:
        """Return whether to validate the initial weights, because they already make a useful model."""
        return False

    def _describe_loss(self, loss: float) -> str:
        """Describe a loss for the progress bar; "" shows only its value."""
        return ""

    def _require_model(self, kind: type[M]) -> M:
        """Return the model, which must have the given type. Raises NotFittedError before ``fit``."""
        if self._model is None:
            raise self._not_fitted()
        assert isinstance(self._model, kind)
        return self._model

    def _require_artifacts(self, kind: type[A]) -> A:
        """Return the artifacts, which must have the given type. Raises NotFittedError before ``fit``."""
        if self._artifacts is None:
            raise self._not_fitted()
        assert isinstance(self._artifacts, kind)
        return self._artifacts

    def _is_fitted(self) -> bool:
        return self._model is not None
