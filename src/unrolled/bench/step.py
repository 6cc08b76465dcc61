"""The training step of a whole model, compared with the same model in plain PyTorch."""

from collections.abc import Sequence
from functools import partial

from unrolled.bench.ceiling import NO_RATES, Rates
from unrolled.bench.errors import DisagreementError
from unrolled.bench.peak_memory import measure_peak
from unrolled.bench.plan import Group, Task
from unrolled.bench.result import Result
from unrolled.bench.step_implementations import PlainStep, TrainerStep
from unrolled.bench.step_models import StepModel
from unrolled.bench.timing import PAIRS, alternate

MIN_SECONDS = 0.5
"""Shortest measurement, in seconds. An update takes long, and its time varies more than that of a layer."""
COMPARED_UPDATES = 10
"""The losses of this many first updates must agree. Later losses differ as rounding errors accumulate."""
TOLERANCE = {"float32": 1e-3, "bfloat16": 2e-2}
"""Largest allowed relative difference of a loss, by the precision of our side."""


def step_plan(
    models: Sequence[StepModel], precision: str = "float32", pairs: int = PAIRS, *, memory: bool = True
) -> list[Group]:
    """Return the comparisons. With ``memory``, they also measure the peak memory of each side."""
    tasks = tuple(Task(m.name, partial(compare_step, m, precision, pairs, memory=memory)) for m in models)
    title = "training step of whole models, compared with plain PyTorch"
    return [Group(f"{title}, ours in {precision}" if precision != "float32" else title, "torch", tasks)]


def compare_step(
    model: StepModel,
    precision: str = "float32",
    pairs: int = PAIRS,
    rates: Rates = NO_RATES,
    *,
    memory: bool = True,
) -> Result:
    """Train both alternately, from the same initial weights on the same batches.

    Raises:
        DisagreementError: if the losses of the first updates differ.
    """
    own = TrainerStep(model, precision)
    plain = PlainStep(model, own.network)
    for _ in range(COMPARED_UPDATES):
        own()
        plain()
    difference = largest_relative_difference(own.losses, plain.losses)
    if not difference <= TOLERANCE[precision]:
        raise DisagreementError(
            f"{model.name}: the losses of the two sides differ by {difference:.1e} of their value within "
            f"{COMPARED_UPDATES} updates, more than {TOLERANCE[precision]:g}: they compute different numbers"
        )
    ceiling = rates.get(precision)
    measured = alternate(own, plain, pairs, min_seconds=MIN_SECONDS, equal_calls=True, ceiling=ceiling)
    extra = {
        "loss_ours": own.losses[-1],
        "loss_theirs": plain.losses[-1],
        "updates": float(len(own.losses)),
        "loss_difference": max(abs(a - b) for a, b in zip(own.losses, plain.losses, strict=True)),
    }
    if memory:
        extra["peak_bytes_ours"] = measure_peak("ours", model, precision)
        extra["peak_bytes_theirs"] = measure_peak("theirs", model)
    return Result(
        series="training step",
        case=model.name,
        peer="torch",
        pairs=measured,
        flops=model.flops,
        tokens=model.tokens,
        path=", ".join(dict.fromkeys(own.network.recurrent.explain().paths)),
        difference=difference,
        precision=precision,
        extra=extra,
    )


def largest_relative_difference(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the largest difference between losses, relative to the peer's loss; NaN if a loss is NaN."""
    gaps = [abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True)]
    return float("nan") if any(g != g for g in gaps) else max(gaps)
