"""The ladder of language models: counting, windows, recurrence, and mixtures of them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from unrolled.baselines.interpolation import fit_weights, mix
from unrolled.baselines.ngram import SMOOTHINGS, UnigramCache
from unrolled.config import with_options
from unrolled.data import Document, open_documents, open_texts
from unrolled.data.files import UTF8
from unrolled.data.fingerprint import fingerprint
from unrolled.errors import ConfigError
from unrolled.tasks.base.ladder import Ladder, Scored
from unrolled.tasks.base.networks import CELLS
from unrolled.tasks.base.outcome import Numbers, Outcome, Tried, Units
from unrolled.tasks.lm.config import CorpusConfig
from unrolled.tasks.lm.data import UNITS, TextToScore, Tokens, all_ids, make_corpus
from unrolled.tasks.lm.defaults import fill_defaults
from unrolled.tasks.lm.lines import prepare_text
from unrolled.tasks.lm.ngrams import ARPA, NGrams, fit_ngrams, is_ngram, read_ngrams
from unrolled.tasks.lm.score import score_tokens
from unrolled.tasks.lm.spec import SPEC
from unrolled.tasks.lm.split_text import split_text, write_documents
from unrolled.tasks.lm.task import SCORING_ROWS
from unrolled.text import EOS_ID, train_tokenizer
from unrolled.unknown import mix_unknown

CACHE = "cache"
BLOCK_TOKENS = 50
"""Tokens of an item where lines or sentences do not end with ``<eos>``."""


class LanguageLadder(Ladder):
    """Models of the next token, all over the same tokens."""

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
            raise ConfigError("no text to learn from: give data (a file, a folder, a data set) or a recipe")
        read_texts = open_texts(corpus.data, corpus.encoding)
        self.config, chosen = fill_defaults(self.config, read_texts.documents, held_out=bool(corpus.valid))
        corpus, said, notes = self.config.corpus, "", [*read_texts.notes]
        if corpus.test:
            notes += chosen
        else:
            corpus, said = self._divide(corpus, read_texts.documents, folder)
        documents = open_documents(corpus.data, corpus.encoding)
        held_out = open_documents(corpus.valid, corpus.encoding) if corpus.valid else None
        read = [prepare_text(d.text, self.config.text.tokenizer, corpus.mode) for d in documents]
        self.tokenizer = train_tokenizer(self.config.text, read)
        found = make_corpus(corpus, documents, self.tokenizer, held_out)
        asked = open_documents(corpus.test, corpus.encoding)
        test = TextToScore.of(asked, self.tokenizer, found.share, corpus.mode, "the test text")
        self.notes = [*notes, *found.notes, *test.notes]
        if found.valid is None:
            raise ConfigError("valid_fraction=0: the weights of networks and mixtures need held-out text")
        self.share = found.share
        self.train_tokens, self.valid = found.train, found.valid
        self.test = test.tokens
        self.characters = len(self.tokenizer.decode(all_ids(self.test)[1:].tolist()))
        texts = (self.train_tokens, self.valid, self.test)
        self.fingerprint = fingerprint(self.tokenizer.tokens, *([all_ids(t)] for t in texts))
        if self.config.text.tokenizer == "char" and not self.asked:
            self.shown = "bits_per_character"
        unit = UNITS[self.config.text.tokenizer]
        return (
            f"{self.train_tokens.predictions:,} {unit}s to learn from, {self.valid.predictions:,} held out, "
            f"{self.test.predictions:,} to predict, {self.tokenizer.size:,} kinds{said}"
        )

    def _divide(
        self, corpus: CorpusConfig, documents: list[Document], folder: Path
    ) -> tuple[CorpusConfig, str]:
        """Write the parts of a text to the folder, and let the networks read them."""
        divided, said = split_text(corpus, documents, folder)
        if corpus.encoding != UTF8:  # the parts are written in UTF-8
            divided = self._in_utf8(divided, folder)
        sources = {name: getattr(divided, name) for name in ("data", "valid", "test", "encoding")}
        self.config = with_options(self.config, sources)
        return divided, said

    def _in_utf8(self, corpus: CorpusConfig, folder: Path) -> CorpusConfig:
        """Let given held-out text be in UTF-8 as well."""
        if not Path(corpus.valid).is_relative_to(folder):
            documents = open_documents(corpus.valid, corpus.encoding)
            corpus = replace(corpus, valid=write_documents(folder / "valid", documents))
        return replace(corpus, encoding=UTF8)

    def _mixed(self, scores: Numbers, tokens: Tokens) -> Numbers:
        """Return ln p by the rule of :mod:`unrolled.unknown`, which holds for every rung alike."""
        return mix_unknown(scores, all_ids(tokens)[1:], self.share)

    @classmethod
    def check(cls, config: Any, rungs: Sequence[str], metric: str, seeds: int) -> None:
        """See :meth:`Ladder.check`; a file must be there, and the networks of mixtures possible."""
        super().check(config, rungs, metric, seeds)
        for part in dict.fromkeys(part for rung in rungs for part in rung.split("+")):
            cls.network(config, part)
            if part.endswith(ARPA) and not Path(part).is_file():
                raise ConfigError(f"models: {part}: no such file")

    @classmethod
    def knows(cls, rung: str) -> bool:
        """See :meth:`Ladder.knows`."""
        parts = rung.split("+")
        if len(parts) == 1:
            return is_ngram(rung)
        return len(set(parts)) == len(parts) and all(
            p == CACHE or is_ngram(p) or p.partition(":")[0] in CELLS for p in parts
        )

    @classmethod
    def parts_of(cls, rung: str) -> tuple[str, ...]:
        """See :meth:`Ladder.parts_of`; the cache is no rung."""
        names = rung.split("+")
        return tuple(name for name in names if name != CACHE) if len(names) > 1 else ()

    def varies(self, rung: str) -> bool:
        """See :meth:`Ladder.varies`; a mixture with a network in it does."""
        return any(super(LanguageLadder, self).varies(part) for part in self.parts_of(rung) or [rung])

    def simple(self, rung: str, seed: int) -> Tried:
        """See :meth:`Ladder.simple`."""
        began = time.perf_counter()
        model = self._ngrams(rung)
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
        return self._scored(outcome, model.score)

    def _ngrams(self, rung: str) -> NGrams:
        if rung.endswith(ARPA):
            return read_ngrams(rung, self.tokenizer, self.config.corpus.mode)
        return fit_ngrams(rung, self.train_tokens, self.tokenizer)

    def mix(self, rung: str, seed: int, parts: Mapping[str, Tried]) -> Tried:
        """See :meth:`Ladder.mix`; the weights are those under which the held-out text is most likely."""
        names = rung.split("+")
        mixed = [self._cache(seed) if name == CACHE else parts[name] for name in names]
        began = time.perf_counter()
        weights = fit_weights([part.extra["valid"] for part in mixed])
        fitting = time.perf_counter() - began
        outcomes = [part.outcome for part in mixed]
        valid, test = (mix([part.extra[text] for part in mixed], weights) for text in ("valid", "test"))
        epochs = [o.epochs for o in outcomes if o.epochs is not None]
        outcome = Outcome(
            rung,
            seed,
            self._figures(test),
            seconds=sum(o.seconds for o in outcomes) + fitting,
            rate=1 / sum(1 / o.rate for o in outcomes),
            size=sum(o.size for o in outcomes),
            counted=" + ".join(dict.fromkeys(o.counted for o in outcomes if o.counted)),
            bytes=sum(o.bytes for o in outcomes),
            epochs=max(epochs, default=None),
            note=" + ".join(f"{w:.2f} {n}" for w, n in zip(weights, names, strict=True)),
        )
        return Tried(outcome, self._units(test), {"valid": valid, "test": test})

    def _cache(self, seed: int) -> Tried:
        cache = UnigramCache(self.tokenizer.tokens)
        empty = Outcome(CACHE, seed, {}, seconds=0.0, bytes=8 * cache.size)
        return self._scored(empty, lambda tokens: cache.score_ids(all_ids(tokens)[1:]))

    def _scored(self, outcome: Outcome, score: Callable[[Tokens], Numbers]) -> Tried:
        """Score held-out and test text by ln p of each token; fill in scores and rate."""
        valid = self._mixed(score(self.valid), self.valid)
        began = time.perf_counter()
        test = self._mixed(score(self.test), self.test)
        rate = len(test) / (time.perf_counter() - began)
        outcome = replace(outcome, scores=self._figures(test), rate=rate)
        return Tried(outcome, self._units(test), {"valid": valid, "test": test})

    def score_network(self, task: Any, seed: int) -> Scored:
        """See :meth:`Ladder.score_network`."""
        assert task.tokenizer.tokens == self.tokenizer.tokens
        test = self._network_scores(task, self.test)
        return Scored(self._figures(test), self._units(test), {"test": test}, len(test))

    def after_network(self, task: Any) -> dict[str, Numbers]:
        """Return ln p of the held-out text, by which mixtures are weighted."""
        return {"valid": self._network_scores(task, self.valid)}

    def _network_scores(self, task: Any, tokens: Tokens) -> Numbers:
        return self._mixed(-score_tokens(task.model, TextToScore(tokens, 0.0), SCORING_ROWS), tokens)

    def _figures(self, scores: Numbers) -> dict[str, float]:
        nats = -float(scores.sum())
        mean = nats / len(scores)
        return {
            "nats_per_token": mean,
            "perplexity": float(np.exp(mean)) if mean < 700 else float("inf"),
            "bits_per_character": nats / np.log(2) / max(self.characters, 1),
        }

    def _units(self, scores: Numbers) -> Units:
        """Return the loss of each line or sentence; of stretches of text where these have no ends."""
        ids = all_ids(self.test)[1:]
        ends = ids == EOS_ID
        if ends.sum() * BLOCK_TOKENS * 4 < len(ids):
            return Units.by_item(-scores, np.arange(len(ids)) // BLOCK_TOKENS)
        return Units.by_item(-scores, np.cumsum(ends) - ends)
