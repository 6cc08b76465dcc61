"""A cell for which torch has no kernel, compared with a loop over time in plain PyTorch."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled import cells
from unrolled.bench.agreement import TOLERANCE, require_agreement
from unrolled.bench.ceiling import NO_RATES, Rates
from unrolled.bench.layers import TITLES, LayerOptions, check_options, layer_flops
from unrolled.bench.own import backends_used, make_unrolled_layer
from unrolled.bench.plan import Group, Task
from unrolled.bench.point import Point
from unrolled.bench.result import Result
from unrolled.bench.sides import LayerCase, module_side
from unrolled.bench.timing import alternate
from unrolled.layers import RecurrentDrop

ZONEOUT = 0.1
COMPARED_STEPS = 8
"""Steps over which the two must agree. With random initial weights, this cell's gradients and their rounding
errors grow a thousandfold over 100 steps. Two float32 loops can then differ by 10⁻² from each other and from
float64."""


class PythonLoopLSTM(nn.Module):
    """An LSTM with layer normalisation and zoneout, in plain PyTorch.

    The product with the input is computed for all steps in one call, as an efficient user loop would do it.
    Maps (T, B, I) to (T, B, H) and the final state.
    """

    def __init__(self, input_size: int, hidden: int) -> None:
        super().__init__()
        gate_rows = 4 * hidden
        self.weight_ih_l0 = nn.Parameter(torch.zeros(gate_rows, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.zeros(gate_rows, hidden))
        self.bias_ih_l0 = nn.Parameter(torch.zeros(gate_rows))
        self.bias_hh_l0 = nn.Parameter(torch.zeros(gate_rows))
        self.weight_ln_ih_l0 = nn.Parameter(torch.ones(gate_rows))
        self.weight_ln_hh_l0 = nn.Parameter(torch.ones(gate_rows))
        self.weight_ln_c_l0 = nn.Parameter(torch.ones(hidden))
        self.bias_ln_c_l0 = nn.Parameter(torch.zeros(hidden))
        self.hidden = hidden

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Run all steps, starting with a zero state."""
        gate_shape = (4 * self.hidden,)
        a = F.layer_norm(F.linear(x, self.weight_ih_l0), gate_shape, self.weight_ln_ih_l0, self.bias_ih_l0)
        h = c = x.new_zeros(x.shape[1], self.hidden)
        outputs = []
        for a_t in a:
            u = F.linear(h, self.weight_hh_l0)
            u = F.layer_norm(u, gate_shape, self.weight_ln_hh_l0, self.bias_hh_l0)
            i, f, g, o = (a_t + u).chunk(4, dim=-1)
            new_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            normalised_c = F.layer_norm(new_c, (self.hidden,), self.weight_ln_c_l0, self.bias_ln_c_l0)
            new_h = torch.sigmoid(o) * torch.tanh(normalised_c)
            h, c = self._zoneout(new_h, h), self._zoneout(new_c, c)
            outputs.append(h)
        return torch.stack(outputs), (h, c)

    def _zoneout(self, new: Tensor, old: Tensor) -> Tensor:
        if not self.training:
            return ZONEOUT * old + (1 - ZONEOUT) * new
        keep = torch.bernoulli(torch.full_like(new, ZONEOUT))
        return keep * old + (1 - keep) * new


def custom_plan(points: Sequence[Point], options: LayerOptions) -> list[Group]:
    """Return the comparisons of training steps. Raises the errors of :func:`layer_plan`."""
    check_options(["lstm"], options, **_cell_options())
    tasks = tuple(Task(str(p), partial(compare_custom, p, options)) for p in points)
    title = f"lstm with layer normalisation and zoneout, {TITLES['train']}, compared with a Python loop"
    return [Group(title, "loop", tasks)]


def compare_custom(point: Point, options: LayerOptions, rates: Rates = NO_RATES) -> Result:
    """Time the layer against the loop.

    The zoneout masks are random, so the two are compared in evaluation mode, where both use the expected
    value: the outputs and all gradients of the first steps must agree.

    Raises:
        DisagreementError: if the two differ.
    """
    case = LayerCase.draw("lstm", "train", point)
    layer = make_unrolled_layer(case, options.backend, options.precision, **_cell_options())
    loop = PythonLoopLSTM(point.input, point.hidden)
    loop.load_state_dict(layer.state_dict())
    difference = _check_agreement(layer, loop, case.first_steps(COMPARED_STEPS), TOLERANCE[options.precision])
    ours, theirs = module_side(layer, case), module_side(loop, case)
    return Result(
        series="custom lstm train",
        case=str(point),
        peer="loop",
        pairs=alternate(ours, theirs, options.pairs, ceiling=rates.get(options.precision)),
        flops=layer_flops(case, point.tokens),
        tokens=point.tokens,
        path=backends_used(layer),
        difference=difference,
        precision=options.precision,
    )


def _check_agreement(layer: nn.Module, loop: nn.Module, case: LayerCase, tolerance: float) -> float:
    ours, theirs = module_side(layer, case), module_side(loop, case)
    layer.eval()
    loop.eval()
    return require_agreement(ours.compute_tensors(), theirs.compute_tensors(), tolerance, f"custom {case}")


def _cell_options() -> dict[str, Any]:
    drop = RecurrentDrop(zoneout=ZONEOUT, zoneout_cell=ZONEOUT)
    return {"cell": cells.LSTM(layer_norm=True), "drop": drop}
