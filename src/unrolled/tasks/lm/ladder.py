"""The ladder of language models: n-grams, window networks, recurrent networks, and mixtures."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from unrolled.arrays import Numbers
from unrolled.baselines.interpolation import fit_weights, mix
from unrolled.baselines.ngram import SMOOTHINGS, UnigramCache
from unrolled.config import with_options
from unrolled.data import Document, open_documents, open_texts
from unrolled.data.files import UTF8
from unrolled.data.fingerprint import fingerprint
from unrolled.errors import ConfigError
from unrolled.tasks.base.ladder import Ladder, Scored
from unrolled.tasks.base.networks import CELLS
from unrolled.tasks.base.outcome import ItemLosses, Outcome, SavedOutcome
from unrolled.tasks.lm.config import CorpusConfig
from unrolled.tasks.lm.data import TextToScore, Tokens, all_ids, make_corpus
from unrolled.tasks.lm.defaults import fill_defaults
from unrolled.tasks.lm.lines import prepare_text
from unrolled.tasks.lm.ngrams import ARPA, NGrams, fit_ngrams, is_ngram, read_ngrams
from unrolled.tasks.lm.score import score_tokens
from unrolled.tasks.lm.spec import SPEC
from unrolled.tasks.lm.split_text import split_text, write_documents
from unrolled.tasks.lm.task import SCORING_ROWS
from unrolled.tasks.lm.units import UNITS
from unrolled.text import EOS_ID, train_tokenizer
from unrolled.unknown import mix_unknown

CACHE = "cache"
BLOCK_TOKENS = 50
"""Tokens per item if ``<eos>`` is too rare to separate items: fewer than one in four such blocks."""


class LanguageLadder(Ladder):
    """Language models, all over the same tokens."""

    task: ClassVar[str] = "lm"
    rungs: ClassVar[tuple[str, ...]] = (
        "unigram",
        "bigram",
        "trigram",
        "kn5",
        "feed-forward",
        "tdnn",
        "elman",
        "jordan",
        "gru",
        "lstm",
        "lstm+kn5",
    )
    others: ClassVar[tuple[str, ...]] = (
        "knN",
        *(f"{s}-N" for s in SMOOTHINGS),
        "FILE.arpa",
        "A+B (a mixture)",
        "cache (in mixtures)",
    )
    metric: ClassVar[str] = "perplexity"
    metrics: ClassVar[tuple[str, ...]] = SPEC.metrics
    counted: ClassVar[str] = "tokens"
    loss: ClassVar[str] = "nats/token"

    def prepare(self, folder: Path) -> str:
        """See :meth:`Ladder.prepare`; without test text, the parts of the text are written to the folder."""
        corpus = self.config.corpus
        if not corpus.data:
            raise ConfigError("no text to train on: give data (a file, a folder, a data set) or a recipe")
        read_texts = open_texts(corpus.data, corpus.encoding)
        self.config, default_notes = fill_defaults(
            self.config, read_texts.documents, held_out=bool(corpus.valid)
        )
        corpus, split_note, notes = self.config.corpus, "", [*read_texts.notes]
        if corpus.test:
            notes += default_notes
        else:
            corpus, split_note = self._split_text(corpus, read_texts.documents, folder)
        documents = open_documents(corpus.data, corpus.encoding)
        held_out = open_documents(corpus.valid, corpus.encoding) if corpus.valid else None
        training_texts = [prepare_text(d.text, self.config.text.tokenizer, corpus.mode) for d in documents]
        self.tokenizer = train_tokenizer(self.config.text, training_texts)
        corpus_tokens = make_corpus(corpus, documents, self.tokenizer, held_out)
        test_documents = open_documents(corpus.test, corpus.encoding)
        test = TextToScore.of(
            test_documents, self.tokenizer, corpus_tokens.share, corpus.mode, "the test text"
        )
        self.notes = [*notes, *corpus_tokens.notes, *test.notes]
        if corpus_tokens.valid is None:
            raise ConfigError("valid_fraction=0: the weights of networks and mixtures need held-out text")
        self.share = corpus_tokens.share
        self.train_tokens, self.valid = corpus_tokens.train, corpus_tokens.valid
        self.test = test.tokens
        self.characters = len(self.tokenizer.decode(all_ids(self.test)[1:].tolist()))
        texts = (self.train_tokens, self.valid, self.test)
        self.fingerprint = fingerprint(self.tokenizer.tokens, *([all_ids(t)] for t in texts))
        if self.config.text.tokenizer == "char" and not self.asked:
            self.shown = "bits_per_character"
        unit = UNITS[self.config.text.tokenizer]
        return (
            f"{self.train_tokens.predictions:,} {unit}s to learn from, {self.valid.predictions:,} held out, "
            f"{self.test.predictions:,} to predict, vocabulary {self.tokenizer.size:,}{split_note}"
        )

    def _split_text(
        self, corpus: CorpusConfig, documents: list[Document], folder: Path
    ) -> tuple[CorpusConfig, str]:
        """Split a text into files in the folder, which the networks then read."""
        split, split_note = split_text(corpus, documents, folder)
        if corpus.encoding != UTF8:  # the parts are written in UTF-8
            split = self._convert_to_utf8(split, folder)
        sources = {name: getattr(split, name) for name in ("data", "valid", "test", "encoding")}
        self.config = with_options(self.config, sources)
        return split, split_note

    def _convert_to_utf8(self, corpus: CorpusConfig, folder: Path) -> CorpusConfig:
        """Convert the held-out text to UTF-8 if it is a file of the user."""
        if not Path(corpus.valid).is_relative_to(folder):
            documents = open_documents(corpus.valid, corpus.encoding)
            corpus = replace(corpus, valid=write_documents(folder / "valid", documents))
        return replace(corpus, encoding=UTF8)

    def _mix_unknown(self, scores: Numbers, tokens: Tokens) -> Numbers:
        """Return ln p' of :mod:`unrolled.unknown` from ln p, with the same share for every rung."""
        return mix_unknown(scores, all_ids(tokens)[1:], self.share)

    @classmethod
    def check(cls, config: Any, rungs: Sequence[str], metric: str, seeds: int) -> None:
        """See :meth:`Ladder.check`; also checks that files exist, and the networks of mixtures."""
        super().check(config, rungs, metric, seeds)
        for part in dict.fromkeys(part for rung in rungs for part in rung.split("+")):
            cls.network(config, part)
            if part.endswith(ARPA) and not Path(part).is_file():
                raise ConfigError(f"models: {part}: no such file")

    @classmethod
    def is_known(cls, rung: str) -> bool:
        """See :meth:`Ladder.is_known`."""
        parts = rung.split("+")
        if len(parts) == 1:
            return is_ngram(rung)
        return len(set(parts)) == len(parts) and all(
            p == CACHE or is_ngram(p) or p.partition(":")[0] in CELLS for p in parts
        )

    @classmethod
    def parts_of(cls, rung: str) -> tuple[str, ...]:
        """See :meth:`Ladder.parts_of`; the cache is not a rung."""
        names = rung.split("+")
        return tuple(name for name in names if name != CACHE) if len(names) > 1 else ()

    def depends_on_seed(self, rung: str) -> bool:
        """See :meth:`Ladder.depends_on_seed`; true of a mixture if it contains a network."""
        return any(
            super(LanguageLadder, self).depends_on_seed(part) for part in self.parts_of(rung) or [rung]
        )

    def simple(self, rung: str, seed: int) -> SavedOutcome:
        """See :meth:`Ladder.simple`."""
        began = time.perf_counter()
        model = self._get_ngrams(rung)
        outcome = Outcome(
            rung,
            seed,
            {},
            seconds=time.perf_counter() - began,
            size=sum(model.table.distinct),
            counted="n-grams",
            bytes=sum(model.table.sizes),
            note=model.note,
        )
        return self._score(outcome, model.score)

    def _get_ngrams(self, rung: str) -> NGrams:
        if rung.endswith(ARPA):
            return read_ngrams(rung, self.tokenizer, self.config.corpus.mode)
        return fit_ngrams(rung, self.train_tokens, self.tokenizer)

    def mix(self, rung: str, seed: int, parts: Mapping[str, SavedOutcome]) -> SavedOutcome:
        """See :meth:`Ladder.mix`; the weights maximise the likelihood of the held-out text."""
        names = rung.split("+")
        components = [self._score_cache(seed) if name == CACHE else parts[name] for name in names]
        began = time.perf_counter()
        weights = fit_weights([part.extra["valid"] for part in components])
        fitting = time.perf_counter() - began
        outcomes = [part.outcome for part in components]
        valid, test = (mix([part.extra[text] for part in components], weights) for text in ("valid", "test"))
        epochs = [o.epochs for o in outcomes if o.epochs is not None]
        outcome = Outcome(
            rung,
            seed,
            self._metrics(test),
            seconds=sum(o.seconds for o in outcomes) + fitting,
            rate=1 / sum(1 / o.rate for o in outcomes),
            size=sum(o.size for o in outcomes),
            counted=" + ".join(dict.fromkeys(o.counted for o in outcomes if o.counted)),
            bytes=sum(o.bytes for o in outcomes),
            epochs=max(epochs, default=None),
            note=" + ".join(f"{w:.2f} {n}" for w, n in zip(weights, names, strict=True)),
        )
        return SavedOutcome(outcome, self._item_losses(test), {"valid": valid, "test": test})

    def _score_cache(self, seed: int) -> SavedOutcome:
        cache = UnigramCache(self.tokenizer.tokens)
        unscored = Outcome(CACHE, seed, {}, seconds=0.0, bytes=8 * cache.size)
        return self._score(unscored, lambda tokens: cache.score_ids(all_ids(tokens)[1:]))

    def _score(self, outcome: Outcome, score: Callable[[Tokens], Numbers]) -> SavedOutcome:
        """Score held-out and test text by ln p of each token, and add scores and rate to the outcome."""
        valid = self._mix_unknown(score(self.valid), self.valid)
        began = time.perf_counter()
        test = self._mix_unknown(score(self.test), self.test)
        rate = len(test) / (time.perf_counter() - began)
        outcome = replace(outcome, scores=self._metrics(test), rate=rate)
        return SavedOutcome(outcome, self._item_losses(test), {"valid": valid, "test": test})

    def score_network(self, task: Any, seed: int) -> Scored:
        """See :meth:`Ladder.score_network`."""
        assert task.tokenizer.tokens == self.tokenizer.tokens
        test = self._network_scores(task, self.test)
        return Scored(self._metrics(test), self._item_losses(test), {"test": test}, len(test))

    def after_network(self, task: Any) -> dict[str, Numbers]:
        """Return ln p of the held-out text, which the weights of mixtures are fitted on."""
        return {"valid": self._network_scores(task, self.valid)}

    def _network_scores(self, task: Any, tokens: Tokens) -> Numbers:
        return self._mix_unknown(-score_tokens(task.model, TextToScore(tokens, 0.0), SCORING_ROWS), tokens)

    def _metrics(self, scores: Numbers) -> dict[str, float]:
        nats = -float(scores.sum())
        mean = nats / len(scores)
        return {
            "nats_per_token": mean,
            "perplexity": float(np.exp(mean)) if mean < 700 else float("inf"),
            "bits_per_character": nats / np.log(2) / max(self.characters, 1),
        }

    def _item_losses(self, scores: Numbers) -> ItemLosses:
        """Return the loss of each line or sentence; of blocks of tokens if ``<eos>`` is rare or absent."""
        ids = all_ids(self.test)[1:]
        ends = ids == EOS_ID
        if ends.sum() * BLOCK_TOKENS * 4 < len(ids):
            return ItemLosses.by_item(-scores, np.arange(len(ids)) // BLOCK_TOKENS)
        return ItemLosses.by_item(-scores, np.cumsum(ends) - ends)
