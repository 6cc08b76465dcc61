"""Attributes and methods of ``torch.nn``'s recurrent layers, for code written for them."""

from typing import TYPE_CHECKING, cast

from torch import Tensor, nn

from unrolled.cells import Cell
from unrolled.layers.parameters import Names
from unrolled.layers.to_torch import to_torch

if TYPE_CHECKING:
    from unrolled.layers.recurrent import Recurrent


class TorchNames:
    """Attributes of ``torch.nn.RNNBase`` beyond its arguments, for :class:`unrolled.layers.Recurrent`."""

    cell: Cell
    _names: list[list[Names]]

    @property
    def mode(self) -> str:
        """Mode of the layer as in torch: ``"RNN_TANH"``, ``"RNN_RELU"``, ``"LSTM"`` or ``"GRU"``."""
        return type(self.cell).__name__.upper()

    @property
    def _all_weights(self) -> list[list[str]]:
        return [list(names.values()) for layer in self._names for names in layer]

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """Current weights of each layer and direction, after pruning and reparametrisation."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Tensor]:
        return [getattr(self, name) for name in self._flat_weights_names]

    def flatten_parameters(self) -> None:
        """Do nothing. Exists for code written for torch, whose CUDA layers need the call."""

    def to_torch(self) -> nn.RNNBase:
        """Return torch's own layer with these parameters, for tools that expect ``torch.nn`` classes.

        Parameters are shared, so training one layer trains the other. Of pruned and reparametrised weights
        the current values are copied.

        Raises:
            BackendError: if torch has no such layer, because it lacks the cell or an option.
        """
        return to_torch(cast("Recurrent", self))

    def __prepare_scriptable__(self) -> nn.RNNBase:
        """Let torch.jit.script compile torch's own layer with these parameters."""
        return self.to_torch()
