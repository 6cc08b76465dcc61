"""The machine's fastest matrix product, measured in the same run: an upper limit for recurrent layers."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

Size = tuple[int, int, int]
"""(M, K, N): sizes of a product of (M, K) with (K, N)."""
Product = Callable[[], Tensor]

SIZES: tuple[Size, ...] = ((512, 512, 512), (1024, 1024, 1024), (6400, 256, 1024), (2048, 2048, 2048))
"""Three square products, and a tall one like a layer's product with its input, in order of their cost."""
REPEATS = 7
RATE_SECONDS = 0.05
"""Seconds for one measurement of a rate between timings."""
TOO_SLOW_SECONDS = 1.0
"""If a product takes longer, as bfloat16 does without special instructions, larger ones are not tried."""


@dataclass(frozen=True)
class Ceiling:
    """The highest GFLOP/s of any product, and the name and size of that product."""

    precision: str
    gflops: float
    product: str
    size: Size
    threads: int
    products: dict[str, float]
    """Best GFLOP/s of each product that this torch version has."""
    absent: tuple[str, ...] = ()
    """Products that this torch version does not have."""

    def __str__(self) -> str:
        others = [f"{name} {rate:.0f}" for name, rate in self.products.items() if name != self.product]
        others += [f"{name} absent" for name in self.absent]
        suffix = f"; {', '.join(others)}" if others else ""
        return (
            f"{self.precision} ceiling: {self.gflops:.1f} GFLOP/s on {self.threads} "
            f"thread{'s' * (self.threads != 1)} ({self.product}, "
            f"{'×'.join(str(n) for n in self.size)}{suffix})"
        )


Rates = Mapping[str, Callable[[], float]]
"""For each precision, a function that measures the GFLOP/s of the fastest product again."""
NO_RATES: Rates = {}


def rate_functions(ceilings: list[Ceiling]) -> Rates:
    """Return functions that measure each ceiling again, to be called between the timings of a layer.

    The speed of a machine with shared cores varies from minute to minute, so a ceiling measured earlier is a
    poor reference for a layer that is timed later.
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
        product()  # bring the operands back into the caches
        start, calls = time.perf_counter(), 0
        while calls == 0 or time.perf_counter() - start < RATE_SECONDS:
            product()
            calls += 1
        return 2 * m * k * n * calls / (time.perf_counter() - start) / 1e9


def measure_ceilings() -> list[Ceiling]:
    """Return the ceilings for float32 and bfloat16 with the current number of threads."""
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
        if slowest > TOO_SLOW_SECONDS:
            break
    winner = max(best, key=lambda name: best[name])
    rates = {name: rate for name, (rate, _) in best.items()}
    rate, size = best[winner]
    return Ceiling(precision, rate, winner, size, torch.get_num_threads(), rates, tuple(absent))


def products(size: Size, dtype: torch.dtype) -> dict[str, Product | None]:
    """Return all products of random matrices by name. None if this torch version lacks the product."""
    m, k, n = size
    a, b = torch.randn(m, k).to(dtype), torch.randn(n, k).to(dtype)
    b_transposed = b.t().contiguous()
    products_by_name: dict[str, Product | None] = {
        "torch.mm": lambda: torch.mm(a, b_transposed),
        "torch.mm, transposed": lambda: torch.mm(a, b.t()),
    }
    if dtype == torch.float32:
        products_by_name |= {"oneDNN": _onednn(a, b), "oneDNN, packed": _onednn(a, b, packed=True)}
    return products_by_name


def _onednn(a: Tensor, b: Tensor, *, packed: bool = False) -> Product | None:
    """Return oneDNN's a·bᵀ, an operator that torch keeps for its compiler, or None if it is missing."""
    operators = torch.ops.mkldnn
    needed = ("_linear_pointwise", "_reorder_linear_weight") if packed else ("_linear_pointwise",)
    if not torch.backends.mkldnn.is_available() or not all(hasattr(operators, name) for name in needed):
        return None
    weight = operators._reorder_linear_weight(b) if packed else b
    linear = operators._linear_pointwise

    def product() -> Tensor:
        result: Tensor = linear(a, weight, None, "none", [], "")
        return result

    return product


def _fastest(product: Product) -> float:
    """Return the seconds of the fastest of several calls, after a warm-up call."""
    seconds = []
    with torch.inference_mode():
        product()
        for _ in range(REPEATS):
            start = time.perf_counter()
            product()
            seconds.append(time.perf_counter() - start)
            if seconds[-1] > TOO_SLOW_SECONDS:
                break
    return min(seconds)
