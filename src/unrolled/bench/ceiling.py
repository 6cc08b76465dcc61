"""The machine's own fastest matrix product, in the same run: what no recurrent layer can pass."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

Size = tuple[int, int, int]
"""(M, K, N): a product of (M, K) with (K, N)."""
Product = Callable[[], Tensor]

SIZES: tuple[Size, ...] = ((512, 512, 512), (1024, 1024, 1024), (6400, 256, 1024), (2048, 2048, 2048))
"""Three squares, and a tall one as it stands in front of a layer, in the order of their work."""
REPEATS = 7
RATE_LASTS = 0.05
"""Seconds that a rate is measured in turn with something else."""
TOO_SLOW = 1.0
"""Seconds of one product after which no larger one is tried: bfloat16 without instructions of its own."""


@dataclass(frozen=True)
class Ceiling:
    """The most GFLOP/s that any product reached, and which one it was."""

    precision: str
    gflops: float
    product: str
    size: Size
    threads: int
    products: dict[str, float]
    """Best GFLOP/s of each product that this torch has."""
    absent: tuple[str, ...] = ()
    """Products that this torch lacks."""

    def __str__(self) -> str:
        others = [f"{name} {rate:.0f}" for name, rate in self.products.items() if name != self.product]
        others += [f"{name} absent" for name in self.absent]
        beside = f"; {', '.join(others)}" if others else ""
        return (
            f"{self.precision} ceiling: {self.gflops:.1f} GFLOP/s on {self.threads} "
            f"thread{'s' * (self.threads != 1)} ({self.product}, "
            f"{'×'.join(str(n) for n in self.size)}{beside})"
        )


Rates = Mapping[str, Callable[[], float]]
"""By precision: a call that measures the GFLOP/s of the fastest product once more."""
UNMEASURED: Rates = {}


def rates_of(ceilings: list[Ceiling]) -> Rates:
    """Return what measures each ceiling again, so that it can be taken in turn with what it is beside.

    A machine that shares its cores with others has fast minutes and slow ones: a rate of one of them says
    little of a layer that was timed in another.
    """
    dtypes = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    return {c.precision: partial(_rate, _product(c, dtypes[c.precision]), c.size) for c in ceilings}


def _product(ceiling: Ceiling, dtype: torch.dtype) -> Product:
    product = products(ceiling.size, dtype)[ceiling.product]
    assert product is not None, ceiling
    return product


def _rate(product: Product, size: Size) -> float:
    m, k, n = size
    with torch.inference_mode():
        product()  # its operands come back into the caches
        began, calls = time.perf_counter(), 0
        while calls == 0 or time.perf_counter() - began < RATE_LASTS:
            product()
            calls += 1
        return 2 * m * k * n * calls / (time.perf_counter() - began) / 1e9


def measure_ceilings() -> list[Ceiling]:
    """Return the ceilings of float32 and bfloat16 with the current number of threads."""
    return [_measure("float32", torch.float32), _measure("bfloat16", torch.bfloat16)]


def _measure(precision: str, dtype: torch.dtype) -> Ceiling:
    best: dict[str, tuple[float, Size]] = {}
    absent: dict[str, None] = {}
    for size in SIZES:
        slowest = 0.0
        for name, product in products(size, dtype).items():
            if product is None:
                absent[name] = None
                continue
            seconds = _fastest(product)
            m, k, n = size
            best[name] = max(best.get(name, (0.0, size)), (2 * m * k * n / seconds / 1e9, size))
            slowest = max(slowest, seconds)
        if slowest > TOO_SLOW:
            break
    winner = max(best, key=lambda name: best[name])
    rates = {name: rate for name, (rate, _) in best.items()}
    rate, size = best[winner]
    return Ceiling(precision, rate, winner, size, torch.get_num_threads(), rates, tuple(absent))


def products(size: Size, dtype: torch.dtype) -> dict[str, Product | None]:
    """Return every product of this torch by name, on random matrices; None where it is absent."""
    m, k, n = size
    a, b = torch.randn(m, k).to(dtype), torch.randn(n, k).to(dtype)
    table = b.t().contiguous()
    found: dict[str, Product | None] = {
        "torch.mm": lambda: torch.mm(a, table),
        "torch.mm, transposed": lambda: torch.mm(a, b.t()),
    }
    if dtype == torch.float32:
        found |= {"oneDNN": _onednn(a, b), "oneDNN, packed": _onednn(a, b, packed=True)}
    return found


def _onednn(a: Tensor, b: Tensor, *, packed: bool = False) -> Product | None:
    """Return oneDNN's a·bᵀ, which torch keeps for its compiler; None where this torch has it not."""
    operators = torch.ops.mkldnn
    wanted = ("_linear_pointwise", "_reorder_linear_weight") if packed else ("_linear_pointwise",)
    if not torch.backends.mkldnn.is_available() or not all(hasattr(operators, name) for name in wanted):
        return None
    weight = operators._reorder_linear_weight(b) if packed else b
    linear = operators._linear_pointwise

    def product() -> Tensor:
        result: Tensor = linear(a, weight, None, "none", [], "")
        return result

    return product


def _fastest(product: Product) -> float:
    """Return the seconds of the fastest of several calls after a first one."""
    seconds = []
    with torch.inference_mode():
        product()
        for _ in range(REPEATS):
            began = time.perf_counter()
            product()
            seconds.append(time.perf_counter() - began)
            if seconds[-1] > TOO_SLOW:
                break
    return min(seconds)
