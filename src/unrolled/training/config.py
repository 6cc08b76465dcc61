"""Training options: optimizer, learning rate, length of training, batches, checkpoints."""

import math
from dataclasses import dataclass
from typing import Literal

from unrolled.config import require, require_at_least, require_at_most


@dataclass(frozen=True)
class OptimizerConfig:
    """Options of the optimizer and the learning rate schedule."""

    optimizer: Literal["auto", "sgd", "rmsprop", "adam", "adamw", "nt-asgd"] = "auto"
    """auto is adam; adamw if weight_decay is set, sgd if momentum is set. nt-asgd is SGD that averages the
    weights once validation stops improving (Merity et al. 2018)."""

    lr: float = 0.003
    """Learning rate; with a schedule, the peak learning rate."""

    momentum: float = 0.0
    """Momentum; for sgd, rmsprop and nt-asgd."""

    weight_decay: float = 0.0
    """Decoupled weight decay; adamw only. With other optimizers use l2."""

    average_after: int = 5
    """nt-asgd: number n of recent validations to ignore. Averaging begins when a validation is worse than the
    best one before the last n."""

    moving_average: float = 0.0
    """Decay of a moving average of the weights, for example 0.999; 0 disables it. The averaged weights are
    validated and saved (Polyak & Juditsky 1992). Not for nt-asgd, which has its own average."""

    clip_norm: float = 1.0
    """Maximum norm of the gradient over all weights; 0 disables clipping."""

    clip_value: float = 0.0
    """Maximum absolute value of every gradient element; 0 disables clipping by value."""

    l1: float = 0.0
    """L1 penalty: weight of Σ|w| over the weight matrices in the loss."""

    l2: float = 0.0
    """L2 penalty: weight of ½Σw² over the weight matrices in the loss."""

    schedule: Literal["constant", "step", "plateau", "cosine"] = "cosine"
    """Learning rate schedule. step decays each epoch after the first decay_after; plateau decays when
    validation stops improving; cosine falls from lr to lr_floor × lr over the whole training, by steps or by
    minutes, whichever limit is closer."""

    warmup: int = 0
    """Warmup steps: the learning rate rises linearly to lr."""

    decay: float = 0.5
    """Schedules step and plateau: factor of each decay."""

    decay_after: int = 1
    """Schedule step: number of epochs at the full learning rate."""

    patience: int = 0
    """Schedule plateau: number of validations without improvement to tolerate before a decay."""

    lr_floor: float = 0.0
    """Schedule cosine: final learning rate as a fraction of lr."""

    def __post_init__(self) -> None:
        require(0 < self.lr < 3.4e38, f"lr={self.lr}: must be a positive number")
        zero = ("momentum", "weight_decay", "clip_norm", "clip_value", "l1", "l2")
        require_at_least(self, dict.fromkeys((*zero, "warmup", "patience", "lr_floor"), 0))
        require_at_least(self, {"average_after": 1, "decay_after": 0})
        average = self.moving_average
        require(0 <= average < 1, f"moving_average={average}: must lie in [0, 1)")
        require(
            not average or self.method != "nt-asgd",
            "moving_average: optimizer='nt-asgd' has its own average",
        )
        require(0 < self.decay <= 1, f"decay={self.decay}: must lie in (0, 1]")
        require(
            not self.weight_decay or self.method == "adamw",
            f"weight_decay is an option of adamw; with optimizer={self.optimizer!r} use l2",
        )
        require(
            not self.momentum or self.method in ("sgd", "rmsprop", "nt-asgd"),
            f"momentum is not an option of optimizer={self.method!r}",
        )

    @property
    def method(self) -> Literal["sgd", "rmsprop", "adam", "adamw", "nt-asgd"]:
        """The optimizer to use; "auto" is resolved from weight_decay and momentum."""
        if self.optimizer != "auto":
            return self.optimizer
        return "adamw" if self.weight_decay else "sgd" if self.momentum else "adam"


@dataclass(frozen=True)
class TrainingConfig:
    """Options of the training loop: length, batches, validation, checkpoints, seed, precision."""

    epochs: int = 0
    """Passes over the training data. 0: enough for about 4000 steps, at most 60 epochs; if minutes is set,
    until the time is up."""

    max_steps: int = 0
    """Stop after this many optimizer steps, even in the middle of an epoch; 0 is no limit."""

    minutes: float = 0.0
    """Stop after this many minutes of training, validation excluded; 0 is no limit. Training ends at the
    first limit it reaches. The number of steps in that time depends on the machine, so that a run that ends
    by time is not reproducible to the bit."""

    batch: int = 32
    """Batch size: number of sequences in a batch."""

    accumulate: int = 1
    """Gradient accumulation: batches per optimizer step, each weighted by its number of predictions. Gives
    the step of one large batch with the memory of a small one."""

    label_smoothing: float = 0.0
    """Label smoothing: weight of the uniform distribution in the target, in [0, 1) (Szegedy et al. 2016).
    Reported losses are without it."""

    validate_every: int = 0
    """Steps between validations; 0 validates after each epoch."""

    early_stopping: int = 0
    """Stop after this many validations without improvement; 0 never stops early."""

    checkpoint_steps: int = 0
    """Steps between checkpoints; 0: only checkpoint_minutes counts."""

    checkpoint_minutes: float = 5.0
    """Minutes between checkpoints; 0: only checkpoint_steps counts."""

    seed: int = 0
    """Seed of the initial weights, of dropout and of the order of the data."""

    precision: Literal["full", "bfloat16", "auto"] = "full"
    """Precision of matrix products in training. full is float32; bfloat16 rounds the operands and is about
    twice as fast on processors with AVX512_BF16; auto is bfloat16 on such processors, else full. Weights,
    sums and final scores are always float32."""

    threads: int = 0
    """Number of CPU threads. 0: as many as are free when training starts; a resumed run keeps that number.
    The same number of threads gives the same bits."""

    def __post_init__(self) -> None:
        require(self.seed < 2**63, f"seed={self.seed}: must be less than 2**63")
        require(
            0 <= self.label_smoothing < 1,
            f"label_smoothing={self.label_smoothing}: must lie in [0, 1)",
        )
        require_at_least(self, {"epochs": 0, "batch": 1, "accumulate": 1})
        zero = ("max_steps", "validate_every", "early_stopping", "checkpoint_steps", "seed", "threads")
        require_at_least(self, dict.fromkeys((*zero, "checkpoint_minutes", "minutes"), 0))
        require_at_most(self, {"threads": 1024})
        require(math.isfinite(self.minutes), f"minutes={self.minutes}: must be finite; 0 is no limit")
