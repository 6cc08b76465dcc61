"""What every ladder has: a configuration, rungs, and a way to train and to score one of them."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from torch import nn

from unrolled.config import with_options
from unrolled.errors import ConfigError, suggestion
from unrolled.ladder.networks import CELLS, parse_network, with_cell
from unrolled.ladder.outcome import Numbers, Outcome, OutcomeFolder, Units
from unrolled.ladder.significance import Difference, paired_bootstrap
from unrolled.tasks import task_type
from unrolled.tasks.folder import RESULT
from unrolled.training import CHECKPOINT

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
    metric: ClassVar[str]
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
    block: int = 1
    """Consecutive items of the test data that are drawn together; see :func:`paired_bootstrap`."""

    def __init__(
        self, config: Any, kept: OutcomeFolder, minutes: float, metric: str = "", *, progress: bool = True
    ) -> None:
        self.config, self.kept, self.minutes, self.progress = config, kept, minutes, progress
        self.shown = metric or self.metric

    @abstractmethod
    def prepare(self) -> str:
        """Read the data that all rungs share; return what they are, in a line."""

    @abstractmethod
    def simple(self, rung: str, seed: int) -> Tried | None:
        """Fit and score a model that is not a network; None if this is no name of one."""

    @abstractmethod
    def score_network(self, task: Any, seed: int) -> tuple[dict[str, float], Units, Extra, int]:
        """Score a trained network; return figures, items, what other rungs need, and predictions made."""

    def after_network(self, task: Any) -> Extra:
        """Return what other rungs need besides, and what need not be timed."""
        return {}

    @classmethod
    def check(cls, config: Any, rungs: Sequence[str], metric: str) -> None:
        """Find out before anything is read or written what cannot be tried.

        Raises:
            ConfigError: for a name that no model of this task has, one given twice, or an unknown metric.
        """
        known = task_type(cls.task).metrics
        if metric and metric not in known:
            hint = suggestion(metric, known)
            raise ConfigError(f"metric {metric!r}: is not one of {', '.join(known)}{hint}")
        twice = next((r for r in rungs if list(rungs).count(r) > 1), None)
        if twice is not None:
            raise ConfigError(f"models: {twice!r} is there twice")
        for rung in rungs:
            if cls.configured(config, rung) is None and not cls.knows(rung):
                names = list(dict.fromkeys([*cls.rungs, *CELLS, *cls.others]))
                raise ConfigError(
                    f"models: {rung!r} is no model of {cls.task}; there are {', '.join(names)}"
                    + suggestion(rung, names)
                )

    @classmethod
    def configured(cls, config: Any, rung: str) -> Any | None:
        """Return the configuration of the network that a rung names; None if it names none.

        Raises:
            ConfigError: if the other options contradict this network.
        """
        found = parse_network(rung)
        return with_cell(config, *found) if found and (cls.directions or not found[1]) else None

    @classmethod
    @abstractmethod
    def knows(cls, rung: str) -> bool:
        """Tell whether this names a model that is not a network."""

    def try_rung(self, rung: str, seed: int) -> Tried:
        """Return what a rung gives: kept from before, or found now and kept."""
        found = self.kept.find(rung, seed)
        if found is None:
            config = self.configured(self.config, rung)
            found = self._network(rung, seed, config) if config is not None else self.simple(rung, seed)
            assert found is not None, rung
            self.kept.keep(*found)
        return found

    def _network(self, rung: str, seed: int, config: Any) -> Tried:
        options = {"seed": seed, "minutes": self.minutes}
        task = self.train(with_options(config, options), rung, seed)
        began = time.perf_counter()
        scores, units, extra, predictions = self.score_network(task, seed)
        rate = predictions / (time.perf_counter() - began)
        extra |= self.after_network(task)
        parameters = list(unique_parameters(task.model))
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
        kind, folder = task_type(self.task), self.kept.runs(rung, seed)
        if (folder / RESULT).exists():
            return kind.load(folder)
        if (folder / CHECKPOINT).exists():
            return kind.resume(folder, progress=self.progress)
        return kind(config).fit(out=folder, overwrite=True, progress=self.progress)

    def compare_pair(self, ours: Units, theirs: Units) -> Difference:
        """Test the difference between two rungs on the same items."""
        return paired_bootstrap(ours, theirs, block=self.block)


def unique_parameters(model: nn.Module) -> list[nn.Parameter]:
    """Return the parameters of a model, shared ones once."""
    return list({id(p): p for p in model.parameters()}.values())


def by_item(losses: Numbers, items: np.ndarray[Any, Any]) -> Units:
    """Add up the losses of predictions over the items that they belong to."""
    count = int(items.max()) + 1
    return Units(
        np.arange(count),
        np.bincount(items, losses, minlength=count).astype(np.float64),
        np.bincount(items, minlength=count).astype(np.float64),
    )
