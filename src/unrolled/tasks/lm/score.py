"""Score a language model on a text: nats per token, perplexity, bits per character."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.data import IGNORE, Chunk, TokenStream
from unrolled.devices import get_device, move
from unrolled.models import RecurrentLanguageModel
from unrolled.short_repr import short_repr
from unrolled.tasks.base.unknown import mix_unknown_losses
from unrolled.tasks.lm.data import TextToScore, Tokens, all_ids
from unrolled.text import EOS_ID, UNK_ID, Tokenizer
from unrolled.training.job import CarriedState
from unrolled.training.progress_display import ProgressCallback, ignore_progress
from unrolled.wording import counted

SCORING_ROWS = 32
SCORING_STEPS = 1000


@short_repr
@dataclass(frozen=True)
class LanguageScore:
    """Scores of a language model on a text, with the counts behind them."""

    nats: float
    """Sum of −ln p over all predictions."""
    tokens: int
    """Number of predictions: all tokens, ``<eos>`` and ``<unk>`` included."""
    characters: int
    """Number of characters of the text, decoded from its tokens."""
    eos: int
    unknown: int
    vocabulary: int
    unknown_share: float = 0.0
    """Probability reserved for unknown tokens; 0 if the text has none, or the training text had some."""

    @property
    def nats_per_token(self) -> float:
        """Cross-entropy, E = (1/T) Σ −ln p."""
        return self.nats / self.tokens

    @property
    def perplexity(self) -> float:
        """exp(nats per token)."""
        return math.exp(min(self.nats_per_token, 700.0))

    @property
    def bits_per_character(self) -> float:
        """Bits of the whole text, divided by its number of characters."""
        return self.nats / math.log(2) / max(self.characters, 1)

    def to_json(self) -> dict[str, float | int]:
        """Return all scores and counts."""
        return {
            "nats_per_token": self.nats_per_token,
            "perplexity": self.perplexity,
            "bits_per_character": self.bits_per_character,
            "tokens": self.tokens,
            "characters": self.characters,
            "eos": self.eos,
            "unknown": self.unknown,
            "vocabulary": self.vocabulary,
            "unknown_share": self.unknown_share,
        }

    def __str__(self) -> str:
        return (
            f"{self.nats_per_token:.4f} nats/token, perplexity {self.perplexity:.2f}, "
            f"{self.bits_per_character:.4f} bits/character "
            f"({counted(self.tokens, 'token')} with {self.eos:,} <eos> and {self.unknown:,} <unk>, "
            f"{counted(self.characters, 'character')}, vocabulary {self.vocabulary:,})"
        )


def score_text(
    model: RecurrentLanguageModel,
    text: TextToScore,
    tokenizer: Tokenizer,
    report: ProgressCallback = ignore_progress,
) -> LanguageScore:
    """Score a model on a text; each document is read in one pass."""
    ids = all_ids(text.tokens)[1:]
    nats, predictions = score_documents(model, text, SCORING_ROWS, report)
    assert predictions == len(ids), (predictions, len(ids))
    return LanguageScore(
        nats=nats,
        tokens=predictions,
        characters=len(tokenizer.decode(ids.tolist())),
        eos=int((ids == EOS_ID).sum()),
        unknown=int((ids == UNK_ID).sum()),
        vocabulary=tokenizer.size,
        unknown_share=text.share,
    )


def score_rows(
    model: RecurrentLanguageModel, text: TextToScore, rows: int, report: ProgressCallback = ignore_progress
) -> tuple[float, int]:
    """Return (nats, predictions) of a text cut into rows, each read from a zero state: fast."""
    tokens = text.tokens
    if isinstance(tokens, TokenStream):
        chunks = tokens.chunks(rows, max(1, SCORING_STEPS // rows))
        return _total(_losses(model, chunks, report), text.share)
    return _total(_losses(model, tokens.chunks(rows), report, carry=False), text.share)


def score_documents(
    model: RecurrentLanguageModel, text: TextToScore, rows: int, report: ProgressCallback = ignore_progress
) -> tuple[float, int]:
    """Return (nats, predictions) of a text, each document read in one pass from its beginning."""
    return _total(_document_losses(model, text.tokens, rows, report), text.share)


def score_tokens(
    model: RecurrentLanguageModel, text: TextToScore, rows: int, report: ProgressCallback = ignore_progress
) -> NDArray[np.float64]:
    """Return −ln p (N,) of every token in reading order, each document read as in :func:`score_documents`."""
    nats = np.full(text.tokens.predictions, np.nan)
    for chunk, losses in _document_losses(model, text.tokens, rows, report):
        assert chunk.places is not None
        predicted = chunk.targets != IGNORE
        token_nats = mix_unknown_losses(losses.double(), chunk.targets, text.share, IGNORE)
        nats[chunk.places[predicted].cpu().numpy()] = token_nats[predicted].cpu().numpy()
    assert not np.isnan(nats).any()
    return nats


def _document_losses(
    model: RecurrentLanguageModel, tokens: Tokens, rows: int, report: ProgressCallback
) -> Iterator[tuple[Chunk, Tensor]]:
    if isinstance(tokens, TokenStream):
        for chunks in tokens.documents(rows, SCORING_STEPS):
            yield from _losses(model, chunks, report)
    else:
        yield from _losses(model, tokens.chunks(rows), report, carry=False)


def _total(chunks: Iterable[tuple[Chunk, Tensor]], share: float) -> tuple[float, int]:
    nats, predictions = 0.0, 0
    for chunk, losses in chunks:
        nats += float(mix_unknown_losses(losses.double(), chunk.targets, share, IGNORE).sum())
        predictions += int((chunk.targets != IGNORE).sum())
    return nats, predictions


@torch.no_grad()
def _losses(
    model: RecurrentLanguageModel, chunks: Iterator[Chunk], report: ProgressCallback, *, carry: bool = True
) -> Iterator[tuple[Chunk, Tensor]]:
    """Yield consecutive chunks with −ln p of each target; later chunks omit rows that have ended."""
    model.eval()
    state: CarriedState = None
    for cpu_chunk in chunks:
        chunk = move(cpu_chunk, get_device(model))
        if state is not None:
            state = tuple(s[..., : chunk.inputs.shape[1], :] for s in state)
        _, losses, next_state = model.loss(
            chunk.inputs,
            chunk.targets,
            state,
            lengths=chunk.lengths,
            reset_mask=chunk.reset_mask,
            ignore=IGNORE,
        )
        state = next_state if carry else None
        yield chunk, losses
        report(int((chunk.targets != IGNORE).sum()))
