"""Configuration of a synthetic problem: the problem, the network, the training."""

import math
from dataclasses import dataclass, field, fields

from unrolled.config import require, require_at_least
from unrolled.models import CellConfig
from unrolled.synthetic.problems import Adding, Copy, ProblemName, Recall, Synthetic
from unrolled.training import OptimizerConfig, TrainingConfig

SOLVED = 0.01
"""Share of the baseline that counts as solved, unless a target says otherwise."""

GROWTH = 0.75
"""Share of the updates after which a growing distance is whole."""


@dataclass(frozen=True)
class SizeConfig:
    """How far back the answer lies, and among how many it is chosen."""

    distance: int = 200
    """Steps that the answer lies back: T of adding and copy, the distractors of recall."""

    kinds: int = 8
    """Symbols that recall tells apart; recall only."""

    distractors: int = 8
    """Kinds of symbols in between; recall only."""

    def check(self, problem: ProblemName) -> None:
        """Raise ConfigError for an option that the problem does not have."""
        defaults = {f.name: f.default for f in fields(self)}
        for name in ("kinds", "distractors"):
            value = getattr(self, name)
            require(
                value == defaults[name] or problem == "recall",
                f"{name}={value} is an option of recall, not of {problem}",
            )


@dataclass(frozen=True)
class SolverConfig:
    """The network beside its cell."""

    layers: int = 1
    """Recurrent layers, each reading the one below."""

    hidden: int = 64
    """Units of each layer."""

    start_std: float = 0.0
    """Start the input weights normally with this standard deviation, and the bias of new content (of a gate
    none) at zero, so that little is written before anything is learnt (Le et al. 2015: 0.001); 0 keeps the
    usual start."""

    truncation: int = 0
    """Steps that the gradient goes back: it is cut every so many (truncated backpropagation through time); 0
    never cuts it."""

    def __post_init__(self) -> None:
        require_at_least(self, {"layers": 1, "hidden": 1, "start_std": 0, "truncation": 0})


@dataclass(frozen=True)
class PracticeConfig:
    """How long, on what batches, and what counts as solved."""

    updates: int = 4000
    """Updates at most; each has sequences of its own."""

    minutes: float = 0.0
    """Stop after so many minutes of updates; 0 is no limit."""

    batch: int = 50
    """Sequences trained side by side."""

    grow_from: int = 0
    """Begin with this distance, which then grows by equal factors and is whole after three quarters of the
    updates; 0 begins with the whole."""

    target: float | None = None
    """Solved is a held-out figure of at most this, and training then stops; None takes a hundredth of what
    the problem costs without memory."""

    held_out: int = 1000
    """Held-out sequences: the same ones at every validation, from a seed of their own."""

    validate_every: int = 100
    """Updates between validations."""

    seed: int = 0
    """Of the random start and of the sequences."""

    threads: int = 0
    """CPU threads; 0 takes those that are free when training starts. The same number gives the same bits."""

    def __post_init__(self) -> None:
        at_least = {"updates": 1, "held_out": 1, "validate_every": 1, "target": 0, "grow_from": 0}
        require_at_least(self, at_least)
        require(self.target is None or math.isfinite(self.target), f"target={self.target}: must be finite")
        self.training()

    def distance_at(self, update: int, whole: int) -> int:
        """Return the distance at an update, counted from 0."""
        first, share = self.grow_from, min(update / (GROWTH * self.updates), 1.0)
        return round(first * (whole / first) ** share) if first else whole

    def training(self) -> TrainingConfig:
        """Return the same for the training loop, to which all updates are one epoch."""
        return TrainingConfig(
            epochs=1,
            minutes=self.minutes,
            batch=self.batch,
            validate_every=self.validate_every,
            seed=self.seed,
            threads=self.threads,
        )


@dataclass(frozen=True)
class LearnConfig:
    """A problem whose answer is many steps back, and the network that learns it.

    Raises:
        ConfigError: for a wrong value, or an option that the problem does not have.
    """

    problem: ProblemName = "recall"
    """adding: the sum of two marked numbers; copy: ten symbols said again; recall: the first symbol."""

    size: SizeConfig = field(default_factory=SizeConfig)
    cell: CellConfig = field(default_factory=CellConfig)
    solver: SolverConfig = field(default_factory=SolverConfig)
    optimizer: OptimizerConfig = field(default_factory=lambda: OptimizerConfig(schedule="constant"))
    practice: PracticeConfig = field(default_factory=PracticeConfig)

    def __post_init__(self) -> None:
        self.size.check(self.problem)
        start = self.solver.start_std
        require(not (start and self.cell.windowed), f"start_std={start} needs a recurrent cell")
        first, whole = self.practice.grow_from, self.source().distance
        require(first <= whole, f"grow_from={first}: must be at most distance={whole}")
        if first:
            self.source().at(first)

    def source(self) -> Synthetic:
        """Return the problem, which draws the sequences."""
        size = self.size
        match self.problem:
            case "adding":
                return Adding(size.distance)
            case "copy":
                return Copy(size.distance)
            case "recall":
                return Recall(size.distance, size.kinds, size.distractors)

    def target(self) -> float:
        """Return the held-out figure that counts as solved."""
        given = self.practice.target
        return SOLVED * self.source().baseline if given is None else given
