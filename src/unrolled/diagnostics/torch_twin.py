"""Twin of a torch.nn recurrent layer: a layer of this toolkit that shares its weights and can be traced."""

from typing import Any

import torch
from torch import Tensor, nn

from unrolled.layers import GRU, LSTM, RNN, Recurrent

TORCH_LAYERS = (nn.RNN, nn.LSTM, nn.GRU)


def make_twin(module: nn.RNNBase) -> Recurrent:
    """Return a layer of this toolkit that computes the same as a torch.nn.RNN, LSTM or GRU.

    The weights are shared, not copied, so that gradients flow to those of ``module``.
    """
    options: dict[str, Any] = {
        "num_layers": module.num_layers,
        "bias": module.bias,
        "batch_first": module.batch_first,
        "bidirectional": module.bidirectional,
        "device": "meta",
    }
    sizes = module.input_size, module.hidden_size
    twin: Recurrent
    if isinstance(module, nn.LSTM):
        twin = LSTM(*sizes, proj_size=module.proj_size, **options)
    elif isinstance(module, nn.GRU):
        twin = GRU(*sizes, **options)
    else:
        assert isinstance(module, nn.RNN)
        twin = RNN(*sizes, nonlinearity=module.nonlinearity, **options)
    for name in list(twin._parameters):
        _share_weight(twin, name, getattr(module, name))
    return twin.eval()


def _share_weight(twin: Recurrent, name: str, weight: Tensor) -> None:
    """Assign a weight. A weight computed by a wrapper (weight dropout, weight norm) is not a parameter."""
    if isinstance(weight, nn.Parameter):
        twin._parameters[name] = weight
    else:
        assert isinstance(weight, torch.Tensor)
        del twin._parameters[name]
        twin.__dict__[name] = weight
