"""Scores of outputs against references: sacrebleu's BLEU and chrF, ROUGE, exact match."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from unrolled.extras import extra
from unrolled.short_repr import short_repr
from unrolled.tasks.base.baseline_comparison import compare_with_baselines
from unrolled.tasks.translate.rouge import rouge
from unrolled.wording import counted

LENGTHS = (10, 15, 20, 30)
"""Numbers of source words that separate the rows of the table by length."""


@short_repr
@dataclass(frozen=True)
class Overlap:
    """Metrics of the overlap of outputs and references, each from 0 to 100."""

    bleu: float
    """Corpus BLEU (Papineni et al. 2002), from sacrebleu."""
    chrf: float
    """Corpus chrF2 (Popović 2015), from sacrebleu."""
    rouge1: float
    """F1 of words, mean over pairs (Lin 2004); words are runs of a–z and 0–9."""
    rouge2: float
    """F1 of word pairs, mean over pairs."""
    rouge_l: float
    """F1 of the longest common subsequence of words, mean over pairs."""
    exact_match: float
    """Percentage of outputs equal to the reference, character by character."""


@short_repr
@dataclass(frozen=True)
class LengthScore:
    """Scores of the pairs whose sources have similar lengths."""

    words: str
    """Range of source words, such as "10-14"."""
    pairs: int
    bleu: float
    exact_match: float


@short_repr
@dataclass(frozen=True)
class TranslationScore:
    """Scores of a translator on a set of pairs, and the signatures of how they were computed."""

    overlap: Overlap
    nats: float
    """Sum of −ln p over the reference tokens, ``<eos>`` included, with teacher forcing."""
    tokens: int
    """Number of reference tokens, ``<eos>`` included."""
    pairs: int
    bleu_signature: str
    chrf_signature: str
    seconds: float
    """Time to generate the outputs."""
    baselines: dict[str, Overlap] = field(default_factory=dict)
    """Scores of the baselines by name: the start of the source, or all of it, as the output."""
    by_length: list[LengthScore] = field(default_factory=list)
    cut: int = 0
    """Number of outputs cut off at the largest length, without ``<eos>`` from the model."""
    notes: tuple[str, ...] = ()
    """How the pairs were read, and which of their tokens are unknown."""

    @property
    def baseline_comparison(self) -> dict[str, Any]:
        """The chrF of the model and the baselines; see :func:`compare_with_baselines`."""
        baselines = {name: overlap.chrf for name, overlap in self.baselines.items()}
        return compare_with_baselines("chrF2", self.overlap.chrf, baselines, higher=True)

    @property
    def better_baseline(self) -> str:
        """A sentence that names the baseline with a better chrF than the model; "" if there is none."""
        sentence: str = self.baseline_comparison["better_baseline"]
        return sentence

    @property
    def nats_per_token(self) -> float:
        """Cross-entropy of the references, in nats per token."""
        return self.nats / self.tokens

    @property
    def perplexity(self) -> float:
        """Exponential of the nats per token."""
        return math.exp(min(self.nats_per_token, 700.0))

    def to_json(self) -> dict[str, Any]:
        """Return all scores as JSON values."""
        values = asdict(self)
        overlap = values.pop("overlap")
        metrics = {"nats_per_token": self.nats_per_token, "perplexity": self.perplexity}
        return overlap | metrics | values | {"notes": list(self.notes)}

    def __str__(self) -> str:
        o = self.overlap
        lines = [
            f"BLEU {o.bleu:.2f} ({self.bleu_signature}), chrF2 {o.chrf:.2f} ({self.chrf_signature})",
            f"ROUGE-1/2/L {o.rouge1:.2f}/{o.rouge2:.2f}/{o.rouge_l:.2f}, exact match {o.exact_match:.2f}%, "
            f"perplexity {self.perplexity:.3f} ({counted(self.pairs, 'pair')}, "
            f"{counted(self.tokens, 'token')}, written in "
            f"{self.seconds:.1f} s)",
        ]
        lines += [
            f"{row.words:>6} words: BLEU {row.bleu:6.2f}, exact match {row.exact_match:6.2f}%, "
            f"{counted(row.pairs, 'pair')}"
            for row in self.by_length
        ]
        lines += [*([self.better_baseline] if self.better_baseline else []), *cut_notes(self.cut, self.pairs)]
        return "\n".join(lines)


def cut_notes(cut: int, outputs: int) -> list[str]:
    """Return a note on the number of outputs that were cut off; empty without any."""
    if not cut:
        return []
    verb = "was" if cut == 1 else "were"
    return [f"{cut:,} of {outputs:,} outputs {verb} cut off at the longest length allowed (--length-ratio)"]


def score_outputs(
    sources: Sequence[str],
    outputs: Sequence[str],
    references: Sequence[str],
    *,
    nats: float,
    tokens: int,
    seconds: float,
    lead_words: int,
    lowercase: bool,
    cut: int = 0,
) -> TranslationScore:
    """Return all scores of outputs.

    Args:
        sources: source texts.
        outputs: output of the model for each source.
        references: reference for each source.
        nats: sum of −ln p over the reference tokens.
        tokens: number of reference tokens.
        seconds: time to generate the outputs.
        lead_words: number of source words that a baseline outputs.
        lowercase: compare lower-cased texts, because the model was trained on them.
        cut: number of outputs cut off at the largest length.
    """
    bleu, chrf = signatures(outputs, references, lowercase=lowercase)
    return TranslationScore(
        overlap=compute_overlap(outputs, references, lowercase=lowercase),
        nats=nats,
        tokens=tokens,
        pairs=len(sources),
        bleu_signature=bleu,
        chrf_signature=chrf,
        seconds=round(seconds, 2),
        baselines={
            name: compute_overlap(texts, references, lowercase=lowercase)
            for name, texts in {**lead_outputs(sources, lead_words), "source, copied": sources}.items()
        },
        by_length=score_by_length(sources, outputs, references, lowercase=lowercase),
        cut=cut,
    )


def compute_overlap(outputs: Sequence[str], references: Sequence[str], *, lowercase: bool) -> Overlap:
    """Return the metrics of outputs against one reference each."""
    bleu, chrf = _metrics(lowercase)
    rouges = [rouge(r, o) for r, o in zip(references, outputs, strict=True)]
    rouge1, rouge2, rouge_l = (100 * sum(kind) / len(rouges) for kind in zip(*rouges, strict=True))
    return Overlap(
        bleu=bleu.corpus_score(outputs, [references]).score,
        chrf=chrf.corpus_score(outputs, [references]).score,
        rouge1=rouge1,
        rouge2=rouge2,
        rouge_l=rouge_l,
        exact_match=_exact_match(outputs, references, lowercase),
    )


def corpus_bleu(outputs: Sequence[str], references: Sequence[str], *, lowercase: bool) -> float:
    """Return the corpus BLEU of outputs against one reference each, from 0 to 100."""
    score: float = _metrics(lowercase)[0].corpus_score(outputs, [references]).score
    return score


def signatures(outputs: Sequence[str], references: Sequence[str], *, lowercase: bool) -> tuple[str, str]:
    """Return the signatures of BLEU and chrF from sacrebleu."""
    bleu, chrf = _metrics(lowercase)
    for metric in (bleu, chrf):
        metric.corpus_score(outputs[:1], [references[:1]])  # a signature includes the number of references
    return str(bleu.get_signature()), str(chrf.get_signature())


def score_by_length(
    sources: Sequence[str], outputs: Sequence[str], references: Sequence[str], *, lowercase: bool
) -> list[LengthScore]:
    """Return the scores of pairs grouped by the number of source words, in increasing order."""
    scores = []
    for low, high in zip((0, *LENGTHS), (*LENGTHS, 0), strict=True):
        rows = [
            i for i, s in enumerate(sources) if low <= len(s.split()) and (not high or len(s.split()) < high)
        ]
        if not rows:
            continue
        predicted, true = [outputs[i] for i in rows], [references[i] for i in rows]
        words = f"{max(low, 1)}-{high - 1}" if high else f"{low}+"
        bleu = corpus_bleu(predicted, true, lowercase=lowercase)
        scores.append(LengthScore(words, len(rows), bleu, _exact_match(predicted, true, lowercase)))
    return scores


def lead_outputs(sources: Sequence[str], words: int) -> dict[str, list[str]]:
    """Return the outputs of two baselines by name: the first words and the first sentence of each source."""
    first = f"source, first {counted(words, 'word')}" if words > 1 else "source, first word"
    return {
        first: [" ".join(s.split()[:words]) for s in sources],
        "source, first sentence": [_first_sentence(s) for s in sources],
    }


def _first_sentence(text: str) -> str:
    words = text.split()
    for count, word in enumerate(words, 1):
        if word[-1] in ".!?" and count < len(words) and words[count][0].isupper():
            return " ".join(words[:count])
    return text


def _exact_match(outputs: Sequence[str], references: Sequence[str], lowercase: bool) -> float:
    pairs = list(zip(outputs, references, strict=True))
    return 100 * sum(o == (r.lower() if lowercase else r) for o, r in pairs) / len(pairs)


def _metrics(lowercase: bool) -> tuple[Any, Any]:
    with extra("translate", "the score of a translator"):
        from sacrebleu.metrics import BLEU, CHRF

    # The texts of character-level and toy tasks look tokenised; force=True silences sacrebleu's warning.
    return BLEU(lowercase=lowercase, force=True), CHRF(lowercase=lowercase)
