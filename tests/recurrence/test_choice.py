"""Which path runs, and that the reason is told."""

import pytest

from numerics import TORCH_CASES, Case
from unrolled.cells import GRU, LSTM, Cell, Elman, Jordan
from unrolled.errors import BackendError
from unrolled.recurrence import Need, choose

BEYOND_TORCH = [
    Elman(nonlinearity="sigmoid"),
    Elman(layer_norm=True),
    Jordan(),
    LSTM(peepholes=True),
    LSTM(layer_norm=True),
    GRU(reset="before"),
    GRU(layer_norm=True),
]
NEEDS = [
    (Need(skip=3), r"skip connection through time \(skip=3\)"),
    (Need(masks=("zoneout_h", "candidate")), r"takes no masks \(zoneout_h, candidate\)"),
    (Need(trace=True), r"does not show its inner states \(trace\)"),
]


@pytest.mark.parametrize("case", TORCH_CASES, ids=str)
def test_auto_takes_torchs_kernel_where_there_is_one(case: Case) -> None:
    choice = choose("auto", case.cell, Need())
    assert choice.path == "aten"
    assert "torch has a kernel" in choice.reason


@pytest.mark.parametrize("option", [LSTM(forget_bias=1.0), GRU(recurrent_init="orthogonal")])
def test_another_start_is_no_obstacle(option: Cell) -> None:
    assert choose("auto", option, Need()).path == "aten"


@pytest.mark.parametrize("cell", BEYOND_TORCH, ids=str)
def test_a_cell_that_torch_lacks_runs_on_the_reference_and_says_why(cell: Cell) -> None:
    choice = choose("auto", cell, Need())
    assert choice.path == "reference"
    assert choice.reason == f"torch has no kernel for {cell}"
    with pytest.raises(BackendError, match=r"no kernel for .*use backend='auto' or 'reference'"):
        choose("aten", cell, Need())


@pytest.mark.parametrize(("need", "message"), NEEDS)
def test_a_need_that_torch_cannot_meet_runs_on_the_reference_and_says_why(need: Need, message: str) -> None:
    choice = choose("auto", LSTM(), need)
    assert choice.path == "reference"
    with pytest.raises(BackendError, match=message + ".*; use backend='auto' or 'reference'"):
        choose("aten", LSTM(), need)


@pytest.mark.parametrize("cell", [LSTM(), *BEYOND_TORCH], ids=str)
def test_the_reference_runs_everything(cell: Cell) -> None:
    choice = choose("reference", cell, Need(skip=2, masks=("candidate",), trace=True))
    assert (choice.path, choice.reason) == ("reference", "asked for")


@pytest.mark.parametrize("cell", [LSTM(), Elman(), GRU(), Jordan()], ids=str)
def test_the_compiled_loop_says_what_it_cannot_do_and_names_the_alternatives(cell: Cell) -> None:
    with pytest.raises(BackendError, match=r"'compiled'.*use backend='auto', 'aten' or 'reference'"):
        choose("compiled", cell, Need())


def test_an_unknown_backend_is_an_error_and_never_another_path() -> None:
    with pytest.raises(BackendError, match="'fastest'"):
        choose("fastest", LSTM(), Need())  # type: ignore[arg-type]
