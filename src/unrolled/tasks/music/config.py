"""The configuration of a music model: one tree for the command line, recipes and config.json."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from unrolled.config import require, require_at_least, with_options_repr
from unrolled.models import CellConfig, DropoutConfig, StackConfig
from unrolled.tasks.base.sources import make_absolute
from unrolled.training import OptimizerConfig, TrainingConfig


@dataclass(frozen=True)
class PiecesConfig:
    """The pieces for training and validation."""

    data: str = ""
    """Pieces: a MIDI file, a folder of MIDI files, a JSON file of note lists, or a data set
    (@music/jsb-chorales)."""

    valid: str = ""
    """Held-out pieces, in the same forms. Empty: the part "valid" of the data, else the last valid_fraction
    of the pieces."""

    valid_fraction: float = 0.1
    """Fraction of the pieces to hold out, the last ones, if valid is not given and the data have no part
    "valid". If that is less than one piece, the end of each piece is held out. 0 holds out nothing."""

    steps_per_beat: int = 0
    """Steps per quarter note, for MIDI files; 0: the smallest of 1, 2, 3, 4, 6 and 8 that keeps 99% of the
    notes and of the chords distinct."""

    sustain: bool = False
    """Extend the notes of MIDI files while the sustain pedal is down, instead of ending them when their keys
    are released."""

    window: int = 0
    """Number of steps per training sequence: longer pieces are cut into windows. 0: 256."""

    def __post_init__(self) -> None:
        require(0 <= self.valid_fraction < 1, f"valid_fraction={self.valid_fraction}: must lie in [0, 1)")
        require_at_least(self, {"steps_per_beat": 0, "window": 0})

    def with_sources(self, data: str | Path | None, valid: str | Path | None) -> "PiecesConfig":
        """Apply the given sources. Paths are made absolute, so that the run resumes from any directory."""
        data, valid = (self.data if data is None else data), (self.valid if valid is None else valid)
        return replace(self, data=make_absolute(data), valid=make_absolute(valid))


@dataclass(frozen=True)
class MusicDropoutConfig(DropoutConfig):
    """Dropout rates of a music model, each in [0, 1)."""

    dropout_input: float = 0.1
    """On the keys of each step."""

    dropout_output: float = 0.4
    """On the input of the output layer."""


@dataclass(frozen=True)
class MusicOptimizerConfig(OptimizerConfig):
    """Optimizer options of a music model."""

    lr: float = 0.006
    """Learning rate (the peak rate with a schedule)."""


@dataclass(frozen=True)
class MusicTrainingConfig(TrainingConfig):
    """Training options of a music model: length and batches."""

    batch: int = 4
    """Batch size: number of pieces, or windows of pieces, per optimizer step."""

    early_stopping: int = 8
    """Stop after this number of validations without improvement; 0 never stops early."""


@with_options_repr
@dataclass(frozen=True)
class MusicModelConfig:
    """Configuration of a music model and its training."""

    pieces: PiecesConfig = field(default_factory=PiecesConfig)
    cell: CellConfig = field(default_factory=CellConfig)
    network: StackConfig = field(default_factory=StackConfig)
    dropout: MusicDropoutConfig = field(default_factory=MusicDropoutConfig)
    optimizer: MusicOptimizerConfig = field(default_factory=MusicOptimizerConfig)
    training: MusicTrainingConfig = field(default_factory=MusicTrainingConfig)

    def __post_init__(self) -> None:
        require(not self.training.label_smoothing, "label_smoothing is for labels: piano rolls have none")
