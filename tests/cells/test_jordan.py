"""The Jordan step follows the equations of its docstring: y, not h, is the state that is fed back."""

import pytest
import torch

from formulas import FUNCTIONS, each, normalise, plus, product, times
from numerics import Case, make_problem
from unrolled.cells import Jordan
from unrolled.errors import ConfigError


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("output_nonlinearity", ["tanh", "relu", "sigmoid", "identity"])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("output_features", [0, 2, 5])
def test_two_steps_follow_the_equations(
    output_features: int, nonlinearity: str, output_nonlinearity: str, bias: bool
) -> None:
    cell = Jordan(
        output_features=output_features,
        nonlinearity=nonlinearity,
        output_nonlinearity=output_nonlinearity,
    )
    problem = make_problem(Case("jordan", cell, bias), steps=2, batch=3, hidden_size=4)
    result = problem.run(trace=True)
    p = problem.p
    assert problem.state[0].shape == (3, output_features or 4)
    for b in range(3):
        y = problem.state[0][b].tolist()
        for t in range(2):
            preactivation = plus(
                product(p["weight_ih"], problem.x[t, b].tolist(), p.get("bias_ih")),
                product(p["weight_hh"], y, p.get("bias_hh")),
            )
            h = each(FUNCTIONS[nonlinearity], preactivation)
            y = each(FUNCTIONS[output_nonlinearity], product(p["weight_ho"], h, p.get("bias_ho")))
            assert result.y[t, b].tolist() == pytest.approx(y, abs=1e-13)
            assert result.trace["hidden"][t, b].tolist() == pytest.approx(h, abs=1e-13)
        assert result.state[0][b].tolist() == pytest.approx(y, abs=1e-13)


def test_layer_norm_normalises_the_two_products() -> None:
    cell = Jordan(layer_norm=True, output_features=2)
    problem = make_problem(Case("jordan", cell), steps=1, batch=2, hidden_size=4)
    p = problem.p
    y = problem.run().y
    for b in range(2):
        h = each(
            FUNCTIONS["tanh"],
            plus(
                normalise(
                    product(p["weight_ih"], problem.x[0, b].tolist()),
                    p["weight_ln_ih"],
                    p["bias_ih"],
                ),
                normalise(
                    product(p["weight_hh"], problem.state[0][b].tolist()),
                    p["weight_ln_hh"],
                    p["bias_hh"],
                ),
            ),
        )
        expected = each(FUNCTIONS["tanh"], product(p["weight_ho"], h, p["bias_ho"]))
        assert y[0, b].tolist() == pytest.approx(expected, abs=1e-13)


def test_the_candidate_mask_applies_to_h_and_zoneout_to_y() -> None:
    cell = Jordan(output_features=2, output_nonlinearity="identity")
    problem = make_problem(Case("jordan", cell), steps=1, batch=1, hidden_size=3)
    p, old = problem.p, problem.state[0]
    mask = torch.tensor([[0.0, 2.0, 1.5]], dtype=torch.float64)
    keep = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    a = cell.project(problem.x[0], p)
    (new,), gates = cell.step(a, (old,), p, {"candidate": mask, "zoneout_h": keep})
    masked = times(gates["hidden"][0].tolist(), mask[0].tolist())
    y = product(p["weight_ho"], masked, p["bias_ho"])
    assert new[0].tolist() == pytest.approx([old[0, 0].item(), y[1]], abs=1e-14)


def test_invalid_options_are_refused() -> None:
    with pytest.raises(ConfigError, match="output_nonlinearity='softplus' is not one of"):
        Jordan(output_nonlinearity="softplus")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="output_features=-1"):
        Jordan(output_features=-1)
    with pytest.raises(ConfigError, match="nonlinearity='softplus'"):
        Jordan(nonlinearity="softplus")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="proj_size"):
        Jordan().shapes(2, 3, proj_size=2)
