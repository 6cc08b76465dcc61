"""A ladder: the models of a task from the simplest up, how each is fitted, and how each is scored."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from unrolled.config import option_names, with_options
from unrolled.errors import ConfigError, suggestion
from unrolled.tasks.base.networks import CELLS, parse_network, with_cell
from unrolled.tasks.base.options import parse_options
from unrolled.tasks.base.outcome import Numbers, Tried, Units

SHARED_GROUPS = ("corpus", "text", "data", "columns", "rules")
SHARED = ("seed", "minutes", "cell", "model", "horizon", "season")
"""Options that a network cannot have for itself: it would learn, or be asked, something else."""


class Scored(NamedTuple):
    """Scores of a trained network, and what was counted while they were measured."""

    scores: dict[str, float]
    units: Units
    extra: dict[str, Numbers]
    predictions: int
    note: str = ""


class Ladder(ABC):
    """The models of one task on one data set. Which of them are tried, kept and compared is not known here.

    Args:
        config: of the task; the networks share it, but for the cell.
        metric: to compare; "" is the task's usual one.
        progress: show bars.
    """

    task: ClassVar[str]
    rungs: ClassVar[tuple[str, ...]]
    """From the simplest up, if the user does not name any."""
    others: ClassVar[tuple[str, ...]] = ()
    """Other names, listed in error messages."""
    cells: ClassVar[tuple[str, ...]] = CELLS
    """Networks that can be named."""
    metric: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]
    """Metrics that every rung has."""
    higher: ClassVar[tuple[str, ...]] = ()
    """Metrics of which more is better."""
    directions: ClassVar[bool] = False
    """Whether networks may read in both directions."""
    counted: ClassVar[str]
    """Plural noun of a prediction, as in "tokens" a second."""
    loss: ClassVar[str]
    """Unit of the difference between two rungs."""
    loss_scale: ClassVar[float] = 1.0
    """Factor from the loss to that unit."""
    fingerprint: str
    """Of the data; known after :meth:`prepare`."""
    notes: list[str]
    """How the data were read and what was chosen from them; known after :meth:`prepare`."""
    block: int = 1
    """Consecutive items of the test data that are resampled together."""

    def __init__(self, config: Any, metric: str = "", *, progress: bool = True) -> None:
        self.config, self.progress = config, progress
        self.asked, self.shown = metric, metric or self.metric

    @abstractmethod
    def prepare(self, folder: Path) -> str:
        """Read the data that all rungs share; return a line that describes them.

        Args:
            folder: for files that are made of the data, such as the parts of a text; made if needed.

        Raises:
            ConfigError: if the configuration names no data.
            DataError: if they cannot be used.
        """

    @abstractmethod
    def simple(self, rung: str, seed: int) -> Tried:
        """Fit and score a model without gradients."""

    @abstractmethod
    def score_network(self, task: Any, seed: int) -> Scored:
        """Score a trained network."""

    def after_network(self, task: Any) -> dict[str, Numbers]:
        """Return further arrays that other rungs need; the time that this takes is not measured."""
        return {}

    @property
    def from_memory(self) -> bool:
        """Whether networks are trained on data that no file holds, so that no checkpoint can be resumed."""
        return False

    def fit(self, task: Any, seed: int, out: Path) -> Any:
        """Train a network in the folder ``out``, and return it."""
        return task.fit(out=out, overwrite=True, progress=self.progress)

    @classmethod
    def parts_of(cls, rung: str) -> tuple[str, ...]:
        """Return the rungs that a mixture needs; empty if this is no mixture."""
        return ()

    def mix(self, rung: str, seed: int, parts: Mapping[str, Tried]) -> Tried:
        """Return the mixture of the rungs of :meth:`parts_of`."""
        raise NotImplementedError(f"{self.task} has no mixtures")

    def units_of(self, tried: Tried) -> Units:
        """Return the losses to compare by, of an outcome that may have been kept for another metric."""
        return tried.units

    @classmethod
    def check(cls, config: Any, rungs: Sequence[str], metric: str, seeds: int) -> None:
        """Check names and options before anything is read or written.

        Raises:
            ConfigError: for a name that no model of this task has, one given twice, or an unknown metric.
        """
        if metric and metric not in cls.metrics:
            hint = suggestion(metric, cls.metrics)
            raise ConfigError(f"metric {metric!r}: is not one of {', '.join(cls.metrics)}{hint}")
        twice = next((r for r in rungs if list(rungs).count(r) > 1), None)
        if twice is not None:
            raise ConfigError(f"models: {twice!r} is there twice")
        for rung in rungs:
            if cls.network(config, rung) is None and not cls.knows(rung):
                names = list(dict.fromkeys([*cls.rungs, *cls.cells, *cls.others]))
                raise ConfigError(
                    f"models: {rung!r} is no model of {cls.task}; there are {', '.join(names)}"
                    + suggestion(rung, names)
                )

    @classmethod
    def network(cls, config: Any, rung: str) -> Any | None:
        """Return the configuration of the network that a rung names; None if it names none.

        Options of this network alone follow a colon: ``elman:lr=0.002,clip_norm=0.25``.

        Raises:
            ConfigError: if an option is unknown, contradicts others or must be the same for all, or this is
                no network.
        """
        if cls.parts_of(rung):
            return None
        name, colon, own = rung.partition(":")
        network = cls.configured(config, name)
        if not colon:
            return network
        if network is None:
            if cls.knows(rung):  # a file with a colon in its name
                return None
            raise ConfigError(f"models: {rung!r}: networks alone have options, as in lstm:hidden=100")
        if not own:
            raise ConfigError(f"models: {rung!r}: no option behind the colon; write {name}:hidden=100")
        options = parse_options(own)
        groups = {option: group for group, option in option_names(type(config))}
        for option in options:
            if option in SHARED or groups.get(option) in SHARED_GROUPS:
                raise ConfigError(f"models: {rung!r}: {option} is the same for all models that are compared")
        return with_options(network, options, f"model {rung!r}")

    @classmethod
    def configured(cls, config: Any, rung: str) -> Any | None:
        """Return the configuration of the network of a name; None if it names none.

        Raises:
            ConfigError: if the other options contradict this network.
        """
        found = parse_network(rung)
        return with_cell(config, *found) if found and (cls.directions or not found[1]) else None

    @classmethod
    @abstractmethod
    def knows(cls, rung: str) -> bool:
        """Tell whether this names a model without gradients, or a mixture."""

    def varies(self, rung: str) -> bool:
        """Tell whether a rung depends on the seed; else it is fitted once."""
        return self.network(self.config, rung) is not None
