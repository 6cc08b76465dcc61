"""Initialise one encoder with the weights of another (Dai & Le 2015)."""

import torch

from unrolled.config import require
from unrolled.models.inputs import Embedding
from unrolled.models.token_encoder import TokenEncoder


@torch.no_grad()
def load_encoder_weights(reader: TokenEncoder, source: TokenEncoder) -> None:
    """Copy the embeddings and recurrent weights of ``source``, a unidirectional encoder, to ``reader``.

    If ``reader`` is bidirectional, its forward network gets the weights. If a layer reads both directions of
    the layer below, only the columns for the forward direction are set (in a window network: those of each
    step). All other weights keep their initial values.

    Raises:
        ConfigError: if a size does not fit.
    """
    if isinstance(source.input, Embedding) and isinstance(reader.input, Embedding):
        reader.input.weight.copy_(source.input.weight)
    size = source.recurrent.output_size
    for name, weight in source.recurrent.named_parameters():
        target = reader.recurrent.get_parameter(name)
        same_rows = target.shape[0] == weight.shape[0] and target.ndim == weight.ndim
        if same_rows and "_l0" not in name and target.ndim == 2 and target.shape[1] == 2 * weight.shape[1]:
            target.view(len(target), -1, 2, size)[:, :, 0] = weight.view(len(weight), -1, size)
            continue
        require(
            target.shape == weight.shape,
            f"{name} is {tuple(target.shape)} in this model and {tuple(weight.shape)} in the source model",
        )
        target.copy_(weight)
