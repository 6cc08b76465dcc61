"""The bridge, which maps the encoder's final states to the decoder's initial states."""

import torch
from torch import Tensor, nn

from unrolled.layers import Recurrent, Stack


class Bridge(nn.Module):
    """A linear map for each layer, from a final state of the encoder to an initial state of the decoder.

    Args:
        layers: number of layers.
        encoder_size: size of the encoder's state, both directions concatenated.
        decoder_size: size of the decoder's state.
        bounded: apply tanh after the map, as for h; not for c, which is unbounded.
    """

    def __init__(self, layers: int, encoder_size: int, decoder_size: int, *, bounded: bool) -> None:
        super().__init__()
        self.bounded = bounded
        self.maps = nn.ModuleList(nn.Linear(encoder_size, decoder_size) for _ in range(layers))

    def forward(self, state: Tensor) -> Tensor:
        """Map a state (L, B, encoder_size) to (L, B, decoder_size)."""
        mapped = torch.stack([linear(s) for linear, s in zip(self.maps, state, strict=True)])
        return torch.tanh(mapped) if self.bounded else mapped


def make_bridge(encoder: Stack, decoder: Stack) -> nn.ModuleList:
    """Return a bridge for each state of the cell; not for window networks, whose state covers few steps."""
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
    """Concatenate the directions of a state: (L·D, B, size) to (L, B, D·size)."""
    count, batch, size = state.shape
    return state.view(count // directions, directions, batch, size).transpose(1, 2).flatten(2)
