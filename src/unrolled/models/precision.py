"""Interface of models with a configurable precision."""

from typing import Protocol, runtime_checkable

from unrolled.backends import Precision


@runtime_checkable
class HasPrecision(Protocol):
    """A model with a configurable precision, which is ``"full"`` until the trainer changes it."""

    @property
    def precision(self) -> Precision:
        """Precision of the products; see :class:`unrolled.layers.Recurrent`."""

    @precision.setter
    def precision(self, value: Precision) -> None:
        """Set the precision; raise ConfigError or BackendError if the model does not support it."""
