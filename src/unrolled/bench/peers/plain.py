"""torch's own layer, as it comes."""

from unrolled.bench.sides import MODULES, LayerCase, Side, module_side


def make(case: LayerCase) -> Side:
    """Return the side of ``torch.nn``'s layer."""
    module = MODULES[case.cell](case.point.input, case.point.hidden)
    module.load_state_dict(case.weights)
    return module_side(module, case)
