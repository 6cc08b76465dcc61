"""Scheduled sampling: in training, some of the decoder's inputs are sampled from its own predictions."""

import torch
from torch import Tensor

from unrolled.models.encoder_decoder import EncoderDecoder


@torch.no_grad()
def sample_inputs(
    model: EncoderDecoder, source: Tensor, source_lengths: Tensor, inputs: Tensor, rate: float
) -> Tensor:
    """Return inputs (T, B), some of them replaced by samples from the model (Bengio et al. 2015).

    Each input except the first is replaced with probability ``rate`` by a token that the model samples, given
    the inputs chosen so far. No gradient passes through the samples. So they are drawn in advance, step by
    step and without dropout, and the training pass over the returned inputs is the usual one.

    Args:
        model: model in training mode; it is in training mode again afterwards.
        source: source tokens (S, B).
        source_lengths: number of steps of each source, (B,).
        inputs: ``<eos>`` followed by the true target, (T, B).
        rate: probability of replacement, from 0 to 1.
    """
    model.eval()
    encoded = model.encode(source, source_lengths)
    state, new_inputs = encoded.state, [inputs[0]]
    replace = torch.rand(inputs.shape, device=inputs.device) < rate
    for true_tokens, mask in zip(inputs[1:], replace[1:], strict=True):
        logits, state = model.step(new_inputs[-1], state, encoded.memory)
        samples = torch.multinomial(logits.softmax(-1), 1).squeeze(1)
        new_inputs.append(torch.where(mask, samples, true_tokens))
    model.train()
    return torch.stack(new_inputs)
