"""torch's own layer through ``torch.compile``."""

import torch
from torch._dynamo import config

from unrolled.bench.sides import MODULES, LayerCase, Side, module_side


def make(case: LayerCase) -> Side:
    """Return the side of the compiled layer; compiling begins with its first call.

    By its default torch.compile leaves recurrent layers as they are, so that there would be nothing to
    compare; it is told to take them. The loop over time is then written out, which takes it minutes where
    there are many steps.
    """
    config.allow_rnn = True
    module = MODULES[case.cell](case.point.input, case.point.hidden)
    module.load_state_dict(case.weights)
    torch._dynamo.reset()  # each case is compiled for its own sizes, none for sizes in general
    compiled = torch.compile(module)
    return module_side(module, case, lambda x: compiled(x)[0])
