"""Ragged batches: a padded tensor and the length of each row."""

from collections.abc import Sequence

import torch
from torch import Tensor

from unrolled.backends import transforms
from unrolled.errors import ShapeError
from unrolled.wording import counted

Lengths = Tensor | Sequence[int]


def check_lengths(lengths: Lengths, steps: int, batch: int) -> Tensor:
    """Return a copy of lengths as a contiguous int64 tensor on the CPU.

    Because of the copy, later changes of the caller's lengths do not affect the backward pass. Tracing does
    not know the values; the code that runs the loop then checks their range at every call.

    Raises:
        ShapeError: if there is not one integer for each row, or one is outside 1..T.
    """
    tensor = _as_tensor(lengths).detach().cpu()
    if tensor.numel() == 0 and not batch:
        return torch.zeros(0, dtype=torch.int64, device="cpu")
    if tensor.numel() == 0:
        raise ShapeError(
            f"lengths is empty, but the batch has {counted(batch, 'row')}: give one length per row"
        )
    if tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool:
        raise ShapeError(f"lengths must be integers, got {tensor.dtype}")
    result = tensor.to(torch.int64).clone(memory_format=torch.contiguous_format)
    if result.shape != (batch,):
        raise ShapeError(
            f"lengths has shape {tuple(result.shape)}, but the batch has {counted(batch, 'row')}: "
            "give one length per row"
        )
    if not torch.compiler.is_compiling() and not torch._C._len_torch_dispatch_stack():
        check_range(transforms.unwrap(result), steps)
    return result


def assert_range(lengths: Tensor, steps: int) -> None:
    """Check at every call of a traced function that lengths are in 1..T; torch raises a RuntimeError."""
    if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack():
        in_range = ((lengths >= 1) & (lengths <= steps)).all()
        torch._assert_async(in_range, f"lengths must lie in 1..{steps} (the padded length)")


def _as_tensor(lengths: Lengths) -> Tensor:
    if isinstance(lengths, Tensor):
        return lengths
    try:
        return torch.as_tensor(lengths, device="cpu")
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ShapeError(f"lengths must be integers, one per row; got {lengths!r} ({error})") from error


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
    """Return a mask (T, B), true at the steps before the end of a row."""
    return torch.arange(steps, device=device)[:, None] < lengths.to(device)[None, :]


def reverse_time(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Return x (T, B, …) with the steps of each row in reverse order; padding is not moved."""
    if lengths is None:
        return x.flip(0)
    steps = torch.arange(x.shape[0], device=x.device)[:, None]
    last = lengths.to(x.device)[None, :] - 1
    source = torch.where(steps <= last, last - steps, steps)
    shape = source.shape + (1,) * (x.dim() - 2)
    return x.gather(0, source.view(shape).expand_as(x))
