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
    """Pieces: a folder of MIDI files, a JSON file of note lists, or a data set (@music/jsb-chorales)."""

    valid_fraction: float = 0.1
    """Share of the pieces held out, the last ones, where the data do not say which; 0 holds out nothing."""

    steps_per_beat: int = 0
    """Steps of a quarter note, for MIDI files; 0 takes the fewest of 1, 2, 3, 4, 6 and 8 that keep 99% of the
    notes apart."""

    sustain: bool = False
    """Let the notes of MIDI files sound as long as the sustain pedal is down, instead of ending where their
    keys are let go."""

    def __post_init__(self) -> None:
        require(0 <= self.valid_fraction < 1, f"valid_fraction={self.valid_fraction}: must lie in [0, 1)")
        require_at_least(self, {"steps_per_beat": 0})

    def with_source(self, data: str | Path | None) -> "PiecesConfig":
        """Apply the given source. A path is made absolute, so that the run resumes from any directory."""
        return replace(self, data=absolute(self.data if data is None else data))


@dataclass(frozen=True)
class PianoRollConfig:
    """A model of piano rolls and its training."""

    pieces: PiecesConfig = field(default_factory=PiecesConfig)
    cell: CellConfig = field(default_factory=CellConfig)
    network: StackConfig = field(default_factory=StackConfig)
    dropout: DropoutConfig = field(default_factory=DropoutConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        require(not self.training.label_smoothing, "label_smoothing is for labels: piano rolls have none")
