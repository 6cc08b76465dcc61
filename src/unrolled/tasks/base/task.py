"""A model as a tool: trained, measured, used, looked into and kept as a folder."""

from pathlib import Path
from typing import Any, TextIO

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


class Task(TrainedTask[C, D]):
    """A model as a tool: one configuration, trained, measured, used and kept as a folder.

    A task says where its data come from, what model reads them, which loss is minimised and how the result
    is scored (:class:`TaskHooks`); everything else is here and in the classes above it.
    """

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
        self._trained(nn.Module)
        return self._sample(data, SampleSize(rows, steps))

    def _held_out_source(self) -> str:
        """Say where the held-out data came from."""
        source, held_out = self.sources()
        return held_out or f"{source or 'the data'}, held-out part"

    def _read_again(self) -> D:
        """Read the data of training once more.

        Raises:
            RunError: if they came from memory.
            DataError: if they are gone or are no longer the same.
        """
        source, _ = self.sources()
        if not source:
            raise RunError("this model was trained on data from memory, which are gone; give data=FILE")
        data = self._reread()
        self._check_same(data, "this model")
        return data

    def _nothing_held_out(self) -> DataError:
        return DataError("nothing was held out when this model was trained; give data=FILE to look at")

    def input_vectors(self) -> tuple[list[str], NDArray[np.float32]]:
        """Return the tokens that the model reads, and the vector (V, size) of each.

        Raises:
            ConfigError: if it has no table of vectors.
        """
        tokens, table = self._input_table()
        if not isinstance(table, Embedding):
            raise ConfigError(f"this {type(self).__name__} has no table of input vectors")
        return tokens, table.weight.detach().cpu().numpy()

    def _input_table(self) -> tuple[list[str], nn.Module | None]:
        """Return the tokens that the model reads, and the module that makes vectors of them, or None."""
        return [], None

    def predict_table(self, data: str, *, top: int = 0) -> Predictions | None:
        """Return what is predicted for each row of a file; None if the task writes its own form instead."""
        return None

    def predict_file(self, data: str, out: TextIO) -> None:
        """Write what is predicted for a file, in the task's own form."""
        verbs = ", ".join(f"unrolled {verb} RUN" for verb in self.spec.used_by)
        raise ConfigError(f"a run of {self.spec.verb} has no predictions to write; use it with {verbs}")
