"""Compare two implementations of the same computation: results, and the gradients of all inputs."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd import grad

from numerics import Problem, uniform
from unrolled.backends import Unrolled


def outcome(
    result: Unrolled, leaves: Sequence[Tensor], upstream: Sequence[str] = ("y", "h", "c"), seed: int = 77
) -> list[Tensor]:
    """Return the output, the final state, and the gradient of each leaf for random upstream gradients.

    Args:
        result: the result of a forward pass.
        leaves: tensors to differentiate by; the gradient is zero if a leaf has no influence.
        upstream: which of y and the final states receive a gradient.
        seed: seed of the upstream gradients.
    """
    outputs = [result.y, *result.state]
    names = ("y", "h", "c")[: len(outputs)]
    weights = [uniform(*out.shape, seed=seed + i).to(out.dtype) for i, out in enumerate(outputs)]
    chosen = [i for i, name in enumerate(names) if name in upstream]
    gradients = grad(
        [outputs[i] for i in chosen], leaves, [weights[i] for i in chosen], materialize_grads=True
    )
    return [t.detach() for t in (*outputs, *gradients)]


def assert_near(ours: Sequence[Tensor], expected: Sequence[Tensor], *, within: float) -> None:
    """Compare lists of tensors, with a tolerance relative to the largest value of each tensor."""
    for a, b in zip(ours, expected, strict=True):
        size = max(1.0, float(b.detach().abs().max())) if b.numel() else 1.0
        torch.testing.assert_close(a.double(), b.double(), rtol=within, atol=within * size)


def assert_parity(
    problem: Problem, *, within: float = 1e-9, upstream: Sequence[str] = ("y", "h", "c"), **options: object
) -> None:
    """Compare the compiled loop with the reference: outputs, final states, all gradients.

    Args:
        problem: the problem, in any dtype; the reference runs in float64.
        within: tolerance, see :func:`assert_near`.
        upstream: see :func:`outcome`.
        options: options of the compiled loop; the reference ignores ``checkpoint_every`` and ``bfloat16``.
    """
    leaves = [leaf for leaf in problem.leaves if leaf.requires_grad]
    ours = outcome(problem.compiled(**options), leaves, upstream)  # type: ignore[arg-type]
    exact = problem if problem.x.dtype == torch.float64 else problem.to(torch.float64)
    shared_options = {k: v for k, v in options.items() if k not in ("checkpoint_every", "bfloat16")}
    expected = outcome(
        exact.run(**shared_options), [leaf for leaf in exact.leaves if leaf.requires_grad], upstream
    )
    assert all(t.dtype == problem.x.dtype for t in ours)
    assert_near(ours, expected, within=within)
