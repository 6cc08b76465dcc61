"""The ceiling is the rate of the fastest matrix product on this machine; all products agree."""

import pytest
import torch

from unrolled.bench import ceiling


@pytest.fixture
def small_sizes(monkeypatch):
    monkeypatch.setattr(ceiling, "SIZES", ((16, 16, 16), (64, 8, 32)))


def test_all_products_agree():
    torch.manual_seed(3)
    products = ceiling.products((20, 30, 40), torch.float32)
    assert list(products) == ["torch.mm", "torch.mm, transposed", "oneDNN", "oneDNN, packed"]
    values = [product() for product in products.values() if product is not None]
    for value in values:
        assert value.shape == (20, 40)
        torch.testing.assert_close(value, values[0])


def test_the_ceiling_is_the_best_product(small_sizes):
    float32, bfloat16 = ceiling.measure_ceilings()
    for measured in (float32, bfloat16):
        assert measured.gflops == max(measured.products.values()) == measured.products[measured.product]
        assert measured.size in ceiling.SIZES
        assert measured.threads == torch.get_num_threads()
    assert (float32.precision, bfloat16.precision) == ("float32", "bfloat16")
    assert f"{float32.gflops:.1f} GFLOP/s on 1 thread (" in str(float32)


def test_missing_onednn_is_reported_as_absent(small_sizes, monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    measured = ceiling.measure_ceilings()[0]
    assert measured.absent == ("oneDNN", "oneDNN, packed")
    assert set(measured.products) == {"torch.mm", "torch.mm, transposed"}
    assert "oneDNN absent" in str(measured)


def test_a_missing_onednn_operator_is_reported_as_absent(small_sizes, monkeypatch):
    class Operators:
        mkldnn = object()

    monkeypatch.setattr(torch, "ops", Operators())
    assert ceiling.products((4, 4, 4), torch.float32)["oneDNN"] is None


def test_nothing_larger_is_tried_after_a_product_that_is_too_slow(small_sizes, monkeypatch):
    monkeypatch.setattr(ceiling, "TOO_SLOW_SECONDS", 0.0)
    assert {c.size for c in ceiling.measure_ceilings()} == {(16, 16, 16)}


def test_the_ceiling_is_measured_again_with_the_best_product(small_sizes, monkeypatch):
    monkeypatch.setattr(ceiling, "RATE_SECONDS", 0.0)
    ceilings = ceiling.measure_ceilings()
    rates = ceiling.rate_functions(ceilings)
    assert list(rates) == ["float32", "bfloat16"]
    calls = []

    def product():
        calls.append(1)
        return torch.zeros(1)

    monkeypatch.setattr(ceiling, "products", lambda size, dtype: {ceilings[0].product: product})
    rate = ceiling.rate_functions(ceilings[:1])["float32"]()
    assert len(calls) == 2  # one warm-up call, one timed call
    assert rate > 0
