"""Properties of every cell: parameter shapes, initialisation and state sizes."""

import math

import pytest
import torch
from torch import Tensor

from numerics import CASES, Case, case_named
from unrolled.cells import GRU, LSTM, Cell, Elman, Jordan

GATES = {"Elman": 1, "Jordan": 1, "LSTM": 4, "GRU": 3, "MinLSTM": 3}
ORTHOGONAL = [
    (Elman, 0),
    (LSTM, 0),
    (LSTM, 3),
    (GRU, 0),
]


def initialise(
    cell: Cell, input_size: int = 3, hidden_size: int = 5, seed: int = 0, **options: int
) -> dict[str, Tensor]:
    """Return freshly initialised parameters."""
    torch.manual_seed(seed)
    shapes = cell.shapes(input_size, hidden_size, **options)
    p = {name: torch.full(shape, math.nan) for name, shape in shapes.items()}
    cell.initialise(p)
    return p


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_parameter_is_initialised_within_torchs_bound(case: Case) -> None:
    p = initialise(case.cell, hidden_size=25, bias=case.bias, proj_size=case.proj_size)
    bound = 1 / math.sqrt(25)
    for name, value in p.items():
        if name.startswith("weight_ln"):
            assert (value == 1).all(), name
        elif name.startswith("bias_ln"):
            assert (value == 0).all(), name
        else:
            assert value.abs().max() <= bound, name
            assert value.max() - value.min() > bound, name


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parameter_shapes(case: Case) -> None:
    gates = GATES[type(case.cell).__name__]
    shapes = case.cell.shapes(7, 5, bias=case.bias, proj_size=case.proj_size)
    output_size = case.proj_size or getattr(case.cell, "output_features", 0) or 5
    assert case.cell.gates == gates
    assert case.cell.output_size(5, case.proj_size) == output_size
    assert shapes["weight_ih"] == (gates * 5, 7)
    assert shapes.get("weight_hh") == ((gates * 5, output_size) if case.cell.recurrent else None)
    assert ("bias_ih" in shapes) == case.bias
    assert ("bias_hh" in shapes) == (case.bias and case.cell.recurrent)
    assert next(iter(shapes)) == "weight_ih"
    assert (shapes.get("weight_hr") == (case.proj_size, 5)) == bool(case.proj_size)
    sizes = case.cell.state_sizes(5, case.proj_size)
    assert sizes == ((output_size, 5) if isinstance(case.cell, LSTM) else (output_size,))


@pytest.mark.parametrize(("kind", "proj_size"), ORTHOGONAL)
def test_orthogonal_init_is_orthogonal_in_each_gate(kind: type[Cell], proj_size: int) -> None:
    p = initialise(kind(recurrent_init="orthogonal"), proj_size=proj_size)
    blocks = p["weight_hh"].split(5)
    assert len(blocks) == GATES[kind.__name__]
    for block in blocks:
        gram = block.T @ block  # (R, R): the columns are orthonormal, R ≤ H
        torch.testing.assert_close(gram, torch.eye(proj_size or 5), rtol=0, atol=1e-5)
    if len(blocks) > 1:
        assert not torch.allclose(blocks[0], blocks[1])


@pytest.mark.parametrize("kind", [Elman, LSTM, GRU, Jordan])
def test_identity_init_is_the_identity_in_each_gate(kind: type[Cell]) -> None:
    p = initialise(kind(recurrent_init="identity"))
    for block in p["weight_hh"].split(5):
        assert torch.equal(block, torch.eye(5))


def test_recurrent_init_does_not_change_the_other_parameters() -> None:
    plain = initialise(GRU())
    for init in ("orthogonal", "identity"):
        other = initialise(GRU(recurrent_init=init))
        assert not torch.equal(plain["weight_hh"], other["weight_hh"])
        for name in ("weight_ih", "bias_ih", "bias_hh"):
            assert torch.equal(plain[name], other[name])


def test_an_identity_relu_network_remembers_its_first_state() -> None:
    case = case_named("elman-relu")
    p = initialise(Elman(nonlinearity="relu", recurrent_init="identity"))
    h = torch.tensor([[0.0, 1.0, 2.0, 3.0, 4.0]])
    p["bias_ih"].zero_()
    p["bias_hh"].zero_()
    for _ in range(3):
        (h,), _ = case.cell.step(case.cell.project(torch.zeros(1, 3), p), (h,), p, {})
    assert torch.equal(h, torch.tensor([[0.0, 1.0, 2.0, 3.0, 4.0]]))


def test_cells_are_frozen_and_compare_by_their_options() -> None:
    assert LSTM(peepholes=True) == LSTM(peepholes=True) != LSTM()
    with pytest.raises(AttributeError, match="peepholes"):
        LSTM().peepholes = True  # type: ignore[misc]
