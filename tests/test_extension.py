from collections.abc import Callable

import pytest

from unrolled import extension

core = pytest.importorskip("unrolled._core", reason="the package is installed without its extension")


def test_describes_this_processor() -> None:
    assert all(name.islower() for name in core.instruction_sets())
    assert "present" in extension.describe()


def test_describes_which_thread_pool_it_uses() -> None:
    assert f"threads: {extension.openmp_runtime}" in extension.describe()
    assert extension.openmp_runtime.startswith(("torch's OpenMP", "none: "))


def test_a_library_that_is_not_loaded_provides_no_threads() -> None:
    assert core.use_openmp_of("/nowhere/libtorch_cpu.so").startswith("none")
    extension._share_threads()


def test_unknown_arithmetic_is_an_error() -> None:
    for run in (core.layer_forward, core.layer_backward):
        for number in (-1, 3):
            with pytest.raises(ValueError, match="no such arithmetic"):
                run(core.LayerArgs(), number, 1)


def test_arithmetic_unsupported_by_the_kernels_names_the_instruction_set(
    use_kernels: Callable[[str], None],
) -> None:
    use_kernels("baseline")
    for run in (core.layer_forward, core.layer_backward):
        with pytest.raises(RuntimeError, match="instruction set baseline has no kernel for this arithmetic"):
            run(core.LayerArgs(), 2, 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_peak_is_a_plausible_rate(dtype: str) -> None:
    assert 0.1 < core.peak_gflops(dtype, 0.05) < 1000


def test_unknown_dtype_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match="'bfloat16'"):
        core.peak_gflops("bfloat16", 0.01)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 61.0, float("inf"), float("nan")])
def test_unreasonable_measuring_times_are_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds must lie between 0 and 60"):
        core.peak_gflops("float32", seconds)
