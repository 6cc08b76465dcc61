"""The peer ``torch``: the ``torch.nn`` layer."""

from unrolled.bench.sides import TORCH_LAYERS, LayerCase, Side, module_side


def make(case: LayerCase) -> Side:
    """Return the side of the ``torch.nn`` layer."""
    module = TORCH_LAYERS[case.cell](case.point.input, case.point.hidden)
    module.load_state_dict(case.weights)
    return module_side(module, case)
