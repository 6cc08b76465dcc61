"""The configuration of a tagger: one tree for the command line, recipes and config.json."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from unrolled.config import LARGEST_SIZE, require, require_at_least, require_at_most, with_options_repr
from unrolled.data.path_lists import split_paths
from unrolled.data.tagged import Columns
from unrolled.models import CellConfig, EncoderConfig
from unrolled.tasks.base.sources import Source, make_absolute
from unrolled.tasks.base.token_dropout import TokenDropoutConfig
from unrolled.training import OptimizerConfig, TrainingConfig


@dataclass(frozen=True)
class TaggedConfig:
    """The tagged sentences for training, validation and test."""

    data: str = ""
    """Training data: CoNLL-U; columns with a blank line after each sentence; lines of word/TAG; a table with
    a column of sentences; JSON; two files WORDS,TAGS; or a data set such as @ud_english-ewt/train."""

    valid: str = ""
    """Held-out data. Empty: the last valid_fraction of the sentences."""

    valid_fraction: float = 0.1
    """Fraction of the sentences to hold out if valid is not given; 0 holds out nothing."""

    test: str = ""
    """Test data, scored after training."""

    word_column: str = ""
    """Column of the word: a name in CoNLL-U, a header or JSON, or a number, from 1 at the left or -1 at the
    right. Empty: form, tokens or word, else the first column."""

    tag_column: str = ""
    """Column of the tag, by name or number as word_column; in CoNLL-U also a key such as feats:Case or
    misc:NER. Empty: upos, else the last column."""

    missing: Literal["drop", "error"] = "drop"
    """Sentences with a word that has no tag: drop leaves them out; error refuses them."""

    encoding: str = "utf-8"
    """Encoding of the files, such as cp1252 or latin-1."""

    def __post_init__(self) -> None:
        require(0 <= self.valid_fraction < 1, f"valid_fraction={self.valid_fraction}: must lie in [0, 1)")

    @property
    def columns(self) -> Columns:
        """The columns of words and tags."""
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
    """Return one path, or two separated by a comma, as absolute paths."""
    return ",".join(make_absolute(path) for path in split_paths(str(source)))


@dataclass(frozen=True)
class WordsConfig:
    """The representation of a word: vocabulary and characters."""

    min_frequency: int = 2
    """Smallest number of occurrences of a vocabulary word in the training data; rarer words become <unk>."""

    lowercase: bool = True
    """Look words up in lower case; their characters keep their case. --no-lowercase looks words up
    unchanged."""

    characters: int = 64
    """Hidden units, in each direction, of the network over the characters of a word; 0 uses no characters."""

    character_embedding: int = 32
    """Size of the character embedding."""

    character_dropout: float = 0.0
    """Dropout rate on character embeddings."""

    def __post_init__(self) -> None:
        require_at_least(self, {"min_frequency": 1, "characters": 0, "character_embedding": 1})
        require_at_most(self, dict.fromkeys(("characters", "character_embedding"), LARGEST_SIZE))
        rate = self.character_dropout
        require(0 <= rate < 1, f"character_dropout={rate}: a rate must lie in [0, 1)")


@dataclass(frozen=True)
class TagsConfig:
    """The output layer, the tagging scheme, and which weights are kept."""

    output: Literal["auto", "softmax", "crf"] = "auto"
    """softmax: predict each tag independently; crf: predict all tags of a sentence jointly (Lafferty et al.
    2001). auto: crf if tags mark spans."""

    scheme: Literal["auto", "none", "bio", "iob1", "iobes", "bilou", "bmes"] = "auto"
    """Tagging scheme of spans. Predicted tags follow it; none allows any tag sequence. auto: detect it."""

    select: Literal["auto", "accuracy", "span_f1", "loss"] = "auto"
    """Validation metric that selects the best weights. auto: span_f1 if tags mark spans (in the held-out data
    too), else accuracy."""


@with_options_repr
@dataclass(frozen=True)
class TaggerConfig:
    """Configuration of a tagger and its training."""

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
            "label_smoothing is for output='softmax'; a crf has no distribution over single tags",
        )
