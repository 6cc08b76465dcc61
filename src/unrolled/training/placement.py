"""Device and precision of a model in training. Nothing else in training sets them."""

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
    """Device of a training, and precision of its matrix products.

    The precision applies inside :meth:`computing`. Outside (scores after training, samples, callbacks) the
    model keeps its previous precision, ``"full"``.
    """

    device: torch.device
    precision: Precision = "full"

    def prepare(self, model: nn.Module) -> None:
        """Move a model to the device and check that it supports the precision.

        Raises:
            ConfigError: if the model does not support the precision.
            BackendError: if the precision does not exist.
        """
        with self.computing(model):
            model.to(self.device)

    @contextlib.contextmanager
    def computing(self, model: nn.Module) -> Iterator[None]:
        """Set the precision of a model inside the context; restore it on exit, also after an error.

        Raises:
            ConfigError: if the model does not support the precision.
            BackendError: if the precision does not exist.
        """
        if not isinstance(model, HasPrecision):
            require(
                self.precision != "bfloat16",
                f"precision='bfloat16': {type(model).__name__} has no precision to set; use precision='full'",
            )
            yield
            return
        previous = model.precision
        try:
            model.precision = self.precision
            yield
        finally:
            model.precision = previous
