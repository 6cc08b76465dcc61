"""A Jordan network whose output is much wider than its hidden layer, so that no padding hides overlaps."""

import pytest
import torch

from numerics import Case, make_problem, needs_extension, weighted_sum
from unrolled.backends import compiled_layer
from unrolled.cells import Jordan

pytestmark = needs_extension


@pytest.mark.parametrize(("outputs", "hidden"), [(200, 20), (97, 64), (33, 5)])
def test_gradients_equal_the_reference(outputs: int, hidden: int) -> None:
    case = Case("jordan-very-wide", Jordan(output_features=outputs))
    problem = make_problem(case, steps=5, batch=4, input_size=3, hidden_size=hidden)
    expected = problem.run()
    y, state = compiled_layer(problem.cell, problem.x, problem.state, problem.p)
    torch.testing.assert_close(y, expected.y, rtol=1e-10, atol=1e-11)
    gradients = torch.autograd.grad(weighted_sum([y, *state]), problem.leaves)
    expected_gradients = torch.autograd.grad(weighted_sum([expected.y, *expected.state]), problem.leaves)
    for a, b in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)
