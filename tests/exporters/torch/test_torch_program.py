"""Files of exported programs: they run without the package, and the exported model is not changed."""

import io
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_programs import assert_parity, random_inputs, run_module

import unrolled as ur
from numerics import scatter_parameters
from unrolled.cells import GRU, Elman, Masks, Parameters, State
from unrolled.errors import ExportError, RunError
from unrolled.exporters.torch.interface import Program, ProgramInput
from unrolled.exporters.torch.models import layer_program, make_programs
from unrolled.exporters.torch.program import export_program, export_torch
from unrolled.layers import Recurrent

RUN_ALONE = """
import sys
sys.modules["unrolled"] = None
import torch
program = torch.export.load(f"{sys.argv[1]}.pt2").module()
for inputs, expected in torch.load(f"{sys.argv[1]}.pt"):
    outputs = program(**inputs)
    assert list(outputs) == list(expected)
    for name, value in expected.items():
        torch.testing.assert_close(outputs[name], value, rtol=1e-5, atol=1e-5)
"""


@dataclass(frozen=True, kw_only=True)
class Branching(Elman):
    """A cell whose equations depend on the values of its state."""

    def step(self, a: Tensor, state: State, p: Parameters, masks: Masks) -> tuple[State, dict[str, Tensor]]:
        if state[0].sum() > 0:
            a = 2 * a
        return super().step(a, state, p, masks)


@dataclass(frozen=True, kw_only=True)
class ThreeRows(Elman):
    """A cell that only takes batches of three rows."""

    def step(self, a: Tensor, state: State, p: Parameters, masks: Masks) -> tuple[State, dict[str, Tensor]]:
        return super().step(a + torch.ones(3, 1), state, p, masks)


class Doubled(nn.Module):
    """A module of a user; torch has an operator for its first layer, but not for the second."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = ur.LSTM(3, 4), ur.GRU(4, 4, cell=GRU(reset="before"))

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, Tensor, Tensor]:
        y, (h, c) = self.first(2 * x, state)
        return self.second(y)[0], h, c


DOUBLED_INPUTS = {
    "x": ProgramInput(("time", "batch", 3), torch.float32),
    "h": ProgramInput((1, "batch", 4), torch.float32),
    "c": ProgramInput((1, "batch", 4), torch.float32),
}


def run_doubled(model: Doubled, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    y, h, c = model(inputs["x"], (inputs["h"], inputs["c"]))
    return {"y": y, "h": h, "c": c}


@pytest.mark.slow
def test_a_program_runs_in_a_process_without_the_package(tmp_path: Path) -> None:
    program = Program("doubled", Doubled(), run_doubled, DOUBLED_INPUTS)
    scatter_parameters(list(program.model.parameters()), 3)
    [path] = export_torch(program, tmp_path)
    assert path == tmp_path / "doubled.pt2"
    assert str(Path(ur.__file__).parent).encode() not in path.read_bytes()
    cases = [random_inputs(program, steps, rows) for steps, rows in ((1, 1), (7, 5), (300, 1), (300, 5))]
    torch.save([(inputs, run_module(program, inputs)) for inputs in cases], tmp_path / "doubled.pt")
    subprocess.run([sys.executable, "-I", "-c", RUN_ALONE, str(tmp_path / "doubled")], check=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch's compiler
@pytest.mark.skipif(shutil.which("g++") is None, reason="AOTInductor needs a C++ compiler")
def test_a_program_with_scan_can_be_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    program = layer_program(ur.LSTM(3, 4, bidirectional=True), lengths=True)
    exported = torch.export.load(io.BytesIO(export_program(program, "scan")))
    package = torch._inductor.aoti_compile_and_package(exported, package_path=str(tmp_path / "layer.pt2"))
    compiled = torch._inductor.aoti_load_package(package)
    for steps, rows in ((1, 1), (7, 5), (300, 1)):
        inputs = random_inputs(program, steps, rows)
        for name, expected in run_module(program, inputs).items():
            torch.testing.assert_close(compiled(**inputs)[name], expected, rtol=1e-5, atol=1e-5)


def test_an_export_leaves_the_model_and_torch_unchanged() -> None:
    layer = ur.LSTM(3, 4, 2, dropout=0.5)
    layer.bias_ih_l0.requires_grad_(False)
    layer(torch.zeros(5, 2, 3))
    operators = [torch.ops.aten.lstm.data, torch.ops.aten.gru.data]
    before = layer.explain(), set(vars(layer)), [dict(o.py_kernels) for o in operators]
    export_program(layer_program(layer))
    assert (layer.explain(), set(vars(layer)), [dict(o.py_kernels) for o in operators]) == before
    assert layer.training
    assert [n for n, p in layer.named_parameters() if not p.requires_grad] == ["bias_ih_l0"]


@pytest.mark.parametrize("cell", [Branching(), ThreeRows()], ids=lambda c: type(c).__name__)
def test_a_step_that_torch_cannot_export(cell: Any) -> None:
    layer = Recurrent(3, 4, cell=cell)
    with pytest.raises(ExportError, match=r"cannot trace layer: .*; a cell's step must be torch operations"):
        export_program(layer_program(layer))
    assert layer.training
    assert "_choose_backend" not in vars(layer)


def test_a_module_of_another_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="Linear is no layer or model of unrolled"):
        export_torch(nn.Linear(2, 3), tmp_path)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="does not exist"):
        export_torch(ur.RNN(2, 3), tmp_path / "missing")


def test_states_of_another_number_of_rows_are_refused() -> None:
    [program] = make_programs(ur.GRU(3, 4))
    exported = assert_parity(program, sizes=((2, 2),))
    inputs = random_inputs(program, 5, 3)
    with pytest.raises(AssertionError, match="Guard failed"):
        exported(**(inputs | {"h": inputs["h"][:, :2]}))
