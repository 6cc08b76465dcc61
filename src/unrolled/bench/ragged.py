"""A ragged batch compared with the same batch padded, both run by this package's layer."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from unrolled.bench.agreement import TOLERANCE, require_agreement
from unrolled.bench.ceiling import NO_RATES, Rates
from unrolled.bench.layers import TITLES, LayerOptions, check_options, layer_flops
from unrolled.bench.own import backends_used, make_unrolled_layer
from unrolled.bench.plan import Group, Task
from unrolled.bench.point import Point
from unrolled.bench.result import Result
from unrolled.bench.sides import LayerCase, Mode, ModuleSide, module_side
from unrolled.bench.timing import alternate
from unrolled.errors import ConfigError
from unrolled.layers import Recurrent

EXPECTED_RATIO = 1.6
"""Ratio to reach. With lengths spread evenly over 1…T, about half of all steps are padding, so about 2 is the
maximum."""
MIN_ROWS = 4


def ragged_plan(
    cells: Sequence[str], modes: Sequence[Mode], points: Sequence[Point], options: LayerOptions
) -> list[Group]:
    """Return the comparisons, one group for each cell and mode.

    Points with fewer than ``MIN_ROWS`` rows are left out: they say little about ragged batches.

    Raises:
        ConfigError: if no point is left, or the layers do not support the precision.
        BackendError: if the requested backend cannot run a cell.
    """
    check_options(cells, options)
    points = [p for p in points if p.batch >= MIN_ROWS]
    if not points:
        raise ConfigError(f"--ragged: give a point with at least {MIN_ROWS} rows (B)")
    note = f"lengths are spread evenly over 1…T; the expected ratio is at least {EXPECTED_RATIO:g}"
    return [
        Group(
            f"{cell}, {TITLES[mode]}, ragged compared with padded",
            "padded",
            tuple(Task(str(p), partial(compare_ragged, cell, mode, p, options)) for p in points),
            note,
        )
        for cell in cells
        for mode in modes
    ]


def compare_ragged(
    cell: str, mode: Mode, point: Point, options: LayerOptions, rates: Rates = NO_RATES
) -> Result:
    """Time one layer with lengths against the same layer without lengths.

    Raises:
        DisagreementError: if the steps that are not padding differ, or the padding is not zero.
    """
    case = LayerCase.draw(cell, mode, point)
    lengths = spread_lengths(point.steps, point.batch)
    layer, padded = (make_unrolled_layer(case, options.backend, options.precision) for _ in range(2))
    ours = module_side(layer, case, lambda x: _output(layer, x, lengths))
    theirs = module_side(padded, case, lambda x: _output(padded, x, None))
    difference = require_agreement(
        ours.compute_tensors(),
        _masked_side(case, padded, lengths).compute_tensors(),
        TOLERANCE[options.precision],
        f"ragged {case}",
    )
    tokens = int(lengths.sum())
    return Result(
        series=f"ragged {cell} {mode}",
        case=str(point),
        peer="padded",
        pairs=alternate(ours, theirs, options.pairs, ceiling=rates.get(options.precision)),
        flops=layer_flops(case, tokens),
        tokens=tokens,
        path=backends_used(layer),
        difference=difference,
        precision=options.precision,
    )


def spread_lengths(steps: int, rows: int, seed: int = 0) -> Tensor:
    """Return lengths (B,) spread evenly over 1…T, in random order.

    Independent random lengths would make the mean of a few rows, and so the ratio, a matter of luck.
    """
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed))
    return torch.linspace(1, steps, rows).round().long()[order]


def _masked_side(case: LayerCase, layer: Recurrent, lengths: Tensor) -> ModuleSide:
    """Return the padded layer's side, with the output and its gradient set to zero in the padding."""
    not_padding = (torch.arange(case.point.steps)[:, None] < lengths)[..., None]
    masked = replace(case, upstream=case.upstream * not_padding)
    return module_side(layer, masked, lambda x: _output(layer, x, None) * not_padding)


def _output(layer: Recurrent, x: Tensor, lengths: Tensor | None) -> Tensor:
    y = layer(x, lengths=lengths)[0]
    assert isinstance(y, Tensor)
    return y
