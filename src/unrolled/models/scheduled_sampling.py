"""Scheduled sampling: in training, a decoder sometimes reads what it would have said itself."""

import torch
from torch import Tensor

from unrolled.models.encoder_decoder import EncoderDecoder


@torch.no_grad()
def sampled_inputs(
    model: EncoderDecoder, source: Tensor, source_lengths: Tensor, inputs: Tensor, rate: float
) -> Tensor:
    """Return inputs (T, B) of which a share is drawn from the model (Bengio et al. 2015).

    Each input but the first is replaced with probability ``rate`` by a token drawn from the distribution
    that the model, which has read the inputs so chosen before, gives. No gradient passes through the draws,
    so they are made beforehand, without dropout, one step after the other; the training pass over what they
    give is then the usual one.

    Args:
        model: in training mode, and so again afterwards.
        source: (S, B).
        source_lengths: (B,).
        inputs: (T, B): ``<eos>`` and then the true target.
        rate: of replacement, from 0 to 1.
    """
    model.eval()
    encoded = model.encode(source, source_lengths)
    state, chosen = encoded.state, [inputs[0]]
    replaced = torch.rand(inputs.shape, device=inputs.device) < rate
    for true, own in zip(inputs[1:], replaced[1:], strict=True):
        logits, state = model.step(chosen[-1], state, encoded.memory)
        drawn = torch.multinomial(logits.softmax(-1), 1).squeeze(1)
        chosen.append(torch.where(own, drawn, true))
    model.train()
    return torch.stack(chosen)
