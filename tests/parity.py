"""How two ways of computing the same are compared: results, and the gradients of all inputs."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd import grad

from numerics import Problem, uniform
from unrolled.backends import Unrolled


def outcome(
    result: Unrolled, leaves: Sequence[Tensor], upstream: Sequence[str] = ("y", "h", "c"), seed: int = 77
) -> list[Tensor]:
    """Return output, final state, and the gradient of each leaf where random gradients arrive from above.

    Args:
        result: of a pass.
        leaves: those of which a gradient is taken; zeros where none arrives.
        upstream: which of y and the final states have a gradient.
        seed: of the gradients from above.
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
    """Compare lists of tensors, the tolerance being relative to the largest number of each tensor."""
    for a, b in zip(ours, expected, strict=True):
        size = max(1.0, float(b.detach().abs().max())) if b.numel() else 1.0
        torch.testing.assert_close(a.double(), b.double(), rtol=within, atol=within * size)


def assert_parity(
    problem: Problem, *, within: float = 1e-9, upstream: Sequence[str] = ("y", "h", "c"), **options: object
) -> None:
    """Hold the compiled loop to the reference: outputs, final states, all gradients.

    Args:
        problem: in any dtype; the reference runs in float64.
        within: tolerance, see :func:`assert_near`.
        upstream: see :func:`outcome`.
        options: of the compiled loop; ``checkpoint_every`` and ``bfloat16`` are not handed to the reference.
    """
    leaves = [leaf for leaf in problem.leaves if leaf.requires_grad]
    ours = outcome(problem.compiled(**options), leaves, upstream)  # type: ignore[arg-type]
    exact = problem if problem.x.dtype == torch.float64 else problem.to(torch.float64)
    of_both = {k: v for k, v in options.items() if k not in ("checkpoint_every", "bfloat16")}
    expected = outcome(exact.run(**of_both), [leaf for leaf in exact.leaves if leaf.requires_grad], upstream)
    assert all(t.dtype == problem.x.dtype for t in ours)
    assert_near(ours, expected, within=within)
