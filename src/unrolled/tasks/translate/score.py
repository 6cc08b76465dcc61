"""How outputs are scored against references: sacrebleu's BLEU and chrF, ROUGE, exact match."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from unrolled.extras import extra
from unrolled.short_repr import short_repr
from unrolled.tasks.base.better import beside
from unrolled.tasks.translate.rouge import rouge
from unrolled.wording import counted

LENGTHS = (10, 15, 20, 30)
"""Words of a source at which a new row of the table by length begins."""


@short_repr
@dataclass(frozen=True)
class Overlap:
    """How much outputs have in common with references, each from 0 to 100."""

    bleu: float
    """Of the corpus (Papineni et al. 2002), by sacrebleu."""
    chrf: float
    """chrF2 of the corpus (Popović 2015), by sacrebleu."""
    rouge1: float
    """F1 of words, mean over pairs (Lin 2004); words are runs of a–z and 0–9."""
    rouge2: float
    """F1 of pairs of words."""
    rouge_l: float
    """F1 of the longest common subsequence of words."""
    exact_match: float
    """Share of outputs that are the reference, character by character."""


@short_repr
@dataclass(frozen=True)
class LengthScore:
    """What was reached on the sources of like length."""

    words: str
    """Words of the source, as "10-14"."""
    pairs: int
    bleu: float
    exact_match: float


@short_repr
@dataclass(frozen=True)
class TranslationScore:
    """How well a translator does on some pairs, and how that was computed."""

    overlap: Overlap
    nats: float
    """Sum of −ln p over the tokens of the references, ``<eos>`` included, each after the true ones."""
    tokens: int
    pairs: int
    bleu_signature: str
    chrf_signature: str
    seconds: float
    """Taken by writing the outputs."""
    baselines: dict[str, Overlap] = field(default_factory=dict)
    """What is reached by the beginning of the source, by its name."""
    by_length: list[LengthScore] = field(default_factory=list)
    cut: int = 0
    """Outputs that reached the longest length before the model ended them."""
    notes: tuple[str, ...] = ()
    """How the pairs were read, and what of them is unknown."""

    @property
    def beside(self) -> dict[str, Any]:
        """The model by chrF with the baselines; see :func:`unrolled.tasks.base.better.beside`."""
        baselines = {name: overlap.chrf for name, overlap in self.baselines.items()}
        return beside("chrF2", self.overlap.chrf, baselines, higher=True)

    @property
    def better_baseline(self) -> str:
        """A sentence that names the baseline that beats the model by chrF, if one does."""
        sentence: str = self.beside["better_baseline"]
        return sentence

    @property
    def nats_per_token(self) -> float:
        """Cross-entropy of the references."""
        return self.nats / self.tokens

    @property
    def perplexity(self) -> float:
        """Exp of the nats a token."""
        return math.exp(min(self.nats_per_token, 700.0))

    def to_json(self) -> dict[str, Any]:
        """Return every figure."""
        values = asdict(self)
        overlap = values.pop("overlap")
        figures = {"nats_per_token": self.nats_per_token, "perplexity": self.perplexity}
        return overlap | figures | values | {"notes": list(self.notes)}

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
    """Say how many outputs were cut off, if any were."""
    if not cut:
        return []
    return [f"{cut:,} of {outputs:,} outputs were cut off at the longest length allowed (--length-ratio)"]


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
    """Return every figure.

    Args:
        sources: texts that were given.
        outputs: what was written for each.
        references: what should have been.
        nats: sum of −ln p over the references' tokens.
        tokens: number of these.
        seconds: taken by writing.
        lead_words: words of a source that stand in for an output, as a baseline.
        lowercase: whether the model was trained on lower-cased text, so that outputs have no other.
        cut: outputs that reached the longest length.
    """
    bleu, chrf = signatures(outputs, references, lowercase=lowercase)
    return TranslationScore(
        overlap=overlap_of(outputs, references, lowercase=lowercase),
        nats=nats,
        tokens=tokens,
        pairs=len(sources),
        bleu_signature=bleu,
        chrf_signature=chrf,
        seconds=round(seconds, 2),
        baselines={
            name: overlap_of(texts, references, lowercase=lowercase)
            for name, texts in {**lead(sources, lead_words), "source, copied": sources}.items()
        },
        by_length=by_length(sources, outputs, references, lowercase=lowercase),
        cut=cut,
    )


def overlap_of(outputs: Sequence[str], references: Sequence[str], *, lowercase: bool) -> Overlap:
    """Return every score of outputs against one reference each."""
    bleu, chrf = _metrics(lowercase)
    rouges = [rouge(r, o) for r, o in zip(references, outputs, strict=True)]
    rouge1, rouge2, rouge_l = (100 * sum(kind) / len(rouges) for kind in zip(*rouges, strict=True))
    return Overlap(
        bleu=bleu.corpus_score(outputs, [references]).score,
        chrf=chrf.corpus_score(outputs, [references]).score,
        rouge1=rouge1,
        rouge2=rouge2,
        rouge_l=rouge_l,
        exact_match=_exact(outputs, references, lowercase),
    )


def corpus_bleu(outputs: Sequence[str], references: Sequence[str], *, lowercase: bool) -> float:
    """Return BLEU alone."""
    score: float = _metrics(lowercase)[0].corpus_score(outputs, [references]).score
    return score


def signatures(outputs: Sequence[str], references: Sequence[str], *, lowercase: bool) -> tuple[str, str]:
    """Return how BLEU and chrF were computed, as sacrebleu writes it."""
    bleu, chrf = _metrics(lowercase)
    for metric in (bleu, chrf):
        metric.corpus_score(outputs[:1], [references[:1]])  # a signature counts references, so wants some
    return str(bleu.get_signature()), str(chrf.get_signature())


def by_length(
    sources: Sequence[str], outputs: Sequence[str], references: Sequence[str], *, lowercase: bool
) -> list[LengthScore]:
    """Return scores of the sources with few words, with more, and so on."""
    found = []
    for low, high in zip((0, *LENGTHS), (*LENGTHS, 0), strict=True):
        rows = [
            i for i, s in enumerate(sources) if low <= len(s.split()) and (not high or len(s.split()) < high)
        ]
        if not rows:
            continue
        here, true = [outputs[i] for i in rows], [references[i] for i in rows]
        words = f"{max(low, 1)}-{high - 1}" if high else f"{low}+"
        bleu = corpus_bleu(here, true, lowercase=lowercase)
        found.append(LengthScore(words, len(rows), bleu, _exact(here, true, lowercase)))
    return found


def lead(sources: Sequence[str], words: int) -> dict[str, list[str]]:
    """Return how each source begins: its first words, and its first sentence."""
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


def _exact(outputs: Sequence[str], references: Sequence[str], lowercase: bool) -> float:
    pairs = list(zip(outputs, references, strict=True))
    return 100 * sum(o == (r.lower() if lowercase else r) for o, r in pairs) / len(pairs)


def _metrics(lowercase: bool) -> tuple[Any, Any]:
    with extra("translate", "the score of a translator"):
        from sacrebleu.metrics import BLEU, CHRF

    # Character and toy tasks have texts that look tokenised; sacrebleu would warn about each corpus.
    return BLEU(lowercase=lowercase, force=True), CHRF(lowercase=lowercase)
