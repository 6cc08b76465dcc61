"""Layers compared with their peers, over a grid of sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from unrolled.backends import BackendName
from unrolled.bench.agreement import TOLERANCE, require_agreement
from unrolled.bench.ceiling import NO_RATES, Rates
from unrolled.bench.flops import TRAINING_PASSES, layer_forward
from unrolled.bench.own import backends_used, make_unrolled_layer
from unrolled.bench.peers import PEERS, make_peer
from unrolled.bench.plan import Group, Task
from unrolled.bench.point import Point
from unrolled.bench.result import Result
from unrolled.bench.sides import LayerCase, Mode, Side, module_side
from unrolled.bench.timing import PAIRS, alternate
from unrolled.layers import Recurrent

TITLES: dict[Mode, str] = {"train": "training step", "inference": "inference"}


@dataclass(frozen=True)
class LayerOptions:
    """Options of this package's layers, and the number of measurements."""

    backend: BackendName = "auto"
    precision: str = "float32"
    pairs: int = PAIRS


def layer_plan(
    cells: Sequence[str],
    modes: Sequence[Mode],
    peers: Sequence[str],
    points: Sequence[Point],
    options: LayerOptions,
) -> list[Group]:
    """Return the comparisons, one group for each cell, mode and peer that runs in that mode.

    Raises:
        BackendError: if the requested backend cannot run a cell.
        ConfigError: if the layers do not support the precision.
    """
    groups = []
    check_options(cells, options)
    for cell in cells:
        for mode in modes:
            for peer in peers:
                if mode not in PEERS[peer].modes:
                    continue
                tasks = [Task(str(p), partial(compare_layers, cell, mode, p, peer, options)) for p in points]
                title = f"{cell}, {TITLES[mode]}, compared with {PEERS[peer].title}"
                groups.append(Group(title, peer, tuple(tasks)))
    return groups


def check_options(cells: Sequence[str], options: LayerOptions, **layer_options: Any) -> None:
    """Check that each cell can run with these options, with a layer of one unit, before anything is measured.

    ``layer_options`` are further options of the layer.
    """
    for cell in cells:
        case = LayerCase.draw(cell, "train", Point(1, 1, 1, 1))
        make_unrolled_layer(case, options.backend, options.precision, **layer_options).explain()


def compare_layers(
    cell: str, mode: Mode, point: Point, peer: str, options: LayerOptions, rates: Rates = NO_RATES
) -> Result:
    """Time one layer against a peer.

    Raises:
        DisagreementError: if outputs or gradients differ.
    """
    case = LayerCase.draw(cell, mode, point)
    layer = make_unrolled_layer(case, options.backend, options.precision)
    return compare(case, layer, module_side(layer, case), make_peer(peer, case), peer, options, rates)


def compare(
    case: LayerCase,
    layer: Recurrent,
    ours: Side,
    theirs: Side,
    peer: str,
    options: LayerOptions,
    rates: Rates = NO_RATES,
) -> Result:
    """Check that the two sides agree, then time them alternately."""
    what = f"{case} compared with {peer}"
    difference = require_agreement(
        ours.compute_tensors(), theirs.compute_tensors(), TOLERANCE[options.precision], what
    )
    return Result(
        series=f"{case.cell} {case.mode}",
        case=str(case.point),
        peer=peer,
        pairs=alternate(ours, theirs, options.pairs, ceiling=rates.get(options.precision)),
        flops=layer_flops(case, case.point.tokens),
        tokens=case.point.tokens,
        path=backends_used(layer),
        difference=difference,
        precision=options.precision,
    )


def layer_flops(case: LayerCase, tokens: int) -> int:
    """Return the number of operations of one call."""
    forward = layer_forward(case.cell, tokens, case.point.input, case.point.hidden)
    return TRAINING_PASSES * forward if case.training else forward
