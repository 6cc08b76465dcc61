"""The configuration of a model of piano rolls."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from unrolled.config import require, require_at_least
from unrolled.models import CellConfig, DropoutConfig, StackConfig
from unrolled.tasks.base.sources import absolute
from unrolled.training import OptimizerConfig, TrainingConfig


@dataclass(frozen=True)
class PiecesConfig:
    """The music to learn from."""

    data: str = ""
    """Pieces: a MIDI file, a folder of MIDI files, a JSON file of note lists, or a data set
    (@music/jsb-chorales)."""

    valid: str = ""
    """Held-out pieces, in the same forms; empty takes the part "valid" of the data, or a share of them."""

    valid_fraction: float = 0.1
    """Share of the pieces held out, the last ones, where the data do not say which; of fewer pieces than make
    one, the end of each. 0 holds out nothing."""

    steps_per_beat: int = 0
    """Steps of a quarter note, for MIDI files; 0 takes the fewest of 1, 2, 3, 4, 6 and 8 that keep 99% of the
    notes apart."""

    sustain: bool = False
    """Let the notes of MIDI files sound as long as the sustain pedal is down, instead of ending where their
    keys are let go."""

    window: int = 0
    """Steps of a piece that are trained at a time: longer pieces are cut. 0 takes 256."""

    def __post_init__(self) -> None:
        require(0 <= self.valid_fraction < 1, f"valid_fraction={self.valid_fraction}: must lie in [0, 1)")
        require_at_least(self, {"steps_per_beat": 0, "window": 0})

    def with_sources(self, data: str | Path | None, valid: str | Path | None) -> "PiecesConfig":
        """Apply the given sources. Paths are made absolute, so that the run resumes from any directory."""
        data, valid = (self.data if data is None else data), (self.valid if valid is None else valid)
        return replace(self, data=absolute(data), valid=absolute(valid))


@dataclass(frozen=True)
class MusicDropoutConfig(DropoutConfig):
    """Dropout of a model of piano rolls; every rate in [0, 1)."""

    dropout_input: float = 0.1
    """On the keys of each step."""

    dropout_output: float = 0.4
    """On what the output layer reads."""


@dataclass(frozen=True)
class MusicOptimizerConfig(OptimizerConfig):
    """How the weights of a model of piano rolls are updated."""

    lr: float = 0.006
    """Learning rate (its peak, where there is a schedule)."""


@dataclass(frozen=True)
class MusicTrainingConfig(TrainingConfig):
    """How long and on what batches a model of piano rolls is trained."""

    batch: int = 4
    """Pieces, or windows of them, trained side by side."""

    early_stopping: int = 8
    """Stop after so many validations without improvement; 0 never stops early."""


@dataclass(frozen=True)
class PianoRollConfig:
    """A model of piano rolls and its training."""

    pieces: PiecesConfig = field(default_factory=PiecesConfig)
    cell: CellConfig = field(default_factory=CellConfig)
    network: StackConfig = field(default_factory=StackConfig)
    dropout: MusicDropoutConfig = field(default_factory=MusicDropoutConfig)
    optimizer: MusicOptimizerConfig = field(default_factory=MusicOptimizerConfig)
    training: MusicTrainingConfig = field(default_factory=MusicTrainingConfig)

    def __post_init__(self) -> None:
        require(not self.training.label_smoothing, "label_smoothing is for labels: piano rolls have none")
