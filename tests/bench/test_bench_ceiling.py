"""The ceiling is the best of this machine's matrix products, all of which compute the same."""

import pytest
import torch

from unrolled.bench import ceiling


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(ceiling, "SIZES", ((16, 16, 16), (64, 8, 32)))


def test_every_product_computes_the_same():
    torch.manual_seed(3)
    found = ceiling.products((20, 30, 40), torch.float32)
    assert list(found) == ["torch.mm", "torch.mm, transposed", "oneDNN", "oneDNN, packed"]
    values = [product() for product in found.values() if product is not None]
    for value in values:
        assert value.shape == (20, 40)
        torch.testing.assert_close(value, values[0])


def test_the_ceiling_is_the_best_product(small):
    float32, bfloat16 = ceiling.measure_ceilings()
    for measured in (float32, bfloat16):
        assert measured.gflops == max(measured.products.values()) == measured.products[measured.product]
        assert measured.size in ceiling.SIZES
        assert measured.threads == torch.get_num_threads()
    assert (float32.precision, bfloat16.precision) == ("float32", "bfloat16")
    assert f"{float32.gflops:.1f} GFLOP/s on 1 thread (" in str(float32)


def test_without_onednn_it_is_said_to_be_absent(small, monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    measured = ceiling.measure_ceilings()[0]
    assert measured.absent == ("oneDNN", "oneDNN, packed")
    assert set(measured.products) == {"torch.mm", "torch.mm, transposed"}
    assert "oneDNN absent" in str(measured)


def test_without_the_operator_it_is_said_to_be_absent(small, monkeypatch):
    class Operators:
        mkldnn = object()

    monkeypatch.setattr(torch, "ops", Operators())
    assert ceiling.products((4, 4, 4), torch.float32)["oneDNN"] is None


def test_nothing_larger_is_tried_after_a_product_that_is_too_slow(small, monkeypatch):
    monkeypatch.setattr(ceiling, "TOO_SLOW_SECONDS", 0.0)
    assert {c.size for c in ceiling.measure_ceilings()} == {(16, 16, 16)}


def test_the_ceiling_is_measured_again_by_the_product_that_won(small, monkeypatch):
    monkeypatch.setattr(ceiling, "RATE_SECONDS", 0.0)
    found = ceiling.measure_ceilings()
    rates = ceiling.rate_functions(found)
    assert list(rates) == ["float32", "bfloat16"]
    calls = []

    def product():
        calls.append(1)
        return torch.zeros(1)

    monkeypatch.setattr(ceiling, "products", lambda size, dtype: {found[0].product: product})
    rate = ceiling.rate_functions(found[:1])["float32"]()
    assert len(calls) == 2  # one to come into the caches, one that is timed
    assert rate > 0
