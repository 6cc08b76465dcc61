"""The encoder-decoder with torch, as the generator of outputs uses it."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from unrolled.arrays import Ids
from unrolled.data import pad_sources
from unrolled.decoding import Hypothesis, SearchConfig, Start, search
from unrolled.decoding.row_search import Limits
from unrolled.devices import get_device, move
from unrolled.models import EncoderDecoder


class TorchTranslationModel:
    """A torch module in evaluation mode; see :class:`unrolled.tasks.translate.generator.TranslationModel`."""

    def __init__(self, model: EncoderDecoder) -> None:
        self._model = model.eval()

    @torch.no_grad()
    def search(self, sources: Sequence[Ids], limits: Limits, config: SearchConfig) -> list[list[Hypothesis]]:
        """See :meth:`TranslationModel.search`."""
        batch = move(pad_sources(sources, limits.end), get_device(self._model))
        encoded = self._model.encode(batch.tokens, batch.lengths)
        start = Start(limits.first, encoded.state, encoded.memory, limits.lengths)
        return search(self._model.step, start, config, end=limits.end, banned=limits.banned)

    @torch.no_grad()
    def attention_weights(self, source: Ids, tokens: Sequence[int], end: int) -> NDArray[np.float32]:
        """See :meth:`TranslationModel.attention_weights`."""
        device = get_device(self._model)
        batch = move(pad_sources([source], end), device)
        inputs = torch.tensor([end, *tokens[:-1]], device=device)[:, None]
        _, weights = self._model(batch.tokens, batch.lengths, inputs)
        assert weights is not None
        array: NDArray[np.float32] = weights[:, 0].cpu().numpy()
        return array
