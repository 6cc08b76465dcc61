"""The declarations of cells agree with those of the extension and with what the cells compute."""

from dataclasses import dataclass

import pytest
import torch

from numerics import CASES, Case, make_problem, needs_extension
from unrolled.backends.compiled_steps import compiled_step, compiled_steps
from unrolled.backends.spec import decode, encoded_spec
from unrolled.cells import CELLS, GRU, LSTM, Cell, Elman
from unrolled.cells.nonlinearities import NONLINEARITIES


@needs_extension
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_compiled_step_has_the_gates_and_states_of_the_cell(case: Case) -> None:
    assert case.cell.kernel is not None
    step = compiled_step(case.cell.kernel.name)
    assert step.gates == case.cell.gates
    assert step.states == case.cell.state_names
    assert step.recurrent == case.cell.recurrent


@needs_extension
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_parameter_has_a_place_in_the_compiled_step(case: Case) -> None:
    kernel = case.cell.kernel
    assert kernel is not None
    sides = {f"{kind}_{side}" for kind in ("weight", "bias", "weight_ln") for side in ("ih", "hh")}
    known_parameters = (
        sides | {kernel.output_weight, kernel.output_bias} | set(compiled_step(kernel.name).vectors)
    )
    assert set(case.cell.shapes(3, 4, bias=case.bias, proj_size=case.proj_size)) <= known_parameters


@needs_extension
def test_every_compiled_step_belongs_to_a_cell() -> None:
    kernels = {cell().kernel for cell in CELLS} | {GRU(reset="before").kernel}
    assert {kernel.name for kernel in kernels if kernel} == set(compiled_steps())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_cell_survives_its_encoding(case: Case) -> None:
    spec = encoded_spec(case.cell, ("weight_ih", "bias_ih"), ("candidate",), (0.25,), True, False)
    decoded = decode(spec)
    assert decoded.cell == case.cell
    assert type(decoded.cell) is type(case.cell)
    assert (decoded.weights, decoded.masks) == (("weight_ih", "bias_ih"), ("candidate",))
    assert (decoded.rates, decoded.reverse, decoded.bfloat16) == ((0.25,), True, False)


def test_configurations_name_every_cell_once() -> None:
    names = [cell.name for cell in CELLS]
    assert all(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_traced_gates_follow_their_declared_nonlinearities(case: Case) -> None:
    problem = make_problem(case, steps=1)
    _, gates = case.cell.step(case.cell.project(problem.x[0], problem.p), problem.state, problem.p, {})
    for declared in case.cell.gate_activations:
        value = gates[declared.value]
        if declared.preactivation:
            torch.testing.assert_close(value, NONLINEARITIES[declared.kind](gates[declared.preactivation]))
        assert value.min() >= (-1 if declared.kind == "tanh" else 0)
        assert declared.kind == "relu" or value.max() <= 1
    if case.cell.retaining_gate:
        assert case.cell.retaining_gate in gates
    if case.cell.candidate_gate:
        assert case.cell.candidate_gate in case.cell.gate_names


@dataclass(frozen=True, kw_only=True)
class SubclassWithSameStep(LSTM):
    """A subclass with the same step."""


@dataclass(frozen=True, kw_only=True)
class SubclassWithStep(Elman):
    def step(self, *inputs):
        return super().step(*inputs)


@dataclass(frozen=True, kw_only=True)
class SubclassWithDeclaration(SubclassWithStep):
    @property
    def retaining_gate(self) -> str:
        return "hidden"


def test_a_subclass_has_no_kernel_until_it_declares_one() -> None:
    for cell in (SubclassWithSameStep(), SubclassWithStep(), SubclassWithDeclaration()):
        assert cell.kernel is None
        assert cell.torch_kernel is None
        assert cell.state_activations == ()


def test_declarations_about_a_step_are_inherited_unless_it_is_overridden() -> None:
    assert SubclassWithSameStep().gate_activations == LSTM().gate_activations
    assert SubclassWithSameStep().retaining_gate == "f"
    overriding: Cell = SubclassWithStep()
    assert overriding.gate_activations == ()
    assert not overriding.is_simple
    assert SubclassWithDeclaration().retaining_gate == "hidden"
