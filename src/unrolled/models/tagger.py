"""The recurrent tagger, which predicts a tag for every word of a sentence."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.layers import LSTM, Stack
from unrolled.layers.crf import LinearChainCRF, Moves, viterbi
from unrolled.layers.pooling import Last
from unrolled.models.body import RecurrentBody
from unrolled.models.config import CellConfig, DropoutConfig, EncoderConfig
from unrolled.models.inputs import make_input
from unrolled.models.token_encoder import make_dropout, make_stack


@dataclass(frozen=True)
class SentenceBatch:
    """A padded batch of sentences; the spelling of each distinct word is stored once."""

    words: Tensor
    """Word ids, (T, B)."""
    lengths: Tensor
    """Number of words of each sentence, (B,)."""
    spellings: Tensor
    """Character ids of each distinct word, (S, U)."""
    spelling_lengths: Tensor
    """Number of characters of each distinct word, (U,)."""
    kinds: Tensor
    """Column of ``spellings`` that belongs to each word, (T, B)."""

    def first_rows(self, rows: int) -> "SentenceBatch":
        """Return the first sentences, without the steps and spellings that they do not need."""
        lengths = self.lengths[:rows]
        steps = int(lengths.max())
        used, kinds = torch.unique(self.kinds[:steps, :rows], return_inverse=True)
        spelling_lengths = self.spelling_lengths[used]
        return SentenceBatch(
            words=self.words[:steps, :rows],
            lengths=lengths,
            spellings=self.spellings[: int(spelling_lengths.max()), used],
            spelling_lengths=spelling_lengths,
            kinds=kinds.to(self.kinds.dtype),
        )


class CharacterEncoder(nn.Module):
    """Encoder of characters: a bidirectional LSTM over the characters of each word (Ling et al. 2015).

    Args:
        characters: number of characters in the vocabulary.
        embedding: size of the character embeddings.
        hidden: units of each direction.
        dropout: dropout rate on the character embeddings.
    """

    def __init__(self, characters: int, embedding: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.input = nn.Embedding(characters, embedding)
        self.dropout = nn.Dropout(dropout)
        self.recurrent = LSTM(embedding, hidden, bidirectional=True)
        self.pooling = Last(directions=2)

    @property
    def features(self) -> int:
        """Size of the vector of a word."""
        return 2 * self.recurrent.output_size

    def forward(self, spellings: Tensor, lengths: Tensor) -> Tensor:
        """Return the vectors (U, :attr:`features`) of words with characters (S, U) and lengths (U,)."""
        h, _ = self.recurrent(self.dropout(self.input(spellings)), lengths=lengths)
        return self.pooling(h, lengths)


class RecurrentTagger(RecurrentBody):
    """Tagger: word and character vectors, recurrent layers over the sentence, softmax or CRF over tags.

    Args:
        vocabulary: number of words in the vocabulary.
        tags: K, number of tags.
        cell: configuration of the cell.
        network: sizes and connections.
        dropout: dropout rates.
        spelling: encoder of the characters of a word; None means word vectors only.
        crf: score the tags of a sentence jointly with a CRF.
        rules: scores added in the search for the best tag sequence, see
            :func:`unrolled.decoding.viterbi.make_forbidding_scores`; None allows every sequence.
        vectors: word vectors (V, size) for ``network.entry == "vectors"``.
    """

    rule_start: Tensor
    rule_transition: Tensor
    rule_end: Tensor

    def __init__(
        self,
        vocabulary: int,
        tags: int,
        cell: CellConfig,
        network: EncoderConfig,
        dropout: DropoutConfig,
        spelling: CharacterEncoder | None,
        *,
        crf: bool = False,
        rules: Moves | None = None,
        vectors: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.input, size = make_input(vocabulary, network, vectors)
        self.spelling = spelling
        size += spelling.features if spelling else 0
        self.input_dropout = make_dropout(dropout.dropout_input, dropout)
        self.recurrent = make_stack(size, cell, network, dropout, bidirectional=network.bidirectional)
        self.output_dropout = make_dropout(dropout.dropout_output, dropout)
        self.output = nn.Linear(self.features, tags)
        self.crf = LinearChainCRF(tags) if crf else None
        self.has_rules = rules is not None
        for name, rule in zip(Moves._fields, rules or (), strict=False):
            self.register_buffer(f"rule_{name}", rule, persistent=False)

    def forward(self, batch: SentenceBatch) -> Tensor:
        """Return the scores (T, B, K) of every tag for every word."""
        x = self.input(batch.words)
        if self.spelling is not None:
            character_vectors = self.spelling(batch.spellings, batch.spelling_lengths)
            x = torch.cat([x, F.embedding(batch.kinds, character_vectors)], -1)
        h, _ = self.recurrent(self.input_dropout(x), lengths=batch.lengths)
        return self.output(self.output_dropout(h))

    def loss(self, batch: SentenceBatch, tags: Tensor, *, ignore: int, label_smoothing: float) -> Tensor:
        """Return the sum of −ln p in nats over all words, or over all sentences with a CRF.

        Args:
            batch: sentences.
            tags: true tags (T, B), ``ignore`` past the end of a sentence.
            ignore: tag value to leave out of the loss.
            label_smoothing: ε (Szegedy et al. 2016); only used without a CRF.
        """
        return self.loss_from_scores(self(batch), batch, tags, ignore=ignore, label_smoothing=label_smoothing)

    def loss_from_scores(
        self, scores: Tensor, batch: SentenceBatch, tags: Tensor, *, ignore: int, label_smoothing: float
    ) -> Tensor:
        """Return :meth:`loss` for scores (T, B, K) that are already computed."""
        if self.crf is not None:
            return self.crf(scores, tags, batch.lengths).sum()
        return F.cross_entropy(
            scores.flatten(0, 1),
            tags.flatten(),
            ignore_index=ignore,
            reduction="sum",
            label_smoothing=label_smoothing,
        )

    @torch.no_grad()
    def best_tags(self, scores: Tensor, batch: SentenceBatch) -> Tensor:
        """Return the best tags (T, B) for scores (T, B, K): word by word, or jointly with a CRF or rules."""
        rules = Moves(self.rule_start, self.rule_transition, self.rule_end) if self.has_rules else None
        if self.crf is not None:
            return self.crf.best(scores, batch.lengths, rules)
        return scores.argmax(-1) if rules is None else viterbi(scores.log_softmax(-1), batch.lengths, rules)

    def parts(self) -> list[str | Stack]:
        """Return the parts of the model for :func:`unrolled.models.summary.summarise`."""
        features, tags = self.output.in_features, self.output.out_features
        formula = "crf" if self.crf is not None else "softmax"
        spelling = ""
        if self.spelling is not None:
            spelling = f", last states over its characters ({self.spelling.features})"
        return [
            f"output   y_t = {formula}(V h_t + c)   {features} → {tags}",
            self.recurrent,
            f"input    x_t = [vector of word_t{spelling}]   {self.recurrent.input_size}",
        ]
