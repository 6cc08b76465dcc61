"""The configuration of a tagger: one tree for the command line, recipes and config.json."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from unrolled.config import LARGEST_SIZE, options_repr, require, require_at_least, require_at_most
from unrolled.data.commas import split_paths
from unrolled.data.tagged import Columns
from unrolled.models import CellConfig, EncoderConfig
from unrolled.tasks.base.sources import Source, absolute
from unrolled.tasks.base.token_dropout import TokenDropoutConfig
from unrolled.training import OptimizerConfig, TrainingConfig


@dataclass(frozen=True)
class TaggedConfig:
    """The tagged sentences to learn from."""

    data: str = ""
    """Training data: CoNLL-U; columns with a blank line after each sentence; lines of word/TAG; a table with
    a column of sentences; JSON; WORDS,TAGS, two files; or a data set such as @ud_english-ewt/train."""

    valid: str = ""
    """Held-out data; without it the last valid_fraction of the sentences is held out."""

    valid_fraction: float = 0.1
    """Share of the sentences held out where valid is not given; 0 holds out nothing."""

    test: str = ""
    """Data to score once training is over."""

    word_column: str = ""
    """Column of the word: a name in CoNLL-U, a header or JSON, or a number from 1, or from -1 backwards.
    Empty: form, tokens or word, else the first column."""

    tag_column: str = ""
    """Column of the tag, likewise; in CoNLL-U also a key, as feats:Case or misc:NER. Empty: upos, or the last
    column."""

    missing: Literal["drop", "error"] = "drop"
    """Sentences with a word that has no tag: drop leaves them out, error refuses them."""

    encoding: str = "utf-8"
    """Encoding of the files, such as cp1252 or latin-1."""

    def __post_init__(self) -> None:
        require(0 <= self.valid_fraction < 1, f"valid_fraction={self.valid_fraction}: must lie in [0, 1)")

    @property
    def columns(self) -> Columns:
        """Which columns to read."""
        return Columns(self.word_column, self.tag_column)

    def with_sources(self, data: Source, valid: Source) -> "TaggedConfig":
        """Apply the given sources. Paths are made absolute, so that the run resumes from any directory."""
        return replace(
            self,
            data=_absolute(self.data if data is None else data),
            valid=_absolute(self.valid if valid is None else valid),
            test=_absolute(self.test),
        )


def _absolute(source: str | Path) -> str:
    """Return one path, or two with a comma between, as absolute."""
    return ",".join(absolute(path) for path in split_paths(str(source)))


@dataclass(frozen=True)
class WordsConfig:
    """What is known of a word."""

    min_frequency: int = 2
    """Words that occur less often in the training data are read as <unk>."""

    lowercase: bool = True
    """Look words up in lower case; their characters are read as they are. --no-lowercase looks words up as
    they are written."""

    characters: int = 64
    """Units, in each direction, of the network over the characters of a word; 0 leaves characters out."""

    character_embedding: int = 32
    """Size of a character's vector."""

    character_dropout: float = 0.0
    """Dropout on characters' vectors."""

    def __post_init__(self) -> None:
        require_at_least(self, {"min_frequency": 1, "characters": 0, "character_embedding": 1})
        require_at_most(self, dict.fromkeys(("characters", "character_embedding"), LARGEST_SIZE))
        rate = self.character_dropout
        require(0 <= rate < 1, f"character_dropout={rate}: a rate must lie in [0, 1)")


@dataclass(frozen=True)
class TagsConfig:
    """From what the network read to tags."""

    output: Literal["auto", "softmax", "crf"] = "auto"
    """softmax: each word by itself; crf: all tags of a sentence together (Lafferty et al. 2001). auto: crf
    where tags mark spans."""

    scheme: Literal["auto", "none", "bio", "iob1", "iobes", "bilou", "bmes"] = "auto"
    """How tags mark spans. auto: detected. Predicted tags keep to it; none predicts any sequence of tags."""

    select: Literal["auto", "accuracy", "span_f1", "loss"] = "auto"
    """Held-out figure by which the best weights are kept. auto: span_f1 where tags mark spans (in
    the held-out part too), else accuracy."""


@options_repr
@dataclass(frozen=True)
class TaggerConfig:
    """A tagger and its training."""

    corpus: TaggedConfig = field(default_factory=TaggedConfig)
    words: WordsConfig = field(default_factory=WordsConfig)
    cell: CellConfig = field(default_factory=CellConfig)
    network: EncoderConfig = field(default_factory=EncoderConfig)
    tags: TagsConfig = field(default_factory=TagsConfig)
    dropout: TokenDropoutConfig = field(default_factory=TokenDropoutConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        require(
            not (self.training.label_smoothing and self.tags.output == "crf"),
            "label_smoothing is for output='softmax'; a crf has no distribution of each tag alone",
        )
