"""Gradient accumulation: a step over several batches equals a step with one large batch of all their rows."""

import os
import signal
from pathlib import Path

import pytest
import torch
from torch import nn

from unrolled.errors import ConfigError, NonFiniteError
from unrolled.training import Callback, OptimizerConfig, StepLoss, Trainer, TrainingConfig, Validation
from unrolled.training.log import read_log
from unrolled.training.tensor_files import read_tensors

BATCHES, EPOCHS = 7, 3
SIZES = (4, 1, 3, 6, 2, 5, 3)


class Toy:
    """A small network. Batches have different sizes, and the carried state counts them."""

    def __init__(self, dropout: float = 0.0, joined_batches: int = 1, fail_at: int = -1) -> None:
        torch.manual_seed(5)
        self.model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(dropout), nn.Linear(4, 1)).double()
        generator = torch.Generator().manual_seed(6)
        parts = [torch.randn(n, 3, generator=generator, dtype=torch.float64) for n in SIZES]
        self.held_out = parts[0]
        self.data = [torch.cat(parts[i : i + joined_batches]) for i in range(0, BATCHES, joined_batches)]
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


def train(job, folder=None, callback=None, optimizer=None, restore=False, **training):
    torch.manual_seed(13)
    options = {"epochs": EPOCHS, "checkpoint_minutes": 0.0} | training
    config = optimizer or OptimizerConfig(lr=0.05)
    trainer = Trainer(job, config, TrainingConfig(**options), folder, callback)
    if restore:
        trainer.restore()
    trainer.run()
    return trainer


def read_log_without_seconds(folder):
    return [{k: v for k, v in r.items() if k != "seconds"} for r in read_log(folder / "metrics.jsonl")]


class StepRecorder(Callback):
    """Records the arguments of the callback at each step."""

    def __init__(self):
        self.updates, self.losses = [], []

    def on_pre_optimizer_step(self, progress, update):
        carried = 0 if update.carried is None else int(update.carried[0])
        self.updates.append((progress.step, len(update.batch), carried, update.norm))

    def on_step_end(self, progress, loss, lr):
        self.losses.append(loss)


OPTIMIZERS = {
    "adam": OptimizerConfig("adam", lr=0.05, warmup=2, clip_norm=0.5),
    "penalties": OptimizerConfig("sgd", lr=0.1, l1=0.01, l2=0.1, clip_value=0.3, clip_norm=0.0),
    "average": OptimizerConfig("sgd", lr=0.1, momentum=0.9, schedule="plateau", moving_average=0.9),
}


