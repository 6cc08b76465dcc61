"""What every task does alike: train in a folder or in memory, resume, save, load."""

import dataclasses
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TextIO, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from unrolled.config import with_options
from unrolled.errors import ConfigError, DataError, RunError, UnrolledError
from unrolled.extras import has_extra, require_extra
from unrolled.monitoring.plot import plot_reach
from unrolled.reading import MalformedError
from unrolled.storage.lock import FolderLock
from unrolled.tasks.base import folder as run_folder
from unrolled.tasks.base.description import (
    check_weights,
    read_description,
    read_result,
    read_weights,
    write_description,
)
from unrolled.tasks.base.facts import Facts
from unrolled.tasks.base.plots import plot_curves
from unrolled.tasks.base.sample import Sample, SampleSize
from unrolled.threads import ThreadChoice, choose_threads
from unrolled.training import (
    CHECKPOINT,
    LOG,
    MODEL,
    Job,
    OptimizerConfig,
    Trainer,
    TrainingConfig,
    Watcher,
    Watchers,
)
from unrolled.training.bar import ProgressBar
from unrolled.training.files import write_json, write_tensors
from unrolled.training.log import read_log
from unrolled.training.seeding import seeded, with_threads
from unrolled.training.waiting import spinner

NO_PLOTS = "no plots are drawn; to draw them: pip install 'unrolled[plots]', then unrolled resume"


class TaskConfig(Protocol):
    """What the configurations of all tasks have."""

    @property
    def optimizer(self) -> OptimizerConfig:
        """How weights are updated."""

    @property
    def training(self) -> TrainingConfig:
        """How long, and what is kept."""


class Material(Protocol):
    """Training and held-out data, ready to be batched."""

    @property
    def facts(self) -> dict[str, Any]:
        """What a report says about them; ``sha256`` and ``held_out_sha256`` are their fingerprints."""


class Score(Protocol):
    """How well a model does on some data."""

    def to_json(self) -> dict[str, Any]:
        """Return every figure."""

    def __str__(self) -> str:
        """Return the figures for people, in a line or two."""


C = TypeVar("C", bound=Any)
D = TypeVar("D", bound=Material)


