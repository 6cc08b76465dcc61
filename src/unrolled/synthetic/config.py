"""Configuration of training on a synthetic problem: problem, network, training."""

import math
from dataclasses import dataclass, field, fields

from unrolled.config import require, require_at_least
from unrolled.models import CellConfig
from unrolled.synthetic.problems import Adding, Copy, ProblemName, Recall, SyntheticProblem
from unrolled.training import OptimizerConfig, TrainingConfig

SOLVED = 0.01
"""Default target, as a fraction of the baseline."""

GROWTH_FRACTION = 0.75
"""Fraction of the updates after which a growing distance reaches its final value."""


@dataclass(frozen=True)
class SizeConfig:
    """Size of the problem: distance to the answer, and number of different symbols."""

    distance: int = 200
    """Steps between the input and the answer: T of adding and copy, the number of distractors of recall."""

    kinds: int = 8
    """Number of different symbols to recall; recall only."""

    distractors: int = 8
    """Number of different distractor symbols; recall only."""

    def check(self, problem: ProblemName) -> None:
        """Raise ConfigError if an option is set that the problem does not have."""
        defaults = {f.name: f.default for f in fields(self)}
        for name in ("kinds", "distractors"):
            value = getattr(self, name)
            require(
                value == defaults[name] or problem == "recall",
                f"{name}={value} is an option of recall, not of {problem}",
            )


@dataclass(frozen=True)
class SolverConfig:
    """The network, apart from its cell."""

    layers: int = 1
    """Number of stacked recurrent layers."""

    hidden: int = 64
    """Units of each recurrent layer."""

    start_std: float = 0.0
    """Initialise the input weights from a normal distribution with this standard deviation, and the bias of
    the candidate (not of the gates) with zero, so that an untrained network writes little to its state
    (Le et al. 2015: 0.001); 0 keeps the default initialisation."""

    truncation: int = 0
    """Length in steps of the chunks of truncated backpropagation through time; 0 does not truncate."""

    def __post_init__(self) -> None:
        require_at_least(self, {"layers": 1, "hidden": 1, "start_std": 0, "truncation": 0})


@dataclass(frozen=True)
class PracticeConfig:
    """Length of the training, its batches, and the target that ends it."""

    updates: int = 4000
    """Maximum number of updates; each is made on new sequences."""

    minutes: float = 0.0
    """Maximum training time in minutes, without validations; 0 is no limit."""

    batch: int = 50
    """Batch size: sequences per update."""

    grow_from: int = 0
    """Distance at the start, which grows exponentially to the full distance over the first three quarters of
    the updates; 0 starts with the full distance."""

    target: float | None = None
    """Training stops when the held-out loss is at most this; None is a hundredth of the baseline, the best
    loss without memory."""

    held_out: int = 1000
    """Number of held-out sequences: the same ones at every validation and for every seed."""

    validate_every: int = 100
    """Updates between validations."""

    seed: int = 0
    """Seed of the initial weights and of the training sequences."""

    threads: int = 0
    """CPU threads; 0 uses the cores that are free at the start. The same number gives identical results."""

    def __post_init__(self) -> None:
        at_least = {"updates": 1, "held_out": 1, "validate_every": 1, "target": 0, "grow_from": 0}
        require_at_least(self, at_least)
        require(self.target is None or math.isfinite(self.target), f"target={self.target}: must be finite")
        self.training_config()

    def distance_at(self, update: int, full: int) -> int:
        """Return the distance at an update, counted from 0; ``full`` is the final distance."""
        first, fraction = self.grow_from, min(update / (GROWTH_FRACTION * self.updates), 1.0)
        return round(first * (full / first) ** fraction) if first else full

    def training_config(self) -> TrainingConfig:
        """Return the configuration of the training loop; all updates form one epoch."""
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
    """Configuration of a synthetic problem and of the network trained on it.

    Raises:
        ConfigError: if a value is out of range, or the problem does not have an option.
    """

    problem: ProblemName = "recall"
    """adding: sum two marked numbers; copy: repeat ten symbols; recall: name the first symbol."""

    size: SizeConfig = field(default_factory=SizeConfig)
    cell: CellConfig = field(default_factory=CellConfig)
    solver: SolverConfig = field(default_factory=SolverConfig)
    optimizer: OptimizerConfig = field(default_factory=lambda: OptimizerConfig(schedule="constant"))
    practice: PracticeConfig = field(default_factory=PracticeConfig)

    def __post_init__(self) -> None:
        self.size.check(self.problem)
        std = self.solver.start_std
        require(not (std and self.cell.is_windowed), f"start_std={std} needs a recurrent cell")
        first, full = self.practice.grow_from, self.make_problem().distance
        require(first <= full, f"grow_from={first}: must be at most distance={full}")
        if first:
            self.make_problem().at_distance(first)

    def make_problem(self) -> SyntheticProblem:
        """Return the configured problem, which generates the sequences."""
        size = self.size
        match self.problem:
            case "adding":
                return Adding(size.distance)
            case "copy":
                return Copy(size.distance)
            case "recall":
                return Recall(size.distance, size.kinds, size.distractors)

    def target(self) -> float:
        """Return the held-out loss at which the problem counts as solved."""
        target = self.practice.target
        return SOLVED * self.make_problem().baseline if target is None else target
