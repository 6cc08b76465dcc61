"""From a layer of this package to torch's own, where torch has the same equations."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

from unrolled.backends.aten import kernel_name
from unrolled.cells import Cell
from unrolled.errors import BackendError
from unrolled.layers.dropout import RecurrentDrop

if TYPE_CHECKING:
    from unrolled.layers.recurrent import Recurrent
    from unrolled.layers.single_step import SingleStep


def to_torch(layer: "Recurrent") -> nn.RNNBase:
    """Return the torch.nn layer with the parameters of ``layer``; see :meth:`Recurrent.to_torch`."""
    beyond = {"drop": layer.drop != RecurrentDrop(), "skip": layer.skip, "residual": layer.residual}
    lacking = [f"{name}={getattr(layer, name)}" for name, is_set in beyond.items() if is_set]
    kernel = _kernel(layer.cell, lacking)
    options = _options(kernel)
    if kernel == "lstm":
        options["proj_size"] = layer.proj_size
    made: nn.RNNBase = {"lstm": nn.LSTM, "gru": nn.GRU}.get(kernel, nn.RNN)(
        layer.input_size,
        layer.hidden_size,
        layer.num_layers,
        bias=layer.bias,
        batch_first=layer.batch_first,
        dropout=layer.dropout,
        bidirectional=layer.bidirectional,
        **options,
    )
    _share(layer, made, layer._flat_weights_names)
    made.flatten_parameters()
    return made.train(layer.training)


def cell_to_torch(step: "SingleStep") -> nn.RNNCellBase:
    """Return the torch.nn cell with the parameters of ``step``."""
    kernel = _kernel(step.cell, [])
    made: nn.RNNCellBase = {"lstm": nn.LSTMCell, "gru": nn.GRUCell}.get(kernel, nn.RNNCell)(
        step.input_size, step.hidden_size, step.bias, **_options(kernel)
    )
    _share(step, made, list(step._names))
    return made.train(step.training)


def _kernel(cell: Cell, lacking: Sequence[str]) -> str:
    kernel = kernel_name(cell)
    if kernel is None or lacking:
        what = ", ".join(lacking) or str(cell)
        raise BackendError(
            f"torch.nn has no layer with {what}: to_torch() and torch.jit.script cannot convert it; use "
            "torch.export or torch.jit.trace"
        )
    return kernel


def _options(kernel: str) -> dict[str, Any]:
    """Return the arguments of a new torch.nn module that will be given its parameters."""
    options: dict[str, Any] = {"device": "meta"}
    return options | ({"nonlinearity": kernel} if kernel in ("tanh", "relu") else {})


def _share(module: nn.Module, made: nn.Module, names: Sequence[str]) -> None:
    for name in names:
        value = getattr(module, name)
        setattr(
            made, name, value if isinstance(value, nn.Parameter) else nn.Parameter(value.detach().clone())
        )
