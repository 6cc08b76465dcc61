"""The specification of a task: the value that the command line, run folders and recipes read."""

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from unrolled.tasks.base.earlier import Former, Moved

if TYPE_CHECKING:
    from rich.console import Console

    from unrolled.tasks.base.artifacts import Artifacts
    from unrolled.tasks.base.task import Task


class TaskParts(NamedTuple):
    """The code of a task, which may need packages that only this task needs."""

    artifacts: "type[Artifacts]"
    """What a trained model needs to be built again, besides configuration and weights."""
    tool: "type[Task[Any, Any]]"
    """The class that users call: fit, evaluate, save, load."""
    print_scores: "Callable[[Any, Console], str]"
    """Prints the scores of a trained tool; returns the command to try next, with ``{run}`` for its folder."""


class TaskSpec(NamedTuple):
    """Everything that the rest of the package knows about a task.

    The fields are cheap to read: ``unrolled train --help`` lists all tasks without loading torch, or
    dataclasses. The code is imported when first used: the configuration by itself, so that recipes can be
    read where the packages of a task are missing.
    """

    verb: str
    """As in ``unrolled train VERB`` and in ``config.json``."""
    summary: str
    """Line of ``unrolled train --help``."""
    description: str
    """First line of ``unrolled train VERB --help``."""
    missing_data: str
    """Error of the command line where no training data are given."""
    metrics: tuple[str, ...]
    """Figures of a score that a recipe may set a target for."""
    import_config: Callable[[], type[Any]]
    """Imports the configuration."""
    import_parts: Callable[[], TaskParts]
    """Imports the rest."""
    files: tuple[str, ...] = ("tokenizer.json",)
    """Files of the artifacts in a run folder."""
    plots: tuple[str, ...] = ()
    """Pictures that the task adds to a run's ``plots``, without ``.png``."""
    counted: str = "tokens"
    """What the rate in a recipe's record counts."""
    loss_unit: str = "nats"
    used_by: tuple[str, ...] = ("predict",)
    """Verbs that use a trained model."""
    announce: Callable[[Any], str] | None = None
    """Returns a line to print before a training with a configuration, "" for none."""
    former: Former = MappingProxyType({})
    """Options that runs of earlier versions lack, where the default of today means something else."""
    moved: Moved = MappingProxyType({})
    """Options that earlier versions kept elsewhere."""
    import_ladder: Callable[[], type[Any]] | None = None
    """Imports the models to compare with; None if the task has no comparison."""

    @property
    def config(self) -> type[Any]:
        """The configuration: options of the command line, of recipes and of ``config.json``."""
        return self.import_config()

    @property
    def artifacts(self) -> "type[Artifacts]":
        """See :class:`TaskParts`."""
        return self.import_parts().artifacts

    @property
    def tool(self) -> "type[Task[Any, Any]]":
        """See :class:`TaskParts`."""
        return self.import_parts().tool

    @property
    def print_scores(self) -> "Callable[[Any, Console], str]":
        """See :class:`TaskParts`."""
        return self.import_parts().print_scores
