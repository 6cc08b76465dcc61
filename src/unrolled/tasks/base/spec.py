"""The specification of a task, which the command line, run folders and recipes read."""

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from unrolled.tasks.base.old_versions import OldDefaults, RenamedOptions

if TYPE_CHECKING:
    from rich.console import Console

    from unrolled.tasks.base.artifacts import Artifacts
    from unrolled.tasks.base.runtime import Runtime
    from unrolled.tasks.base.service import Service
    from unrolled.tasks.base.task import Task


class TaskParts(NamedTuple):
    """The classes and functions of a task, whose import may need packages of this task only."""

    task_class: "type[Task[Any, Any]]"
    """Class that users call: fit, evaluate, save, load."""
    print_scores: "Callable[[Any, Console], str]"
    """Prints the scores of a model; returns the next command to try, with ``{run}`` for the run folder."""


class TaskSpec(NamedTuple):
    """Everything that the rest of the package knows about a task.

    The fields are cheap to read: ``unrolled train --help`` lists all tasks without importing torch or
    dataclasses. The code is imported on first use. The configuration is imported separately, so that recipes
    can be read if the packages of a task are missing, and so are the artifacts: both describe a trained model
    without torch.
    """

    verb: str
    """Name in ``unrolled train VERB`` and in ``config.json``."""
    summary: str
    """Line in ``unrolled train --help``."""
    description: str
    """First line of ``unrolled train VERB --help``."""
    missing_data: str
    """Error of the command line if no training data are given."""
    metrics: tuple[str, ...]
    """Metrics of a score that a recipe may set a target for."""
    import_config: Callable[[], type[Any]]
    """Imports and returns the configuration class."""
    import_artifacts: "Callable[[], type[Artifacts]]"
    """Imports and returns the class of the artifacts."""
    import_parts: Callable[[], TaskParts]
    """Imports and returns the rest of the code."""
    files: tuple[str, ...] = ("tokenizer.json",)
    """Names of the artifact files in a run folder."""
    plots: tuple[str, ...] = ()
    """Plots that the task adds to the folder ``plots`` of a run, without ``.png``."""
    counted: str = "tokens"
    """Plural noun for what the training rate in a recipe's record counts."""
    loss_unit: str = "nats"
    """Unit of the loss, in the progress bar and in plots."""
    used_by: tuple[str, ...] = ("predict",)
    """Commands that use a trained model."""
    message_before_training: Callable[[Any], str] | None = None
    """Returns a line to print before training with a configuration; "" prints nothing."""
    old_defaults: OldDefaults = MappingProxyType({})
    """Old defaults of options that runs of earlier versions lack, if the current default differs."""
    renamed_options: RenamedOptions = MappingProxyType({})
    """Options that were renamed or moved to another group."""
    import_runtime: "Callable[[], type[Runtime[Any, Any]]] | None" = None
    """Imports and returns the runtime, which uses a trained model without torch."""
    import_service: "Callable[[], type[Service[Any]]] | None" = None
    """Imports and returns what a server offers of a trained model; needs ``import_runtime``."""
    import_ladder: Callable[[], type[Any]] | None = None
    """Imports and returns the ladder of the task; None if ``unrolled compare`` does not support the task."""

    @property
    def config(self) -> type[Any]:
        """Configuration class: options of the command line, of recipes and of ``config.json``."""
        return self.import_config()

    @property
    def artifacts(self) -> "type[Artifacts]":
        """Class of the artifacts of a trained model."""
        return self.import_artifacts()

    @property
    def task_class(self) -> "type[Task[Any, Any]]":
        """See :class:`TaskParts`."""
        return self.import_parts().task_class

    @property
    def print_scores(self) -> "Callable[[Any, Console], str]":
        """See :class:`TaskParts`."""
        return self.import_parts().print_scores
