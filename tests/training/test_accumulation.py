"""Gradients of several batches make one update, that of a large batch with all of their rows."""

import os
import signal
from pathlib import Path

import pytest
import torch
from torch import nn

from unrolled.errors import ConfigError, NonFiniteError
from unrolled.training import OptimizerConfig, StepLoss, Trainer, TrainingConfig, Validation, Watcher
from unrolled.training.files import read_tensors
from unrolled.training.log import read_log

BATCHES, EPOCHS = 7, 3
SIZES = (4, 1, 3, 6, 2, 5, 3)


class Toy:
    """A small net; batches have unequal sizes, and the state counts them."""

    def __init__(self, dropout: float = 0.0, join: int = 1, fail_at: int = -1) -> None:
        torch.manual_seed(5)
        self.model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(dropout), nn.Linear(4, 1)).double()
        generator = torch.Generator().manual_seed(6)
        parts = [torch.randn(n, 3, generator=generator, dtype=torch.float64) for n in SIZES]
        self.held_out = parts[0]
        self.data = [torch.cat(parts[i : i + join]) for i in range(0, BATCHES, join)]
        self.fail_at, self.states = fail_at, list[int]()

    def batches(self, epoch):
        return iter([x + epoch for x in self.data])

    def batch_count(self):
        return len(self.data)

    def loss(self, batch, state):
        count = 0 if state is None else int(state[0])
        self.states.append(count)
        loss = (self.model(batch) - batch.sum(1, keepdim=True)).square().mean()
        if count == self.fail_at:
            loss = loss * torch.inf
        return StepLoss(loss, loss.detach() * len(batch), len(batch), (torch.tensor([count + 1]),))

    def validate(self):
        self.model.eval()
        with torch.no_grad():
            score = float((self.model(self.held_out) - 1.0).square().mean())
        return Validation(score, score)


def train(job, folder=None, watcher=None, optimizer=None, restore=False, **training):
    torch.manual_seed(13)
    options = {"epochs": EPOCHS, "checkpoint_minutes": 0.0} | training
    config = optimizer or OptimizerConfig(lr=0.05)
    trainer = Trainer(job, config, TrainingConfig(**options), folder, watcher)
    if restore:
        trainer.restore()
    trainer.run()
    return trainer


def log_of(folder):
    return [{k: v for k, v in r.items() if k != "seconds"} for r in read_log(folder / "metrics.jsonl")]


class Told(Watcher):
    """Notes what is said of each update."""

    def __init__(self):
        self.updates, self.losses = [], []

    def updating(self, progress, update):
        carried = 0 if update.carried is None else int(update.carried[0])
        self.updates.append((progress.step, len(update.batch), carried, update.norm))

    def stepped(self, progress, loss, lr):
        self.losses.append(loss)


OPTIMIZERS = {
    "adam": OptimizerConfig("adam", lr=0.05, warmup=2, clip_norm=0.5),
    "penalties": OptimizerConfig("sgd", lr=0.1, l1=0.01, l2=0.1, clip_value=0.3, clip_norm=0.0),
    "average": OptimizerConfig("sgd", lr=0.1, momentum=0.9, schedule="plateau", moving_average=0.9),
}


