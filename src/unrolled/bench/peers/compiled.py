"""The peer ``compile``: the ``torch.nn`` layer, compiled with ``torch.compile``."""

import torch
from torch._dynamo import config

from unrolled.bench.sides import TORCH_LAYERS, LayerCase, Side, module_side


def make(case: LayerCase) -> Side:
    """Return the side of the compiled layer. The first call compiles it.

    torch.compile does not compile recurrent layers by default, so ``allow_rnn`` is set. It then unrolls the
    loop over time, which takes minutes if there are many steps.
    """
    config.allow_rnn = True
    module = TORCH_LAYERS[case.cell](case.point.input, case.point.hidden)
    module.load_state_dict(case.weights)
    torch._dynamo.reset()  # compile each case for its own sizes, not for dynamic ones
    compiled = torch.compile(module)
    return module_side(module, case, lambda x: compiled(x)[0])
