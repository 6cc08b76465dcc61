"""How a model is trained."""

import math
from dataclasses import dataclass
from typing import Literal

from unrolled.config import require, require_at_least, require_at_most


@dataclass(frozen=True)
class OptimizerConfig:
    """How weights are updated."""

    optimizer: Literal["auto", "sgd", "rmsprop", "adam", "adamw", "nt-asgd"] = "auto"
    """auto is adam; with weight_decay adamw, with momentum sgd. nt-asgd is SGD that averages the weights once
    validation stops improving (Merity et al. 2018)."""

    lr: float = 0.003
    """Learning rate (its peak, where there is a schedule)."""

    momentum: float = 0.0
    """Of sgd, rmsprop and nt-asgd."""

    weight_decay: float = 0.0
    """Decoupled weight decay; adamw only. For the others use l2."""

    average_after: int = 5
    """nt-asgd: averaging begins when a validation is worse than the best of all but the last so many
    before it."""

    moving_average: float = 0.0
    """Decay of a moving average of the weights, by which is validated and which is kept, 0.999 say (Polyak &
    Juditsky 1992); 0 keeps the weights themselves. nt-asgd has an average of its own."""

    clip_norm: float = 1.0
    """Scale the gradient down to this norm over all weights; 0 never clips."""

    clip_value: float = 0.0
    """Cut every gradient element to ± this value; 0 never cuts."""

    l1: float = 0.0
    """Weight of Σ|w| in the loss, over weight matrices."""

    l2: float = 0.0
    """Weight of ½Σw² in the loss, over weight matrices."""

    schedule: Literal["constant", "step", "plateau", "cosine"] = "cosine"
    """Of the learning rate: step decays each epoch after decay_after; plateau decays when validation
    stops improving; cosine falls from lr to lr_floor × lr over the whole training, by updates or by
    minutes, whichever are nearer to their end."""

    warmup: int = 0
    """Steps over which the learning rate first rises from zero."""

    decay: float = 0.5
    """Factor of each decay of step and plateau."""

    decay_after: int = 1
    """Schedule step: epochs at full rate."""

    patience: int = 0
    """Schedule plateau: validations without improvement before a decay."""

    lr_floor: float = 0.0
    """Schedule cosine: share of lr at the end."""

    def __post_init__(self) -> None:
        require(0 < self.lr < 3.4e38, f"lr={self.lr}: must be a positive number")
        zero = ("momentum", "weight_decay", "clip_norm", "clip_value", "l1", "l2")
        require_at_least(self, dict.fromkeys((*zero, "warmup", "patience", "lr_floor"), 0))
        require_at_least(self, {"average_after": 1, "decay_after": 0})
        average = self.moving_average
        require(0 <= average < 1, f"moving_average={average}: must lie in [0, 1)")
        require(
            not average or self.method != "nt-asgd",
            "moving_average: optimizer='nt-asgd' has an average of its own",
        )
        require(0 < self.decay <= 1, f"decay={self.decay}: must lie in (0, 1]")
        require(
            not self.weight_decay or self.method == "adamw",
            f"weight_decay is adamw's; with optimizer={self.optimizer!r} use l2",
        )
        require(
            not self.momentum or self.method in ("sgd", "rmsprop", "nt-asgd"),
            f"momentum is not an option of optimizer={self.method!r}",
        )

    @property
    def method(self) -> Literal["sgd", "rmsprop", "adam", "adamw", "nt-asgd"]:
        """The optimizer, chosen by the options that only one has where it is left open."""
        if self.optimizer != "auto":
            return self.optimizer
        return "adamw" if self.weight_decay else "sgd" if self.momentum else "adam"


@dataclass(frozen=True)
class TrainingConfig:
    """How long, on what batches, and what is kept."""

    epochs: int = 0
    """Passes over the training data; 0 takes as many as make about 4000 updates, 60 at most, or with minutes
    as many as go into them."""

    max_steps: int = 0
    """Stop after so many updates, even in mid-epoch; 0 is no limit."""

    minutes: float = 0.0
    """Stop after so many minutes of training (updates alone; validations are not counted); 0 is no limit.
    The end that comes first counts. How many updates it takes is up to the machine, so that a run which ends
    by it is not repeated to the bit."""

    batch: int = 32
    """Sequences trained side by side."""

    accumulate: int = 1
    """Batches whose gradients are added up before an update, each weighted by its number of predictions: the
    update of one large batch in the memory of a small one."""

    label_smoothing: float = 0.0
    """Share of the loss that asks for every answer alike, in [0, 1) (Szegedy et al. 2016); what is
    reported is without it."""

    validate_every: int = 0
    """Updates between validations; 0 validates after each epoch."""

    early_stopping: int = 0
    """Stop after so many validations without improvement; 0 never stops early."""

    checkpoint_steps: int = 0
    """Updates between checkpoints; 0 leaves it to checkpoint_minutes."""

    checkpoint_minutes: float = 5.0
    """Minutes between checkpoints; 0 leaves it to checkpoint_steps."""

    seed: int = 0
    """Of the random start, of dropout and of the order of the data."""

    precision: Literal["full", "bfloat16", "auto"] = "full"
    """Of the products in training: full is float32; bfloat16 rounds their operands and is about twice as
    fast on processors with AVX512_BF16; auto takes it where there is such a processor. Weights, sums and
    the final scores are float32."""

    threads: int = 0
    """CPU threads; 0 takes those that are free when training starts, and the run keeps that number. The same
    number gives the same bits."""

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
