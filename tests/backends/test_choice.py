"""The choice of the backend, and its reason."""

import pytest
import torch
from torch import Tensor

from numerics import CASES, TORCH_CASES, Case, needs_extension
from unrolled.backends import Backend, LayerCall, LayerResult, Requirements, choose
from unrolled.backends import choice as choice_module
from unrolled.cells import GRU, LSTM, Cell, Elman, Jordan, Parameters, State
from unrolled.errors import BackendError

CELLS_WITHOUT_TORCH_KERNEL = [
    Elman(nonlinearity="sigmoid"),
    Elman(layer_norm=True),
    Jordan(),
    LSTM(peepholes=True),
    LSTM(layer_norm=True),
    GRU(reset="before"),
    GRU(layer_norm=True),
]
UNSUPPORTED_BY_TORCH = [
    (Requirements(skip=3), r"skip connection through time \(skip=3\)"),
    (Requirements(masks=("zoneout_h", "candidate")), r"takes no masks \(zoneout_h, candidate\)"),
    (Requirements(trace=True), r"does not expose its inner states \(trace\)"),
]
UNSUPPORTED_BY_THE_COMPILED_LOOP = [
    (Requirements(skip=3), r"the compiled loop has no skip connection through time \(skip=3\)"),
    (Requirements(trace=True), r"the compiled loop does not expose its inner states \(trace\)"),
    (Requirements(device="cuda"), "the compiled loop runs on CPUs, not on cuda"),
    (Requirements(autocast=True), "autocast chooses the dtypes"),
    (Requirements(dtype=torch.bfloat16), "takes float32 and float64, not torch.bfloat16"),
    (Requirements(dtype=torch.float16), "takes float32 and float64, not torch.float16"),
]
ABSENT = "the compiled extension is absent"


class SkipOnlyBackend(Backend):
    """A backend that supports only skip connections, and computes nothing."""

    name = "newest"
    auto_reason = "it is the newest"

    def unsupported_reason(self, cell: Cell, requirements: Requirements) -> str | None:
        return None if requirements.skip else "the newest needs a skip"

    def run_layer(self, call: LayerCall) -> LayerResult:
        raise NotImplementedError

    def run_step(self, cell: Cell, x: Tensor, state: State, p: Parameters) -> State:
        raise NotImplementedError


class LSTMSubclass(LSTM):
    """A subclass that may change the equations, so that no compiled step applies to it."""


@needs_extension
@pytest.mark.parametrize(
    "requirements",
    [Requirements(), Requirements(dtype=torch.float64), Requirements(masks=("zoneout_h",))],
    ids=str,
)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_auto_chooses_the_compiled_loop_for_every_cell(case: Case, requirements: Requirements) -> None:
    choice = choose("auto", case.cell, requirements)
    assert choice.path == "compiled"
    assert choice.reason == "a compiled loop exists for this cell and these options"
    assert not choice.bfloat16
    assert choose("compiled", case.cell, requirements).reason == "requested"


@needs_extension
@pytest.mark.parametrize(("requirements", "message"), UNSUPPORTED_BY_THE_COMPILED_LOOP)
def test_auto_runs_unsupported_options_on_another_backend(requirements: Requirements, message: str) -> None:
    choice = choose("auto", LSTM(), requirements)
    assert choice.path == ("reference" if requirements.skip or requirements.trace else "aten")
    assert message.replace("\\", "") in choice.reason
    with pytest.raises(BackendError, match=f"'compiled': .*{message}.*'auto', 'aten' or 'reference'"):
        choose("compiled", LSTM(), requirements)


@needs_extension
def test_a_subclass_of_a_cell_does_not_inherit_its_kernel() -> None:
    choice = choose("auto", LSTMSubclass(peepholes=True), Requirements())
    assert choice.path == "reference"
    assert choice.reason.startswith(
        "there is no compiled loop for LSTMSubclass; torch has no kernel for LSTMSubclass("
    )
    with pytest.raises(BackendError, match="no compiled loop for LSTMSubclass"):
        choose("compiled", LSTMSubclass(), Requirements())


@needs_extension
@pytest.mark.parametrize("case", CASES, ids=str)
def test_auto_does_not_choose_the_compiled_loop_for_a_single_step(case: Case) -> None:
    requirements = Requirements(one_step=True)
    choice = choose("auto", case.cell, requirements)
    assert choice.path == ("aten" if case in TORCH_CASES else "reference")
    assert choice.reason.startswith("packing the weights for the compiled loop does not pay off")
    assert choose("compiled", case.cell, requirements).path == "compiled"
    assert choose("auto", case.cell, requirements._replace(checkpoint=True)).path == "compiled"
    assert choose("auto", case.cell, requirements._replace(precision="auto")).path == "compiled"


