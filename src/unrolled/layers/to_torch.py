"""Conversion of a layer of this package to torch's own layer with the same equations."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

from unrolled.backends.aten import torch_kernel_name
from unrolled.cells import Cell
from unrolled.errors import BackendError
from unrolled.layers.recurrent_drop import RecurrentDrop

if TYPE_CHECKING:
    from unrolled.layers.recurrent import Recurrent
    from unrolled.layers.single_step import SingleStep


def to_torch(layer: "Recurrent") -> nn.RNNBase:
    """Return the torch.nn layer with the parameters of ``layer``; see :meth:`Recurrent.to_torch`."""
    is_set = {"drop": layer.drop != RecurrentDrop(), "skip": layer.skip, "residual": layer.residual}
    unsupported = [f"{name}={getattr(layer, name)}" for name, value in is_set.items() if value]
    kernel = _require_kernel(layer.cell, unsupported)
    options = _options(kernel)
    if kernel == "lstm":
        options["proj_size"] = layer.proj_size
    module: nn.RNNBase = {"lstm": nn.LSTM, "gru": nn.GRU}.get(kernel, nn.RNN)(
        layer.input_size,
        layer.hidden_size,
        layer.num_layers,
        bias=layer.bias,
        batch_first=layer.batch_first,
        dropout=layer.dropout,
        bidirectional=layer.bidirectional,
        **options,
    )
    _copy_parameters(layer, module, layer._flat_weights_names)
    module.flatten_parameters()
    return module.train(layer.training)


def cell_to_torch(step: "SingleStep") -> nn.RNNCellBase:
    """Return the torch.nn cell with the parameters of ``step``."""
    kernel = _require_kernel(step.cell, [])
    module: nn.RNNCellBase = {"lstm": nn.LSTMCell, "gru": nn.GRUCell}.get(kernel, nn.RNNCell)(
        step.input_size, step.hidden_size, step.bias, **_options(kernel)
    )
    _copy_parameters(step, module, list(step._names))
    return module.train(step.training)


def _require_kernel(cell: Cell, unsupported: Sequence[str]) -> str:
    """Return the name of torch's kernel; raise BackendError without one or for unsupported options."""
    kernel = torch_kernel_name(cell)
    if kernel is None or unsupported:
        description = ", ".join(unsupported) or str(cell)
        raise BackendError(
            f"torch.nn has no layer with {description}: to_torch() and torch.jit.script cannot convert it; "
            "use torch.export or torch.jit.trace"
        )
    return kernel


def _options(kernel: str) -> dict[str, Any]:
    """Return the arguments of a new torch.nn module whose parameters are set afterwards."""
    options: dict[str, Any] = {"device": "meta"}
    return options | ({"nonlinearity": kernel} if kernel in ("tanh", "relu") else {})


def _copy_parameters(source: nn.Module, target: nn.Module, names: Sequence[str]) -> None:
    """Share the parameters of ``source`` with ``target``; copy pruned or reparametrised ones."""
    for name in names:
        value = getattr(source, name)
        is_parameter = isinstance(value, nn.Parameter)
        setattr(target, name, value if is_parameter else nn.Parameter(value.detach().clone()))
