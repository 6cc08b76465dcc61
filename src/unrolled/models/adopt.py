"""Start one reader from the weights of another (Dai & Le 2015)."""

import torch

from unrolled.config import require
from unrolled.models.inputs import Embedding
from unrolled.models.reader import TokenReader


@torch.no_grad()
def adopt(reader: TokenReader, source: TokenReader) -> None:
    """Copy the input vectors and the recurrent weights of a reader in one direction.

    In a bidirectional reader they become those of the forward network; where a layer reads both directions of
    the one below, the columns for the forward one (in a window: of each step). The others keep their start.

    Raises:
        ConfigError: if a size does not fit.
    """
    if isinstance(source.input, Embedding) and isinstance(reader.input, Embedding):
        reader.input.weight.copy_(source.input.weight)
    size = source.recurrent.output_size
    for name, theirs in source.recurrent.named_parameters():
        ours = reader.recurrent.get_parameter(name)
        fits = ours.shape[0] == theirs.shape[0] and ours.ndim == theirs.ndim
        if fits and "_l0" not in name and ours.ndim == 2 and ours.shape[1] == 2 * theirs.shape[1]:
            ours.view(len(ours), -1, 2, size)[:, :, 0] = theirs.view(len(theirs), -1, size)
            continue
        require(
            ours.shape == theirs.shape,
            f"{name} is {tuple(ours.shape)} here and {tuple(theirs.shape)} in the model to start from",
        )
        ours.copy_(theirs)
