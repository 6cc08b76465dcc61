"""Base class of all tasks: fit, evaluate, predict, inspect, save and load."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray
from torch import nn

from unrolled.errors import ConfigError, DataError, RunError
from unrolled.models.inputs import Embedding
from unrolled.tasks.base.fitting import TrainedTask
from unrolled.tasks.base.hooks import C, D
from unrolled.tasks.base.predictions import Predictions
from unrolled.tasks.base.sample import Sample, SampleSize
from unrolled.training import Job

if TYPE_CHECKING:
    from unrolled.engine import Precision
    from unrolled.tasks.base.runtime import Runtime


class Task(TrainedTask[C, D]):
    """A model with its configuration: fit, evaluate, use, save and load.

    A task implements its data sources, model, loss and scores (:class:`TaskHooks`); everything else is here
    and in the base classes.
    """

    def sample(
        self, data: str | Path | None = None, *, rows: int = 16, steps: int = 200
    ) -> tuple[Job[Any], Sample]:
        """Return a small sample of data, and a job of this model whose ``step_losses`` takes it.

        The sample is the first items, cut to ``steps``; for a text or a series, windows that are spread
        evenly over it.

        Args:
            data: a file or a data set, as for :meth:`evaluate`; None takes the held-out data of training.
            rows: maximum number of items or windows.
            steps: maximum number of steps of each.

        Raises:
            ConfigError: if rows or steps are not positive.
            DataError: if the data cannot be used, or nothing was held out.
            RunError: if the model is not trained, or was trained on data from memory and ``data`` is None.
        """
        self._require_model(nn.Module)
        return self._sample(data, SampleSize(rows, steps))

    def _held_out_source(self) -> str:
        """Return the name of the held-out data."""
        source, held_out = self.sources()
        return held_out or f"{source or 'the data'}, held-out part"

    def _reload_training_data(self) -> D:
        """Read the training data again.

        Raises:
            RunError: if the data were in memory.
            DataError: if the data are missing or have changed.
        """
        source, _ = self.sources()
        if not source:
            raise RunError("this model was trained on data from memory, which are gone; give data=FILE")
        data = self._reload_data()
        self._check_data_unchanged(data, "this model")
        return data

    def _no_held_out_error(self) -> DataError:
        return DataError("nothing was held out when this model was trained; give data=FILE")

    def input_vectors(self) -> tuple[list[str], NDArray[np.float32]]:
        """Return the input tokens and their vectors (V, size).

        Raises:
            ConfigError: if the model has no embedding table.
        """
        tokens, table = self._input_table()
        if not isinstance(table, Embedding):
            raise ConfigError(f"this {type(self).__name__} has no table of input vectors")
        return tokens, table.weight.detach().cpu().numpy()

    def _input_table(self) -> tuple[list[str], nn.Module | None]:
        """Return the input tokens and the module that embeds them, or None."""
        return [], None

    def runtime(self, precision: "Precision" = "float32") -> "Runtime[Any, Any]":
        """Return this trained model in the native runtime, with a copy of its weights.

        Args:
            precision: precision of the products: ``"float32"``, ``"bfloat16"`` or ``"int8"``.

        Raises:
            ConfigError: if the task has no runtime, or for an unknown precision.
            BackendError: if the compiled extension is missing.
        """
        model = self._require_model(nn.Module)
        if self.spec.import_runtime is None:
            raise ConfigError(f"a model of {self.spec.verb} has no runtime")
        weights = {name: t.detach().cpu().numpy() for name, t in model.state_dict().items()}
        facts = (self.data_info, self.result)
        return self.spec.import_runtime()(self.config, self.artifacts, weights, precision, *facts)

    def stream(self, *, batch: int = 1, precision: "Precision" = "float32") -> Any:
        """Return a stream: ``batch`` sequences that the model reads step by step, with explicit states.

        It runs in the native runtime, with a copy of the weights; see :meth:`runtime`.

        Raises:
            ConfigError: if the model cannot run forwards step by step, because it reads in both directions.
        """
        return self.runtime(precision).stream(batch)

    def predict_table(self, data: str, *, top: int = 0) -> Predictions | None:
        """Return predictions for each row of a file; None if the task has its own output format."""
        return None

    def predict_file(self, data: str, out: TextIO) -> None:
        """Write predictions for a file in the output format of the task.

        Raises:
            ConfigError: if the task has no predictions to write.
        """
        verbs = ", ".join(f"unrolled {verb} RUN" for verb in self.spec.used_by)
        raise ConfigError(f"a run of {self.spec.verb} has no predictions to write; use it with {verbs}")