@pytest.mark.usefixtures("no_extension")
@pytest.mark.parametrize("case", TORCH_CASES, ids=str)
def test_without_the_extension_auto_chooses_torch_kernels(case: Case) -> None:
    for requirements in (
        Requirements(),
        Requirements(one_step=True),
        Requirements(device="cuda"),
        Requirements(autocast=True),
    ):
        choice = choose("auto", case.cell, requirements)
        assert (choice.path, choice.reason) == ("aten", f"{ABSENT}; torch has a kernel for this cell")


@pytest.mark.parametrize("option", [LSTM(forget_bias=1.0), GRU(recurrent_init="orthogonal")])
def test_initialisation_options_do_not_affect_the_choice(option: Cell, no_extension: None) -> None:
    assert choose("auto", option, Requirements()).path == "aten"


@pytest.mark.parametrize("cell", CELLS_WITHOUT_TORCH_KERNEL, ids=str)
def test_without_the_extension_other_cells_run_on_the_reference(cell: Cell, no_extension: None) -> None:
    choice = choose("auto", cell, Requirements())
    assert choice.path == "reference"
    assert choice.reason == f"{ABSENT}; torch has no kernel for {cell}"


@pytest.mark.parametrize("cell", CELLS_WITHOUT_TORCH_KERNEL, ids=str)
def test_backend_aten_needs_a_torch_kernel(cell: Cell) -> None:
    with pytest.raises(BackendError, match=r"no kernel for .*use backend='auto' or 'reference'"):
        choose("aten", cell, Requirements())


@pytest.mark.parametrize(("requirements", "message"), UNSUPPORTED_BY_TORCH)
def test_the_reason_names_the_unsupported_requirement(
    requirements: Requirements, message: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(BackendError, match=message + ".*; use backend='auto' or 'reference'"):
        choose("aten", LSTM(), requirements)
    request.getfixturevalue("no_extension")
    choice = choose("auto", LSTM(), requirements)
    assert choice.path == "reference"
    assert choice.reason.startswith(f"{ABSENT}; torch")


@pytest.mark.parametrize("cell", [LSTM(), *CELLS_WITHOUT_TORCH_KERNEL, LSTMSubclass()], ids=str)
def test_the_reference_runs_everything(cell: Cell) -> None:
    requirements = Requirements(skip=2, masks=("candidate",), trace=True, device="cuda", dtype=torch.float16)
    choice = choose("reference", cell, requirements)
    assert (choice.path, choice.reason) == ("reference", "requested")


@pytest.mark.parametrize("cell", [LSTM(), Elman(), GRU(), Jordan()], ids=str)
def test_backend_compiled_needs_the_extension(cell: Cell, no_extension: None) -> None:
    with pytest.raises(BackendError, match=f"'compiled': {ABSENT}; use .*'auto', 'aten' or 'reference'"):
        choose("compiled", cell, Requirements())


def test_a_new_backend_needs_only_a_list_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice_module, "BACKENDS", (SkipOnlyBackend(), *choice_module.BACKENDS))
    requirements = Requirements(skip=1009)  # not used by other tests, since choices are cached
    new_choice = choose("auto", LSTM(), requirements)
    assert (new_choice.path, new_choice.reason) == ("newest", "it is the newest")
    assert choose("newest", LSTM(), requirements).reason == "requested"
    alternatives = "use backend='auto', 'compiled', 'aten' or 'reference'"
    with pytest.raises(BackendError, match=f"'newest': the newest needs a skip; {alternatives}"):
        choose("newest", LSTM(), Requirements(masks=("newest",)))
    with pytest.raises(BackendError, match="not one of auto, newest, compiled, aten, reference"):
        choose("fastest", LSTM(), requirements)
    fallback = choose("auto", LSTM(), Requirements(masks=("none",), trace=True))
    assert fallback.reason.startswith("the newest needs a skip; ")
    assert fallback.path == "reference"


def test_a_new_backend_refuses_unsupported_requirements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice_module, "BACKENDS", (SkipOnlyBackend(),))
    for option in ({"checkpoint": True}, {"precision": "bfloat16"}):
        with pytest.raises(BackendError, match=r"the layer would run on newest \(it is the newest\)"):
            choose("auto", LSTM(), Requirements(skip=1013)._replace(**option))
    with pytest.raises(BackendError, match="no backend can run this layer: the newest needs a skip"):
        choose("auto", LSTM(), Requirements(masks=("nobody",)))


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(BackendError, match="'fastest'"):
        choose("fastest", LSTM(), Requirements())  # type: ignore[arg-type]
