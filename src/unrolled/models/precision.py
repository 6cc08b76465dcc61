"""What every model says about the precision of its products."""

from typing import Protocol, runtime_checkable

from unrolled.backends import Precision


@runtime_checkable
class HasPrecision(Protocol):
    """A model whose products can be rounded: it begins in ``"full"``, and the trainer sets another."""

    @property
    def precision(self) -> Precision:
        """Of the products; see :class:`unrolled.layers.Recurrent`."""

    @precision.setter
    def precision(self, value: Precision) -> None:
        """Set it; ConfigError or BackendError where the model does not have it."""
