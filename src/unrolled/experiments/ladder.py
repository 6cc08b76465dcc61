"""What every ladder has: a configuration, rungs, and a way to train and to score one of them."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from unrolled.config import option_names, with_options
from unrolled.errors import ConfigError, suggestion
from unrolled.experiments.networks import CELLS, parse_network, with_cell
from unrolled.experiments.outcome import Numbers, Outcome, OutcomeFolder, Units
from unrolled.experiments.significance import Difference, paired_bootstrap
from unrolled.experiments.variant import parse_variant
from unrolled.recipes import Recipe
from unrolled.tasks import spec_of
from unrolled.tasks.base.folder import RESULT
from unrolled.training import CHECKPOINT

SHARED_GROUPS = ("corpus", "text", "data", "columns", "rules")
SHARED = ("seed", "minutes", "cell", "model", "horizon", "season")
"""Options that a network cannot have for itself: it would learn, or be asked, something else."""
Extra = dict[str, Numbers]
Tried = tuple[Outcome, Units, Extra]


class Ladder(ABC):
    """The models of one task on one data set, from the simplest up.

    Args:
        config: of the task; every network shares it but for its cell.
        kept: where outcomes and runs go.
        minutes: of training for each network and seed.
        metric: figure to compare; "" is the task's usual one.
        progress: show bars.
    """

    task: ClassVar[str]
    rungs: ClassVar[tuple[str, ...]]
    """From the simplest up, if the user does not name any."""
    others: ClassVar[tuple[str, ...]] = ()
    """What else can be named, for people."""
    cells: ClassVar[tuple[str, ...]] = CELLS
    """Networks that can be named."""
    metric: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]] = ()
    """Figures that every rung has; empty are those of the task."""
    higher: ClassVar[tuple[str, ...]] = ()
    """Metrics of which more is better."""
    directions: ClassVar[bool] = False
    """Whether networks may read in both directions."""
    counted: ClassVar[str]
    """What the rate of predictions counts."""
    loss: ClassVar[str]
    """What a difference between two rungs is measured in."""
    loss_scale: ClassVar[float] = 1.0
    """What the loss is multiplied by to be that."""
    fingerprint: str
    """Of the data, once they are prepared."""
    block: int = 1
    """Consecutive items of the test data that are drawn together; see :func:`paired_bootstrap`."""

    def __init__(
        self, config: Any, kept: OutcomeFolder, minutes: float, metric: str = "", *, progress: bool = True
    ) -> None:
        self.config, self.kept, self.minutes, self.progress = config, kept, minutes, progress
        self.asked, self.shown = metric, metric or self.metric

    @abstractmethod
    def prepare(self) -> str:
        """Read the data that all rungs share and take their fingerprint; return what they are, in a line.

        Raises:
            ConfigError: if the configuration names none.
            DataError: if they cannot be used.
        """

    @abstractmethod
    def simple(self, rung: str, seed: int) -> Tried:
        """Fit and score a model that is not a network, one that the ladder knows."""

    @abstractmethod
    def score_network(self, task: Any, seed: int) -> tuple[dict[str, float], Units, Extra, int]:
        """Score a trained network; return figures, items, what other rungs need, and predictions made."""

    def after_network(self, task: Any) -> Extra:
        """Return what other rungs need besides, and what need not be timed."""
        return {}

    @classmethod
    def check(cls, config: Any, rungs: Sequence[str], metric: str, seeds: int) -> None:
        """Find out before anything is read or written what cannot be tried.

        Raises:
            ConfigError: for a name that no model of this task has, one given twice, or an unknown metric.
        """
        known = cls.figures()
        if metric and metric not in known:
            hint = suggestion(metric, known)
            raise ConfigError(f"metric {metric!r}: is not one of {', '.join(known)}{hint}")
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
    def figures(cls) -> tuple[str, ...]:
        """Return the metrics that can be compared."""
        return cls.metrics or spec_of(cls.task).metrics

    @classmethod
    def metric_of(cls, recipe: Recipe | None) -> str:
        """Return the metric of a recipe's target; "" if there is none, or rungs do not have it."""
        target = recipe.target if recipe else None
        return target.metric if target and target.metric in cls.figures() else ""

    @classmethod
    def network(cls, config: Any, rung: str) -> Any | None:
        """Return the configuration of the network that a rung names, with the options that it alone has.

        They stand behind a colon: ``elman:lr=0.002,clip_norm=0.25``.

        Raises:
            ConfigError: if an option is unknown, contradicts others or must be the same for all, or this is
                no network.
        """
        if cls.mixes(rung):
            return None
        name, colon, own = rung.partition(":")
        found = cls.configured(config, name)
        if not colon:
            return found
        if found is None:
            if cls.knows(rung):  # a file with a colon in its name
                return None
            raise ConfigError(f"models: {rung!r}: networks alone have options, as in lstm:hidden=100")
        if not own:
            raise ConfigError(f"models: {rung!r}: no option behind the colon; write {name}:hidden=100")
        options = parse_variant(own).options
        groups = {option: group for group, option in option_names(type(config))}
        for option in options:
            if option in SHARED or groups.get(option) in SHARED_GROUPS:
                raise ConfigError(f"models: {rung!r}: {option} is the same for all models that are compared")
        return with_options(found, options, f"model {rung!r}")

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
        """Tell whether this names a model that is not a network."""

    @classmethod
    def mixes(cls, rung: str) -> bool:
        """Tell whether this names a mixture of others."""
        return False

    def varies(self, rung: str) -> bool:
        """Tell whether a rung depends on the seed: else it is fitted once."""
        return self.network(self.config, rung) is not None

    def try_rung(self, rung: str, seed: int) -> Tried:
        """Return what a rung gives: kept from before, or found now and kept."""
        seed = seed if self.varies(rung) else 1
        found = self.kept.find(rung, seed)
        if found is None:
            config = self.network(self.config, rung)
            found = self._network(rung, seed, config) if config is not None else self.simple(rung, seed)
            self.kept.keep(*found)
        return found

    def _network(self, rung: str, seed: int, config: Any) -> Tried:
        options = {"seed": seed, "minutes": self.minutes}
        task = self.train(with_options(config, options), rung, seed)
        began = time.perf_counter()
        scores, units, extra, predictions = self.score_network(task, seed)
        rate = predictions / (time.perf_counter() - began)
        extra |= self.after_network(task)
        parameters = list(task.model.parameters())
        outcome = Outcome(
            rung,
            seed,
            scores,
            size=sum(p.numel() for p in parameters),
            counted="parameters",
            bytes=sum(p.numel() * p.element_size() for p in parameters),
            seconds=task.result["training_seconds"],
            rate=rate,
            epochs=task.result["epochs"],
        )
        return outcome, units, extra

    def train(self, config: Any, rung: str, seed: int) -> Any:
        """Train a network in its run folder; go on with one that was stopped."""
        kind, folder = spec_of(self.task).tool, self.kept.claim_run(rung, seed)
        if (folder / CHECKPOINT).exists():  # of a finished run too: a kill may have come before its plots
            return kind.resume(folder, progress=self.progress)
        if (folder / RESULT).exists():
            return kind.load(folder)
        return kind(config).fit(out=folder, overwrite=True, progress=self.progress)

    def compare_pair(self, ours: Units, theirs: Units) -> Difference:
        """Test the difference between two rungs on the same items."""
        return paired_bootstrap(ours, theirs, block=self.block)


def by_item(losses: Numbers, items: np.ndarray[Any, Any]) -> Units:
    """Add up the losses of predictions over the items that they belong to."""
    count = int(items.max()) + 1
    return Units(
        np.arange(count),
        np.bincount(items, losses, minlength=count).astype(np.float64),
        np.bincount(items, minlength=count).astype(np.float64),
    )
