"""What an encoder hands to a decoder: its last states, mapped to the first ones of the other."""

import torch
from torch import Tensor, nn

from unrolled.layers import Recurrent, Stack


class Bridge(nn.Module):
    """A linear map for each layer, from one of the encoder's last states to one that the decoder begins with.

    Args:
        layers: number of layers.
        encoded: size of the encoder's state, both directions joined.
        decoded: size of the decoder's.
        bounded: whether tanh follows, as for an h; a c has no bounds.
    """

    def __init__(self, layers: int, encoded: int, decoded: int, *, bounded: bool) -> None:
        super().__init__()
        self.bounded = bounded
        self.maps = nn.ModuleList(nn.Linear(encoded, decoded) for _ in range(layers))

    def forward(self, state: Tensor) -> Tensor:
        """Return (L, B, decoded) of (L, B, encoded)."""
        mapped = torch.stack([linear(s) for linear, s in zip(self.maps, state, strict=True)])
        return torch.tanh(mapped) if self.bounded else mapped


def make_bridge(encoder: Stack, decoder: Stack) -> nn.ModuleList:
    """Return a map for each state of the cell; windows have none that says it all."""
    assert isinstance(encoder, Recurrent)
    assert isinstance(decoder, Recurrent)
    sizes = zip(
        encoder.cell.state_sizes(encoder.hidden_size, encoder.proj_size),
        decoder.cell.state_sizes(decoder.hidden_size, decoder.proj_size),
        strict=True,
    )
    directions, layers = encoder.num_directions, decoder.num_layers
    return nn.ModuleList(
        Bridge(layers, directions * a, b, bounded=number == 0) for number, (a, b) in enumerate(sizes)
    )


def join_directions(state: Tensor, directions: int) -> Tensor:
    """Return (L, B, D·size) of (L·D, B, size)."""
    rows, batch, size = state.shape
    return state.view(rows // directions, directions, batch, size).transpose(1, 2).flatten(2)
