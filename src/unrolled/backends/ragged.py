"""Ragged batches: a padded tensor plus the length of each row."""

from collections.abc import Sequence

import torch
from torch import Tensor

from unrolled.backends import transforms
from unrolled.errors import ShapeError

Lengths = Tensor | Sequence[int]


def check_lengths(lengths: Lengths, steps: int, batch: int) -> Tensor:
    """Return a copy of lengths, int64, contiguous, on the CPU.

    The copy is the loop's own: what the caller writes into lengths later does not reach the backward pass.
    While something traces, when no numbers are there yet, the range is left to whatever runs the loop, which
    checks it at every call.

    Raises:
        ShapeError: if there is not one whole number a row, or one is outside 1..T.
    """
    given = _as_tensor(lengths).detach().cpu()
    if given.numel() == 0 and not batch:
        return torch.zeros(0, dtype=torch.int64, device="cpu")
    if given.numel() == 0:
        raise ShapeError(f"lengths is empty, but the batch has {batch} rows: give one length a row")
    if given.is_floating_point() or given.is_complex() or given.dtype == torch.bool:
        raise ShapeError(f"lengths must be whole numbers of steps, got {given.dtype}")
    result = given.to(torch.int64).clone(memory_format=torch.contiguous_format)
    if result.shape != (batch,):
        raise ShapeError(
            f"lengths has shape {tuple(result.shape)}, but the batch has {batch} rows: give one length a row"
        )
    if not torch.compiler.is_compiling() and not torch._C._len_torch_dispatch_stack():
        check_range(transforms.values_of(result), steps)
    return result


def assert_range(lengths: Tensor, steps: int) -> None:
    """Check at every call of a traced function that lengths lie in 1..T; torch raises a RuntimeError."""
    if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack():
        fits = ((lengths >= 1) & (lengths <= steps)).all()
        torch._assert_async(fits, f"lengths must lie in 1..{steps} (the padded length)")


def _as_tensor(lengths: Lengths) -> Tensor:
    if isinstance(lengths, Tensor):
        return lengths
    try:
        return torch.as_tensor(lengths, device="cpu")
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ShapeError(f"lengths must be whole numbers, one a row; got {lengths!r} ({error})") from error


def check_range(lengths: Tensor, steps: int) -> None:
    """Raise ShapeError for a length outside 1..T."""
    if not lengths.numel():
        return
    shortest, longest = (int(value) for value in lengths.aminmax())
    if shortest < 1 or longest > steps:
        raise ShapeError(
            f"lengths must lie in 1..{steps} (the padded length), got {shortest}..{longest}: drop empty "
            "rows, or pad further"
        )


def live_steps(lengths: Tensor, steps: int, device: torch.device) -> Tensor:
    """Return a boolean (T, B), true where a row has not ended."""
    return torch.arange(steps, device=device)[:, None] < lengths.to(device)[None, :]


def reverse_time(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Return x (T, B, …) with each row's own steps in reverse order; padding stays where it is."""
    if lengths is None:
        return x.flip(0)
    steps = torch.arange(x.shape[0], device=x.device)[:, None]
    last = lengths.to(x.device)[None, :] - 1
    source = torch.where(steps <= last, last - steps, steps)
    shape = source.shape + (1,) * (x.dim() - 2)
    return x.gather(0, source.view(shape).expand_as(x))
