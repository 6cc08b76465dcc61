"""Fast top-k for a large vocabulary."""

import torch
from torch import Tensor

GROUP = 32
"""Number of values in a group."""


def top_k(x: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the ``count`` largest values (N, count) of each row of x (N, V), descending, and their indices.

    They are in the groups with the ``count`` largest maxima. Computing group maxima is vectorised, so for a
    large vocabulary this takes a fraction of the time of ``topk`` over all values.
    """
    rows, size = x.shape
    groups = size // GROUP
    if groups <= 4 * count:
        values, indices = x.topk(count)
        return values, indices
    head = x[:, : groups * GROUP].unflatten(1, (groups, GROUP))
    best = head.amax(-1).topk(count).indices
    inside = head.gather(1, best[:, :, None].expand(-1, -1, GROUP)).flatten(1)
    places = (best[:, :, None] * GROUP + torch.arange(GROUP, device=x.device)).flatten(1)
    tail = x[:, groups * GROUP :]
    values, chosen = torch.cat([inside, tail], dim=1).topk(count)
    tail_places = torch.arange(groups * GROUP, size, device=x.device).expand(rows, -1)
    return values, torch.cat([places, tail_places], dim=1).gather(1, chosen)