@pytest.mark.parametrize("size", [2, 3, 7, 9])
@pytest.mark.parametrize("optimizer_name", OPTIMIZERS)
def test_accumulated_step_equals_one_large_batch(optimizer_name: str, size: int) -> None:
    config = OPTIMIZERS[optimizer_name]
    small_recorder, large_recorder = StepRecorder(), StepRecorder()
    small_job, large_job = Toy(), Toy(joined_batches=size)
    accumulated = train(small_job, callback=small_recorder, optimizer=config, accumulate=size)
    large_batch = train(large_job, callback=large_recorder, optimizer=config)
    for name, t in small_job.model.state_dict().items():
        torch.testing.assert_close(t, large_job.model.state_dict()[name], rtol=0, atol=1e-12)
    assert accumulated.progress.step == large_batch.progress.step == EPOCHS * -(-BATCHES // size)
    assert accumulated.total_steps == large_batch.total_steps
    assert accumulated.progress.tokens == large_batch.progress.tokens
    assert small_recorder.losses == pytest.approx(large_recorder.losses, abs=1e-12)
    assert [norm for *_, norm in small_recorder.updates] == pytest.approx(
        [norm for *_, norm in large_recorder.updates]
    )
    rates = [[r["lr"] for r in t.log.records if r["kind"] == "train"] for t in (accumulated, large_batch)]
    assert rates[0] == rates[1]


def test_last_step_of_an_epoch_takes_the_remaining_batches() -> None:
    recorder, job = StepRecorder(), Toy()
    trainer = train(job, callback=recorder, accumulate=3)
    # The last batch of each step, and the state before it, which is carried through all batches of an epoch.
    assert [(n, carried) for _, n, carried, _ in recorder.updates] == [(3, 2), (5, 5), (3, 6)] * EPOCHS
    assert [step for step, *_ in recorder.updates] == list(range(9))
    assert job.states == list(range(BATCHES)) * EPOCHS
    assert trainer.progress.epoch == EPOCHS
    assert [r["step"] for r in trainer.log.records if r["kind"] == "valid"] == [3, 6, 9]


def test_limits_and_intervals_count_optimizer_steps() -> None:
    trainer = train(Toy(), accumulate=2, validate_every=3, max_steps=5)
    assert trainer.progress.step == 5
    assert (trainer.progress.epoch, trainer.progress.position) == (1, 2)
    assert [r["step"] for r in trainer.log.records if r["kind"] == "valid"] == [3, 5]
    planned = Trainer(Toy(), OptimizerConfig(), TrainingConfig(accumulate=2))
    assert planned.total_steps == 60 * 4


@pytest.mark.parametrize("optimizer_name", OPTIMIZERS)
def test_a_killed_run_resumes_to_the_same_bits(tmp_path: Path, optimizer_name: str) -> None:
    options = {
        "optimizer": OPTIMIZERS[optimizer_name],
        "checkpoint_steps": 2,
        "validate_every": 2,
        "accumulate": 3,
    }

    class KilledError(Exception):
        pass

    class KilledInsideStep(Toy):
        """Stops the run between two batches of one optimizer step."""

        def loss(self, batch, state):
            if len(self.states) == kill_at:
                raise KilledError
            return super().loss(batch, state)

    (tmp_path / "whole").mkdir()
    train(Toy(0.3), tmp_path / "whole", **options)
    for kill_at, step, position in ((1, 0, 0), (8, 2, 6), (17, 6, 0)):
        folder = tmp_path / f"killed at {kill_at}"
        folder.mkdir()
        with pytest.raises(KilledError):
            train(KilledInsideStep(0.3), folder, **options)
        progress = read_tensors(folder / "checkpoint.safetensors")[1]["progress"]
        assert (progress["step"], progress["position"]) == (step, position)
        train(Toy(0.3), folder, restore=True, **options)
        resumed_model = (folder / "model.safetensors").read_bytes()
        assert resumed_model == (tmp_path / "whole" / "model.safetensors").read_bytes()
        assert read_log_without_seconds(folder) == read_log_without_seconds(tmp_path / "whole")


def test_ctrl_c_waits_for_all_batches_of_the_step(tmp_path: Path) -> None:
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
def test_a_nonfinite_loss_stops_before_the_optimizer_step(fail_at: int) -> None:
    job = Toy(fail_at=fail_at)
    initial = {n: t.clone() for n, t in job.model.state_dict().items()}
    with pytest.raises(NonFiniteError, match=r"step 1: .*first seen in the loss"):
        train(job, accumulate=3)
    assert all(torch.equal(t, initial[n]) for n, t in job.model.state_dict().items())
    assert job.states == [0, 1, 2, fail_at]  # the failing batch runs again to locate the value


def test_sparse_embedding_gradients_are_scaled_too() -> None:
    class EmbeddingJob(Toy):
        def __init__(self, joined_batches):
            super().__init__()
            torch.manual_seed(1)
            self.model = nn.Embedding(5, 1, sparse=True).double()
            tokens = [torch.tensor([0, 0, 1]), torch.tensor([1]), torch.tensor([3, 0])]
            self.data = [torch.cat(tokens[i : i + joined_batches]) for i in range(0, 3, joined_batches)]

        def batches(self, epoch):
            return iter(self.data)

        def loss(self, batch, state):
            loss = (self.model(batch) - 1.0).square().mean()
            return StepLoss(loss, loss.detach() * len(batch), len(batch), None)

        def validate(self):
            return None

    config = OptimizerConfig("sgd", lr=0.1, clip_norm=0.2)
    small_job, large_job = EmbeddingJob(1), EmbeddingJob(3)
    train(small_job, optimizer=config, accumulate=3)
    train(large_job, optimizer=config)
    torch.testing.assert_close(small_job.model.weight, large_job.model.weight, rtol=0, atol=1e-12)


@pytest.mark.parametrize("accumulate", [0, -1])
def test_accumulate_below_one_is_refused(accumulate: int) -> None:
    with pytest.raises(ConfigError, match="accumulate"):
        TrainingConfig(accumulate=accumulate)
