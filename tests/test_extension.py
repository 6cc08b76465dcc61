import pytest

from unrolled import extension

core = pytest.importorskip("unrolled._core", reason="the package is installed without its extension")


def test_reports_this_processor() -> None:
    assert all(name.islower() for name in core.instruction_sets())
    assert "present" in extension.describe()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_peak_is_a_rate_that_arithmetic_can_have(dtype: str) -> None:
    assert 0.1 < core.peak_gflops(dtype, 0.05) < 1000


def test_unknown_dtype_is_named() -> None:
    with pytest.raises(ValueError, match="'bfloat16'"):
        core.peak_gflops("bfloat16", 0.01)
