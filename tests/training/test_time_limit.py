"""Training with a time limit: its last step, learning rates and log, and how it resumes."""

import itertools
import math

import pytest
import torch
from torch import nn

import unrolled.training.loop
from unrolled.errors import ConfigError
from unrolled.training import Callback, OptimizerConfig, StepLoss, Trainer, TrainingConfig, Validation
from unrolled.training.log import read_log
from unrolled.training.schedule import GRACE
from unrolled.training.stopping import StoppingCriterion
from unrolled.training.tensor_files import read_tensors

BATCHES = 5


class Clock:
    """A clock that only advances when a test sets it."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(unrolled.training.loop.time, "perf_counter", clock)
    return clock


class TimedJob:
    """A tiny network whose steps take a given time; its validations take much longer."""

    def __init__(self, clock, seconds=1.0):
        torch.manual_seed(1)
        self.model = nn.Linear(2, 1)
        self.clock, self.seconds = clock, seconds

    def batches(self, epoch):
        for i in range(BATCHES):
            yield torch.full((3, 2), 0.1 * i)

    def batch_count(self):
        return BATCHES

    def loss(self, batch, state):
        self.clock.now += self.seconds
        loss = (self.model(batch) - 1.0).square().mean()
        return StepLoss(loss, loss.detach() * 3, 3, None)

    def validate(self):
        self.clock.now += 1000.0
        with torch.no_grad():
            score = float((self.model(torch.ones(1, 2)) - 1.0).square())
        return Validation(score, score)


def train(job, folder=None, callback=None, optimizer=None, restore=False, **training):
    config = optimizer or OptimizerConfig("sgd", lr=0.02, schedule="cosine", lr_floor=0.1)
    options = TrainingConfig(**{"checkpoint_minutes": 0.0} | training)
    trainer = Trainer(job, config, options, folder, callback)
    if restore:
        trainer.restore()
    trainer.run()
    return trainer


def records_of_kind(trainer, kind):
    return [r for r in trainer.log.records if r["kind"] == kind]


@pytest.mark.parametrize(("minutes", "steps"), [(0.2, 12), (1.0, 60), (0.21, 13), (0.001, 1)])
def test_training_ends_with_the_step_that_uses_up_the_time(clock, minutes, steps):
    trainer = train(TimedJob(clock), minutes=minutes)
    assert trainer.progress.finished
    assert trainer.progress.step == trainer.progress.seconds == steps  # validations are not counted
    assert records_of_kind(trainer, "valid")[-1]["step"] == steps


def test_the_end_is_validated_and_the_best_weights_are_kept(clock, tmp_path):
    job = TimedJob(clock)
    trainer = train(job, tmp_path, minutes=0.2, validate_every=5)
    assert [r["step"] for r in records_of_kind(trainer, "valid")] == [5, 10, 12]
    assert trainer.progress.best_step == 12
    saved = read_tensors(tmp_path / "model.safetensors")[0]
    assert float((saved["weight"].sum() + saved["bias"] - 1.0).square()) == pytest.approx(
        trainer.progress.best
    )
    assert torch.equal(job.model.weight.detach(), saved["weight"])


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({"max_steps": 7}, 7),
        ({"epochs": 2}, 10),
        ({"epochs": 2, "max_steps": 7}, 7),
        ({"epochs": 3}, 12),
        ({"max_steps": 99}, 12),
    ],
)
def test_the_first_limit_reached_ends_training(clock, options, steps):
    assert train(TimedJob(clock), minutes=0.2, **options).progress.step == steps


def test_early_stopping_works_with_a_time_limit(clock):
    class WorseningJob(TimedJob):
        score = 0.0

        def validate(self):
            self.score += 1.0
            return Validation(self.score, self.score)

    assert train(WorseningJob(clock), minutes=1.0, early_stopping=2).progress.step == 3 * BATCHES


@pytest.mark.parametrize("options", [{}, {"max_steps": 10_000}, {"max_steps": 30}])
def test_the_learning_rate_ends_at_its_floor(clock, options):
    trainer = train(TimedJob(clock), minutes=0.5, **options)
    rates = [r["lr"] for r in records_of_kind(trainer, "train")]
    fractions_done = [s / 30 for s in range(30)]
    if options == {"max_steps": 10_000}:  # with both limits, the grace period ignores a slow start
        fractions_done = [max((d - GRACE) / (1 - GRACE), s / 10_000) for s, d in enumerate(fractions_done)]
    cosine = [0.5 * (1.0 + math.cos(math.pi * d)) for d in fractions_done]
    assert rates == pytest.approx([0.02 * (0.1 + 0.9 * x) for x in cosine])
    assert rates[-1] == pytest.approx(0.002, rel=0.03)


def test_at_most_400_losses_are_logged(clock):
    trainer = train(TimedJob(clock, 0.03125), minutes=1.0, validate_every=10_000)
    train_records = records_of_kind(trainer, "train")
    assert trainer.progress.step == 1920
    assert len(train_records) == 400
    assert train_records[-1]["step"] == 1920  # includes the last step
    assert max(b["step"] - a["step"] for a, b in itertools.pairwise(train_records)) == 5
    assert (
        len(records_of_kind(train(TimedJob(clock, 0.25), minutes=0.5), "train")) == 120
    )  # all of them if there are fewer than 400


def test_a_resumed_run_has_the_remaining_time(clock, tmp_path):
    class KilledError(Exception):
        pass

    class Kill(Callback):
        def on_step_end(self, progress, loss, lr):
            if progress.step == 14:
                raise KilledError

    options = {"minutes": 0.5, "checkpoint_steps": 4}
    uninterrupted, killed = tmp_path / "whole", tmp_path / "killed"
    uninterrupted.mkdir()
    killed.mkdir()
    train(TimedJob(clock), uninterrupted, **options)
    with pytest.raises(KilledError):
        train(TimedJob(clock), killed, Kill(), **options)
    clock.now += 1e6  # a pause is not counted
    trainer = train(TimedJob(clock), killed, restore=True, **options)
    assert trainer.progress.step == trainer.progress.seconds == 30
    assert read_log(killed / "metrics.jsonl") == read_log(uninterrupted / "metrics.jsonl")
    slower = tmp_path / "slower"
    slower.mkdir()
    with pytest.raises(KilledError):
        train(TimedJob(clock), slower, Kill(), **options)
    trainer = train(TimedJob(clock, 3.0), slower, restore=True, **options)
    assert trainer.progress.step == 12 + 6  # 12 s were used before the checkpoint; 18 s remain


def test_callbacks_get_no_total_steps_without_a_step_limit(clock):
    reported = []

    class Listener(Callback):
        def on_train_begin(self, progress, total_steps):
            reported.append(total_steps)

    train(TimedJob(clock), callback=Listener(), minutes=0.1)
    train(TimedJob(clock), callback=Listener(), minutes=0.1, epochs=2)
    assert reported == [None, 2 * BATCHES]


@pytest.mark.parametrize("minutes", [-1.0, -1e-9, math.nan, math.inf])
def test_invalid_minutes_are_refused(minutes):
    with pytest.raises(ConfigError, match="minutes="):
        TrainingConfig(minutes=minutes)


def test_stopping_criterion_by_hand():
    both = StoppingCriterion(100, 60.0)
    assert [both.fraction_done(50, 15.0), both.fraction_done(50, 45.0), both.fraction_done(101, 0.0)] == [
        0.5,
        0.75,
        1.0,
    ]
    assert [both.is_reached(99, 59.0), both.is_reached(100, 0.0), both.is_reached(1, 60.0)] == [
        False,
        True,
        True,
    ]
    assert both.remaining_seconds(50, 20.0) == 20.0
    assert both.remaining_seconds(50, 45.0) == 15.0
    assert StoppingCriterion(100).remaining_seconds(25, 5.0) == 15.0
    assert StoppingCriterion(None, 60.0).remaining_seconds(0, 0.0) == 60.0
    assert StoppingCriterion(None, 60.0).remaining_seconds(9, 61.0) == 0.0
    assert StoppingCriterion(100).time_fraction(1e9) == 0.0
    assert [s for s in range(1, 1601) if StoppingCriterion(1600).should_log(s, 0.0, 0.0)] == list(
        range(4, 1601, 4)
    )


def test_stopping_criterion_from_a_configuration():
    def from_config(**options):
        return StoppingCriterion.from_config(TrainingConfig(**options), 100)

    assert from_config() == StoppingCriterion(4000)
    assert from_config(epochs=3, max_steps=250) == StoppingCriterion(250)
    assert from_config(minutes=2.0) == StoppingCriterion(None, 120.0)
    assert from_config(minutes=2.0, max_steps=70) == StoppingCriterion(70, 120.0)
    assert from_config(minutes=2.0, epochs=5) == StoppingCriterion(500, 120.0)
