"""Where a model computes and with which precision: the one place that sets them in training."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from unrolled.backends import Precision
from unrolled.config import require
from unrolled.models.precision import HasPrecision


@dataclass(frozen=True)
class Placement:
    """The device of a training, and the precision of its products.

    The precision holds while :meth:`computing` is entered. Outside of it (scores after training, samples,
    watchers) a model computes in the precision that it had before, which is ``"full"``.
    """

    device: torch.device
    precision: Precision = "full"

    def prepare(self, model: nn.Module) -> None:
        """Move a model to the device.

        Raises:
            ConfigError: if the model does not have the precision.
            BackendError: if there is no such precision.
        """
        with self.computing(model):
            model.to(self.device)

    @contextlib.contextmanager
    def computing(self, model: nn.Module) -> Iterator[None]:
        """Set the precision of a model; it is put back afterwards, whatever happens.

        Raises:
            ConfigError: if the model does not have the precision.
            BackendError: if there is no such precision.
        """
        if not isinstance(model, HasPrecision):
            require(
                self.precision != "bfloat16",
                f"precision='bfloat16': {type(model).__name__} has no precision to set; use precision='full'",
            )
            yield
            return
        before = model.precision
        try:
            model.precision = self.precision
            yield
        finally:
            model.precision = before
