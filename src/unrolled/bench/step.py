"""The whole training step of a model beside the same model in plain PyTorch."""

from collections.abc import Sequence
from functools import partial

from unrolled.bench.ceiling import UNMEASURED, Rates
from unrolled.bench.errors import DisagreementError
from unrolled.bench.memory import peak_of
from unrolled.bench.plan import Group, Task
from unrolled.bench.result import Result
from unrolled.bench.step_models import StepModel
from unrolled.bench.step_sides import OwnStep, PlainStep
from unrolled.bench.timing import PAIRS, alternate

AT_LEAST = 0.5
"""Seconds that one measurement lasts: an update is long and its length varies more than a layer's."""
COMPARED = 10
"""First updates whose losses must agree; later ones drift apart as rounding adds up."""
TOLERANCE = {"float32": 1e-3, "bfloat16": 2e-2}
"""Largest difference of a loss, as a share of it."""


def step_plan(
    models: Sequence[StepModel], precision: str = "float32", pairs: int = PAIRS, *, memory: bool = True
) -> list[Group]:
    """Return the comparisons; ``memory`` also measures the peak memory of each side."""
    tasks = tuple(Task(m.name, partial(compare_step, m, precision, pairs, memory=memory)) for m in models)
    title = "training step of whole models, beside plain PyTorch"
    return [Group(f"{title}, ours in {precision}" if precision != "float32" else title, "torch", tasks)]


def compare_step(
    model: StepModel,
    precision: str = "float32",
    pairs: int = PAIRS,
    rates: Rates = UNMEASURED,
    *,
    memory: bool = True,
) -> Result:
    """Train both in turn from the same start on the same batches.

    Raises:
        DisagreementError: if the losses of the first updates differ.
    """
    own = OwnStep(model, precision)
    plain = PlainStep(model, own.network)
    for _ in range(COMPARED):
        own()
        plain()
    difference = largest_difference(own.losses, plain.losses)
    if not difference <= TOLERANCE[precision]:
        raise DisagreementError(
            f"{model.name}: the losses of the two differ by {difference:.1e} of their value within "
            f"{COMPARED} updates, more than {TOLERANCE[precision]:g}; they do not train the same"
        )
    ceiling = rates.get(precision)
    measured = alternate(own, plain, pairs, at_least=AT_LEAST, equal_calls=True, ceiling=ceiling)
    extra = {
        "loss_ours": own.losses[-1],
        "loss_theirs": plain.losses[-1],
        "updates": float(len(own.losses)),
        "loss_difference": max(abs(a - b) for a, b in zip(own.losses, plain.losses, strict=True)),
    }
    if memory:
        extra["peak_bytes_ours"] = peak_of("ours", model, precision)
        extra["peak_bytes_theirs"] = peak_of("theirs", model)
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


def largest_difference(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the largest difference of two losses, as a share of the peer's; NaN if one is not a number."""
    gaps = [abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True)]
    return float("nan") if any(g != g for g in gaps) else max(gaps)