class Task(ABC, Generic[C, D]):
    """A model as a tool: one configuration, trained, measured, used and kept as a folder.

    A task says where its data come from, what model reads them, what the loop descends and how the result is
    scored; everything else is here.
    """

    verb: ClassVar[str]
    """As in ``unrolled train VERB`` and in ``config.json``."""
    config_type: ClassVar[type]
    facts_type: ClassVar[type] = Facts
    """Facts about the data that a loaded model relies on."""
    metrics: ClassVar[tuple[str, ...]]
    """Figures of a score that a recipe may set a target for."""
    loss_unit: ClassVar[str] = "nats"
    counted: ClassVar[str] = "tokens"
    """What the rate of a recipe's record counts."""

    def __init__(self, config: Any = None, /, **options: Any) -> None:
        self.config: C = with_options(config or self.config_type(), options, type(self).__name__)
        self.history: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {}
        self.result: dict[str, Any] = {}
        self._model: nn.Module | None = None

    # -- what a task says of itself ------------------------------------------------------------------

    @property
    @abstractmethod
    def unit(self) -> str:
        """What is predicted, for people ("character", "word", "text")."""

    @property
    @abstractmethod
    def model(self) -> nn.Module:
        """The torch module inside; RunError before training."""

    @property
    def rate_unit(self) -> str:
        """What the rate of training counts, for people."""
        return self.unit

    @abstractmethod
    def _sources(self) -> tuple[str, str]:
        """Return where training and held-out data come from; "" is nowhere, or memory."""

    @abstractmethod
    def _learn(self) -> D:
        """Read the data, learn vocabularies from the training part, and keep them."""

    @abstractmethod
    def _reread(self) -> D:
        """Read the data again with the vocabularies that are kept."""

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
        """Return what ``result.json`` holds beside what training took."""

    @abstractmethod
    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[Job[Any], Sample]:
        """See :meth:`sample`."""

    @abstractmethod
    def _vocabularies(self) -> dict[str, Any]:
        """Return what is needed besides configuration and weights, by file name, for JSON."""

    @abstractmethod
    def _take_vocabularies(self, folder: Path) -> None:
        """Read what :meth:`_vocabularies` returned; ValueError if it is damaged."""

    @abstractmethod
    def fit(self, *args: Any, **options: Any) -> Self:
        """Train on data, else on what the configuration names."""

    @abstractmethod
    def evaluate(self, data: Any, *, progress: bool = False) -> Score:
        """Score data that the model has not seen."""

    def sample(
        self, data: str | Path | None = None, *, rows: int = 16, steps: int = 200
    ) -> tuple[Job[Any], Sample]:
        """Return a few rows of data to look at, and a job over this model whose ``step_losses`` takes them.

        They are the first items, cut after so many steps; of a text or a series windows that are spread
        evenly over it.

        Args:
            data: in the forms that :meth:`evaluate` takes, as far as they are files and data sets; None takes
                what was held out in training.
            rows: items or windows, at most.
            steps: of each, at most.

        Raises:
            ConfigError: if rows or steps are not positive.
            DataError: if the data cannot be used, or nothing was held out.
            RunError: if there is no model yet, or it was trained on data from memory and none are given.
        """
        model: Any = self._trained()
        job, sample = self._sample(data, SampleSize(rows, steps))
        model.precision = "full"
        return job, sample

    def _held_out_source(self) -> str:
        """Say where the held-out data came from."""
        source, held_out = self._sources()
        return held_out or f"{source or 'the data'}, held-out part"

    def _read_again(self) -> D:
        """Read the data of training once more.

        Raises:
            RunError: if they came from memory.
            DataError: if they are gone or are no longer the same.
        """
        source, _ = self._sources()
        if not source:
            raise RunError("this model was trained on data from memory, which are gone: give data")
        data = self._reread()
        self._check_same(data, "this model")
        return data

    def _check_same(self, data: D, learner: object) -> None:
        source, held_out = self._sources()
        for key, name in (("sha256", source), ("held_out_sha256", held_out or source)):
            if data.facts[key] != self.facts[key]:
                raise DataError(
                    f"{name}: has changed since {learner} began to learn from it; put the old data back, "
                    "or train anew"
                )

    def _nothing_held_out(self) -> DataError:
        return DataError("nothing was held out when this model was trained: give data to look at")

    def input_vectors(self) -> tuple[list[str], NDArray[np.float32]]:
        """Return the tokens that the model reads, and the vector (V, size) of each.

        Raises:
            ConfigError: if it has no table of vectors.
        """
        raise ConfigError(f"this {type(self).__name__} has no table of input vectors")

    def predict_file(self, data: str, out: TextIO) -> None:
        """Write what is predicted for a file, in the task's own form."""
        raise ConfigError(f"a run of {self.verb!r} has no predictions to write")

    def _describe_loss(self, loss: float) -> str:
        """Say what a loss means, for the progress bar; "" is nothing more than its value."""
        return ""

    # -- training --------------------------------------------------------------------------------------

    def _fit(
        self, out: str | Path | None, *, overwrite: bool, progress: bool | Watcher, watch: bool | int
    ) -> None:
        """Train on what the configuration names; see a task's ``fit``."""
        folder = Path(out) if out is not None else None
        with run_folder.claim(folder, overwrite=overwrite):
            data = self._open_data(progress, self._learn)
            self._train(data, folder, progress, watch)

    def _train(self, data: D, folder: Path | None, progress: bool | Watcher, watch: bool | int) -> None:
        """Train from the beginning, in a folder that is locked."""
        self.facts = data.facts
        training, threads = with_threads(self.config.training)
        self.config = dataclasses.replace(self.config, training=training)
        with seeded(training):
            self._check_before_training(data)
            self._model = self._make_model(start=True)
            trainer = self._trainer(data, folder, progress, threads)
            _add_watch(trainer, watch)
            if folder is not None:
                run_folder.prepare(folder, self._vocabularies())
                self._write_description(folder)
            trainer.run()
            self._conclude(trainer, data, folder, shown=bool(progress))

    def _open_data(self, progress: bool | Watcher, read: Callable[[], D]) -> D:
        with spinner(f"reading {self._sources()[0]}", shown=bool(progress)):
            return read()

    @classmethod
    def resume(cls, run: str | Path, *, progress: bool | Watcher = True, watch: bool | int = False) -> Self:
        """Go on with a run that was stopped; it ends with the bits of one that never was.

        A run that was stopped before its first checkpoint begins anew.

        Args:
            run: its folder.
            progress: show a bar, or tell a watcher.
            watch: as in ``fit``.

        Raises:
            RunError: if the folder is not a run, is damaged, was trained on data from memory, or another
                command works in it.
            DataError: if the training data are gone or are no longer the same.
        """
        folder = Path(run)
        run_folder.read_config(folder)  # says what is wrong before anything is written
        with FolderLock(folder):
            run_folder.check_kinds(folder)
            run_folder.clear(folder)
            begun = run_folder.begun(folder)
            task = cls._described(folder, CHECKPOINT) if begun else cls._planned(folder)
            source, _ = task._sources()
            if not source:
                raise RunError(f"{folder}: was trained on data from memory, which are gone; train it anew")
            data = task._open_data(progress, task._reread if begun else task._learn)
            task._check_same(data, folder)
            if begun:
                task._go_on(data, folder, progress, watch)
            else:
                task._train(data, folder, progress, watch)
        return task

    def _go_on(self, data: D, folder: Path, progress: bool | Watcher, watch: bool | int) -> None:
        """Train on from the last checkpoint."""
        training = self.config.training
        with seeded(training):
            trainer = self._trainer(data, folder, progress, choose_threads(training.threads))
            _add_watch(trainer, watch)
            trainer.restore(checksums=run_folder.is_marked(folder))
            trainer.run()
            self._conclude(trainer, data, folder, shown=bool(progress))

    def _trainer(
        self, data: D, folder: Path | None, progress: bool | Watcher, threads: ThreadChoice
    ) -> Trainer[Any]:
        watcher = progress if isinstance(progress, Watcher) else None
        if progress and watcher is None:
            described = self._describe_loss if self._describe_loss(1.0) else None
            watcher = ProgressBar(
                self.unit,
                opening=str(threads),
                loss_unit=self.loss_unit,
                describe=described,
                minutes=self.config.training.minutes,
            )
        job = self._make_job(data)
        return Trainer(job, self.config.optimizer, self.config.training, folder, watcher)

    def _conclude(self, trainer: Trainer[Any], data: D, folder: Path | None, *, shown: bool) -> None:
        """Score the best weights and write what a reader wants."""
        self.history = trainer.log.records
        done = trainer.progress
        self.result = {
            "steps": done.step,
            "epochs": round(done.step / max(trainer.job.batch_count(), 1), 2),
            "best_step": done.best_step,
            "training_seconds": round(done.seconds, 1),
            "tokens_per_second": round(done.tokens / max(done.seconds, 1e-9)),
            "threads": self.config.training.threads or torch.get_num_threads(),
        } | self._final_scores(data, shown=shown)
        if folder is not None:
            write_json(folder / run_folder.RESULT, self.result)
            try:
                self._plot_or_note(folder)
            except RunError as error:
                raise RunError(
                    f"{error}; the training is finished and its weights and {run_folder.RESULT} are written; "
                    f"unrolled resume {folder} draws the plots"
                ) from error

    # -- on disk -----------------------------------------------------------------------------------------

    def save(self, run: str | Path, *, overwrite: bool = False) -> None:
        """Write the trained model as a folder that :meth:`load` and the command line read.

        Raises:
            RunError: if the folder holds a run and ``overwrite`` is not set, another command works in it, or
                it cannot be written.
        """
        folder = Path(run)
        model = self._trained()
        with run_folder.claim(folder, overwrite=overwrite):
            run_folder.prepare(folder, self._vocabularies())
            self._write_description(folder)
            write_tensors(folder / MODEL, model.state_dict(), {})
            if self.result:
                write_json(folder / run_folder.RESULT, self.result)
            self._plot_or_note(folder)

    @classmethod
    def load(cls, run: str | Path) -> Self:
        """Read a trained model.

        Raises:
            RunError: if the folder is not a run, is damaged, or of another format.
        """
        folder = Path(run)
        task = cls._described(folder)
        read_weights(folder, task._trained())
        task.history = read_log(folder / LOG)
        if (folder / run_folder.RESULT).exists():
            task.result = read_result(folder / run_folder.RESULT)
        return task

    def _write_description(self, folder: Path) -> None:
        write_description(folder, self.verb, self.config, self.facts, self._vocabularies())

    @classmethod
    def _planned(cls, folder: Path) -> Self:
        """Return the task that a folder describes, before it has learned anything."""
        config: Any
        config, facts = read_description(folder, cls.verb, cls.config_type, cls.facts_type)
        task = cls(config)
        task.facts = facts
        return task

    @classmethod
    def _described(cls, folder: Path, weights: str = MODEL) -> Self:
        """Build the model that a folder describes, without its trained weights; ``weights`` is their file."""
        task = cls._planned(folder)
        run_folder.check_vocabularies(folder, run_folder.read_config(folder))
        try:
            task._take_vocabularies(folder)
        except MalformedError as error:
            raise RunError(f"{folder}: damaged ({error}); restore it from a copy") from None
        except ValueError as error:
            raise RunError(f"{folder}: damaged ({error!r}); restore it from a copy") from error
        check_weights(folder, weights, lambda: task._make_model(start=False))
        try:
            with seeded(task.config.training):
                task._model = task._make_model(start=False)
        except RuntimeError as error:  # torch's, of a number that no tensor takes
            if isinstance(error, UnrolledError):
                raise
            said = str(error).splitlines()[0]
            raise RunError(
                f"{folder / run_folder.CONFIG}: asks for a model that torch refuses ({said})"
            ) from error
        return task

    def draw(self, run: str | Path) -> None:
        """Draw the plots of a run again.

        Args:
            run: its folder.

        Raises:
            RunError: if another command works there, or a plot cannot be written.
            MissingExtraError: if the packages that draw are not installed.
        """
        require_extra("plots", "drawing")
        with FolderLock(Path(run)):
            self._plot(Path(run))

    def _plot_or_note(self, folder: Path) -> None:
        """Draw the plots of a run; say in one line how to get them where their packages are missing."""
        if has_extra("plots"):
            self._plot(folder)
        else:
            print(f"{NO_PLOTS} {folder}", file=sys.stderr)

    def _plot(self, folder: Path) -> None:
        if any(r["kind"] == "train" for r in self.history):
            plot_curves(self.history, folder / "plots", self.unit, self.loss_unit)
        if any(r["kind"] == "watch" for r in self.history):
            plot_reach(self.history, folder / "plots")

    def _trained(self) -> nn.Module:
        if self._model is None:
            raise RunError(f"this {type(self).__name__} has not been trained: call fit first")
        return self._model


def _add_watch(trainer: Trainer[Any], watch: bool | int) -> None:
    """Let a training be watched as ``fit`` describes."""
    if not watch:
        return
    from unrolled.monitoring.watch import Watch

    every = 0 if watch is True else watch
    watching = Watch(trainer.job, trainer.log, every=every, folder=trainer.folder)
    trainer.watcher = Watchers(watching, trainer.watcher)
