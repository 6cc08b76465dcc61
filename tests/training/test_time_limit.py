"""A limit of time: where training ends, what its rate and its log are, and how it goes on."""

import itertools
import math

import pytest
import torch
from torch import nn

import unrolled.training.loop
from unrolled.errors import ConfigError
from unrolled.training import OptimizerConfig, StepLoss, Trainer, TrainingConfig, Validation, Watcher
from unrolled.training.files import read_tensors
from unrolled.training.length import Length
from unrolled.training.log import read_log
from unrolled.training.schedule import GRACE

BATCHES = 5


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(unrolled.training.loop.time, "perf_counter", clock)
    return clock


class Timed:
    """A tiny net each of whose updates takes a while; its validations take far longer."""

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


def train(job, folder=None, watcher=None, optimizer=None, restore=False, **training):
    config = optimizer or OptimizerConfig("sgd", lr=0.02, schedule="cosine", lr_floor=0.1)
    options = TrainingConfig(**{"checkpoint_minutes": 0.0} | training)
    trainer = Trainer(job, config, options, folder, watcher)
    if restore:
        trainer.restore()
    trainer.run()
    return trainer


def records(trainer, kind):
    return [r for r in trainer.log.records if r["kind"] == kind]


@pytest.mark.parametrize(("minutes", "steps"), [(0.2, 12), (1.0, 60), (0.21, 13), (0.001, 1)])
def test_it_ends_with_the_update_that_uses_the_time_up(clock, minutes, steps):
    trainer = train(Timed(clock), minutes=minutes)
    assert trainer.progress.finished
    assert trainer.progress.step == trainer.progress.seconds == steps  # validations are not counted
    assert records(trainer, "valid")[-1]["step"] == steps


def test_it_is_validated_at_its_end_and_the_best_weights_are_kept(clock, tmp_path):
    job = Timed(clock)
    trainer = train(job, tmp_path, minutes=0.2, validate_every=5)
    assert [r["step"] for r in records(trainer, "valid")] == [5, 10, 12]
    assert trainer.progress.best_step == 12
    kept = read_tensors(tmp_path / "model.safetensors")[0]
    assert float((kept["weight"].sum() + kept["bias"] - 1.0).square()) == pytest.approx(trainer.progress.best)
    assert torch.equal(job.model.weight.detach(), kept["weight"])


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
def test_whichever_end_comes_first_counts(clock, options, steps):
    assert train(Timed(clock), minutes=0.2, **options).progress.step == steps


def test_early_stopping_stays_earlier(clock):
    class Worse(Timed):
        score = 0.0

        def validate(self):
            self.score += 1.0
            return Validation(self.score, self.score)

    assert train(Worse(clock), minutes=1.0, early_stopping=2).progress.step == 3 * BATCHES


@pytest.mark.parametrize("options", [{}, {"max_steps": 10_000}, {"max_steps": 30}])
def test_the_rate_falls_to_its_floor_at_the_end(clock, options):
    trainer = train(Timed(clock), minutes=0.5, **options)
    rates = [r["lr"] for r in records(trainer, "train")]
    done = [s / 30 for s in range(30)]
    if options == {"max_steps": 10_000}:  # where both are limited a slow start does not count
        done = [max((d - GRACE) / (1 - GRACE), s / 10_000) for s, d in enumerate(done)]
    share = [0.5 * (1.0 + math.cos(math.pi * d)) for d in done]
    assert rates == pytest.approx([0.02 * (0.1 + 0.9 * x) for x in share])
    assert rates[-1] == pytest.approx(0.002, rel=0.03)


def test_about_400_losses_are_logged_however_many_updates_there_are(clock):
    trainer = train(Timed(clock, 0.03125), minutes=1.0, validate_every=10_000)
    found = records(trainer, "train")
    assert trainer.progress.step == 1920
    assert len(found) == 400
    assert found[-1]["step"] == 1920  # the end is one of them
    assert max(b["step"] - a["step"] for a, b in itertools.pairwise(found)) == 5
    assert len(records(train(Timed(clock, 0.25), minutes=0.5), "train")) == 120  # each, where they are fewer


def test_a_killed_run_goes_on_with_the_time_that_is_left(clock, tmp_path):
    class KilledError(Exception):
        pass

    class Kill(Watcher):
        def stepped(self, progress, loss, lr):
            if progress.step == 14:
                raise KilledError

    options = {"minutes": 0.5, "checkpoint_steps": 4}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    train(Timed(clock), whole, **options)
    with pytest.raises(KilledError):
        train(Timed(clock), killed, Kill(), **options)
    clock.now += 1e6  # a pause is not counted
    trainer = train(Timed(clock), killed, restore=True, **options)
    assert trainer.progress.step == trainer.progress.seconds == 30
    assert read_log(killed / "metrics.jsonl") == read_log(whole / "metrics.jsonl")
    slower = tmp_path / "slower"
    slower.mkdir()
    with pytest.raises(KilledError):
        train(Timed(clock), slower, Kill(), **options)
    trainer = train(Timed(clock, 3.0), slower, restore=True, **options)
    assert trainer.progress.step == 12 + 6  # 12 s were spent at the checkpoint; 18 are left


def test_watchers_are_told_that_the_updates_have_no_limit(clock):
    told = []

    class Listener(Watcher):
        def started(self, progress, total_steps):
            told.append(total_steps)

    train(Timed(clock), watcher=Listener(), minutes=0.1)
    train(Timed(clock), watcher=Listener(), minutes=0.1, epochs=2)
    assert told == [None, 2 * BATCHES]


@pytest.mark.parametrize("minutes", [-1.0, -1e-9, math.nan, math.inf])
def test_what_is_no_time_is_refused(minutes):
    with pytest.raises(ConfigError, match="minutes="):
        TrainingConfig(minutes=minutes)


def test_the_length_of_a_training_by_hand():
    both = Length(100, 60.0)
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
    assert Length(100).remaining_seconds(25, 5.0) == 15.0
    assert Length(None, 60.0).remaining_seconds(0, 0.0) == 60.0
    assert Length(None, 60.0).remaining_seconds(9, 61.0) == 0.0
    assert Length(100).time_fraction(1e9) == 0.0
    assert [s for s in range(1, 1601) if Length(1600).should_log(s, 0.0, 0.0)] == list(range(4, 1601, 4))


def test_the_ends_of_a_configuration():
    def planned(**options):
        return Length.from_config(TrainingConfig(**options), 100)

    assert planned() == Length(4000)
    assert planned(epochs=3, max_steps=250) == Length(250)
    assert planned(minutes=2.0) == Length(None, 120.0)
    assert planned(minutes=2.0, max_steps=70) == Length(70, 120.0)
    assert planned(minutes=2.0, epochs=5) == Length(500, 120.0)