@pytest.mark.parametrize("size", [2, 3, 7, 9])
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_an_update_is_that_of_one_large_batch(kind: str, size: int) -> None:
    config = OPTIMIZERS[kind]
    small, large = Told(), Told()
    many, one = Toy(), Toy(join=size)
    accumulated = train(many, watcher=small, optimizer=config, accumulate=size)
    whole = train(one, watcher=large, optimizer=config)
    for name, t in many.model.state_dict().items():
        torch.testing.assert_close(t, one.model.state_dict()[name], rtol=0, atol=1e-12)
    assert accumulated.progress.step == whole.progress.step == EPOCHS * -(-BATCHES // size)
    assert accumulated.total_steps == whole.total_steps
    assert accumulated.progress.tokens == whole.progress.tokens
    assert small.losses == pytest.approx(large.losses, abs=1e-12)
    assert [norm for *_, norm in small.updates] == pytest.approx([norm for *_, norm in large.updates])
    rates = [[r["lr"] for r in t.log.records if r["kind"] == "train"] for t in (accumulated, whole)]
    assert rates[0] == rates[1]


def test_the_last_update_of_an_epoch_takes_the_batches_that_are_left() -> None:
    told, job = Told(), Toy()
    trainer = train(job, watcher=told, accumulate=3)
    # The last batch of each update, and the state before it, which passes through all batches of an epoch.
    assert [(n, carried) for _, n, carried, _ in told.updates] == [(3, 2), (5, 5), (3, 6)] * EPOCHS
    assert [step for step, *_ in told.updates] == list(range(9))
    assert job.states == list(range(BATCHES)) * EPOCHS
    assert trainer.progress.epoch == EPOCHS
    assert [r["step"] for r in trainer.log.records if r["kind"] == "valid"] == [3, 6, 9]


def test_everything_else_counts_updates() -> None:
    trainer = train(Toy(), accumulate=2, validate_every=3, max_steps=5)
    assert trainer.progress.step == 5
    assert (trainer.progress.epoch, trainer.progress.position) == (1, 2)
    assert [r["step"] for r in trainer.log.records if r["kind"] == "valid"] == [3, 5]
    planned = Trainer(Toy(), OptimizerConfig(), TrainingConfig(accumulate=2))
    assert planned.total_steps == 60 * 4


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_killed_run_resumes_to_the_bits_of_a_whole_one(tmp_path: Path, kind: str) -> None:
    options = {"optimizer": OPTIMIZERS[kind], "checkpoint_steps": 2, "validate_every": 2, "accumulate": 3}

    class KilledError(Exception):
        pass

    class KillInside(Toy):
        """Ends the run between two batches of an update."""

        def loss(self, batch, state):
            if len(self.states) == at:
                raise KilledError
            return super().loss(batch, state)

    (tmp_path / "whole").mkdir()
    train(Toy(0.3), tmp_path / "whole", **options)
    for at, step, position in ((1, 0, 0), (8, 2, 6), (17, 6, 0)):
        folder = tmp_path / f"killed at {at}"
        folder.mkdir()
        with pytest.raises(KilledError):
            train(KillInside(0.3), folder, **options)
        progress = read_tensors(folder / "checkpoint.safetensors")[1]["progress"]
        assert (progress["step"], progress["position"]) == (step, position)
        train(Toy(0.3), folder, restore=True, **options)
        ended = (folder / "model.safetensors").read_bytes()
        assert ended == (tmp_path / "whole" / "model.safetensors").read_bytes()
        assert log_of(folder) == log_of(tmp_path / "whole")


def test_ctrl_c_waits_for_all_batches_of_the_update(tmp_path: Path) -> None:
    class Interrupted(Toy):
        def loss(self, batch, state):
            if len(self.states) == 4:
                os.kill(os.getpid(), signal.SIGINT)
            return super().loss(batch, state)

    with pytest.raises(KeyboardInterrupt):
        train(Interrupted(), tmp_path, accumulate=3)
    progress = read_tensors(tmp_path / "checkpoint.safetensors")[1]["progress"]
    assert (progress["step"], progress["position"]) == (2, 6)


@pytest.mark.parametrize("fail_at", range(3))
def test_a_loss_that_is_not_finite_stops_before_the_update(fail_at: int) -> None:
    job = Toy(fail_at=fail_at)
    start = {n: t.clone() for n, t in job.model.state_dict().items()}
    with pytest.raises(NonFiniteError, match=r"step 1: .*first seen in the loss"):
        train(job, accumulate=3)
    assert all(torch.equal(t, start[n]) for n, t in job.model.state_dict().items())
    assert job.states == [0, 1, 2, fail_at]  # the batch at fault is run again to find the place


def test_the_gradient_of_looked_up_rows_is_scaled_too() -> None:
    class Rows(Toy):
        def __init__(self, join):
            super().__init__()
            torch.manual_seed(1)
            self.model = nn.Embedding(5, 1, sparse=True).double()
            tokens = [torch.tensor([0, 0, 1]), torch.tensor([1]), torch.tensor([3, 0])]
            self.data = [torch.cat(tokens[i : i + join]) for i in range(0, 3, join)]

        def batches(self, epoch):
            return iter(self.data)

        def loss(self, batch, state):
            loss = (self.model(batch) - 1.0).square().mean()
            return StepLoss(loss, loss.detach() * len(batch), len(batch), None)

        def validate(self):
            return None

    config = OptimizerConfig("sgd", lr=0.1, clip_norm=0.2)
    many, one = Rows(1), Rows(3)
    train(many, optimizer=config, accumulate=3)
    train(one, optimizer=config)
    torch.testing.assert_close(many.model.weight, one.model.weight, rtol=0, atol=1e-12)


@pytest.mark.parametrize("accumulate", [0, -1])
def test_it_takes_at_least_one_batch(accumulate: int) -> None:
    with pytest.raises(ConfigError, match="accumulate"):
        TrainingConfig(accumulate=accumulate)
