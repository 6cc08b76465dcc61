"""A ladder: the models that a comparison trains on one task, from the simplest up.

A rung is one of these models, by its name.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from unrolled.arrays import Numbers
from unrolled.config import option_names, with_options
from unrolled.errors import ConfigError, suggestion
from unrolled.tasks.base.networks import CELLS, parse_cell_name, with_cell
from unrolled.tasks.base.options import parse_options
from unrolled.tasks.base.outcome import ItemLosses, SavedOutcome

SHARED_GROUPS = ("corpus", "text", "data", "columns", "rules")
SHARED = ("seed", "minutes", "cell", "model", "horizon", "season")
"""Options that cannot differ between rungs: the networks would learn or predict different things."""


class Scored(NamedTuple):
    """Scores of a trained network on the test data."""

    scores: dict[str, float]
    units: ItemLosses
    extra: dict[str, Numbers]
    """See :class:`SavedOutcome`."""
    predictions: int
    """Number of predictions, for the rate."""
    note: str = ""


class Ladder(ABC):
    """The models of one task on one data set. The caller chooses, stores and compares them.

    Args:
        config: configuration of the task; all networks share it, except for the cell.
        metric: metric to compare; "" is the default of the task.
        progress: show progress bars.
    """

    task: ClassVar[str]
    rungs: ClassVar[tuple[str, ...]]
    """Default rungs, from the simplest up."""
    others: ClassVar[tuple[str, ...]] = ()
    """Further rungs, for error messages."""
    cells: ClassVar[tuple[str, ...]] = CELLS
    """Cells that can be used as rungs."""
    metric: ClassVar[str]
    """Default metric."""
    metrics: ClassVar[tuple[str, ...]]
    """Metrics that every rung has."""
    higher: ClassVar[tuple[str, ...]] = ()
    """Metrics for which higher is better."""
    directions: ClassVar[bool] = False
    """True if networks may be bidirectional."""
    counted: ClassVar[str]
    """Plural noun for predictions, as in "tokens" per second."""
    loss: ClassVar[str]
    """Unit of the difference between two rungs, such as "nats/token"."""
    loss_scale: ClassVar[float] = 1.0
    """Factor that converts the loss to that unit."""
    fingerprint: str
    """SHA-256 of the data; set by :meth:`prepare`."""
    notes: list[str]
    """How the data were read and which options they decided; set by :meth:`prepare`."""
    block: int = 1
    """Number of consecutive test items that are resampled together."""

    def __init__(self, config: Any, metric: str = "", *, progress: bool = True) -> None:
        self.config, self.progress = config, progress
        self.asked, self.shown = metric, metric or self.metric

    @abstractmethod
    def prepare(self, folder: Path) -> str:
        """Read the data that all rungs share, and return one line that describes them.

        Args:
            folder: for files derived from the data, such as the parts of a text; created if needed.

        Raises:
            ConfigError: if the configuration names no data.
            DataError: if the data cannot be used.
        """

    @abstractmethod
    def simple(self, rung: str, seed: int) -> SavedOutcome:
        """Fit and score a model that is not trained by gradients."""

    @abstractmethod
    def score_network(self, task: Any, seed: int) -> Scored:
        """Score a trained network."""

    def after_network(self, task: Any) -> dict[str, Numbers]:
        """Return further arrays that other rungs need; this is not included in measured times."""
        return {}

    @property
    def from_memory(self) -> bool:
        """True if networks are trained on data in memory, so that a checkpoint cannot be resumed."""
        return False

    def fit(self, task: Any, seed: int, out: Path) -> Any:
        """Train a network in the run folder ``out``, and return it."""
        return task.fit(out=out, overwrite=True, progress=self.progress)

    @classmethod
    def parts_of(cls, rung: str) -> tuple[str, ...]:
        """Return the rungs that a mixture is made of; empty if this is not a mixture."""
        return ()

    def mix(self, rung: str, seed: int, parts: Mapping[str, SavedOutcome]) -> SavedOutcome:
        """Fit and score the mixture of the rungs from :meth:`parts_of`."""
        raise NotImplementedError(f"{self.task} has no mixtures")

    def get_item_losses(self, tried: SavedOutcome) -> ItemLosses:
        """Return the losses to compare models by, in this ladder's metric.

        The result may have been stored for another metric.
        """
        return tried.units

    @classmethod
    def check(cls, config: Any, rungs: Sequence[str], metric: str, seeds: int) -> None:
        """Check names and options before anything is read or written.

        Raises:
            ConfigError: for an unknown rung, a rung that is given twice, or an unknown metric.
        """
        if metric and metric not in cls.metrics:
            hint = suggestion(metric, cls.metrics)
            raise ConfigError(f"metric {metric!r}: is not one of {', '.join(cls.metrics)}{hint}")
        repeated = next((r for r in rungs if list(rungs).count(r) > 1), None)
        if repeated is not None:
            raise ConfigError(f"models: {repeated!r} is given twice")
        for rung in rungs:
            if cls.network(config, rung) is None and not cls.is_known(rung):
                names = list(dict.fromkeys([*cls.rungs, *cls.cells, *cls.others]))
                raise ConfigError(
                    f"models: {rung!r} is no model of {cls.task}; there are {', '.join(names)}"
                    + suggestion(rung, names)
                )

    @classmethod
    def network(cls, config: Any, rung: str) -> Any | None:
        """Return the configuration of a rung that is a network; None for other rungs.

        Options for this network only follow a colon: ``elman:lr=0.002,clip_norm=0.25``.

        Raises:
            ConfigError: if an option is unknown, contradicts others or must be the same for all, or if a rung
                that is not a network has options.
        """
        if cls.parts_of(rung):
            return None
        name, colon, format_options = rung.partition(":")
        network = cls.configured(config, name)
        if not colon:
            return network
        if network is None:
            if cls.is_known(rung):  # a file name that contains a colon
                return None
            raise ConfigError(f"models: {rung!r}: only networks have options, as in lstm:hidden=100")
        if not format_options:
            raise ConfigError(f"models: {rung!r}: no option after the colon; write {name}:hidden=100")
        options = parse_options(format_options)
        groups = {option: group for group, option in option_names(type(config))}
        for option in options:
            if option in SHARED or groups.get(option) in SHARED_GROUPS:
                raise ConfigError(f"models: {rung!r}: {option} is the same for all models that are compared")
        return with_options(network, options, f"model {rung!r}")

    @classmethod
    def configured(cls, config: Any, rung: str) -> Any | None:
        """Return the configuration for a network rung without a colon; None for other rungs.

        Raises:
            ConfigError: if the configuration contradicts this network.
        """
        parsed = parse_cell_name(rung)
        return with_cell(config, *parsed) if parsed and (cls.directions or not parsed[1]) else None

    @classmethod
    @abstractmethod
    def is_known(cls, rung: str) -> bool:
        """Return whether a rung is a model that is not trained by gradients, or a mixture."""

    def depends_on_seed(self, rung: str) -> bool:
        """Return whether a rung depends on the seed; if not, it is fitted once."""
        return self.network(self.config, rung) is not None
