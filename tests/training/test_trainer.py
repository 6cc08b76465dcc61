"""The training loop on a toy job: order, validation, best weights, and bitwise resume."""

import os
import signal
from pathlib import Path

import pytest
import torch
from torch import nn

from unrolled.errors import RunError
from unrolled.training import Callback, OptimizerConfig, StepLoss, Trainer, TrainingConfig, Validation
from unrolled.training.log import read_log
from unrolled.training.schedule import Plateau, learning_rate
from unrolled.training.tensor_files import read_tensors, write_tensors

EPOCHS, BATCHES = 4, 5


class Toy:
    """A small network with dropout. Its loss depends on the state carried from the batch before."""

    def __init__(self, scores=None):
        torch.manual_seed(11)
        self.model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.3), nn.Linear(4, 1))
        generator = torch.Generator().manual_seed(12)
        self.data = torch.randn(BATCHES, 6, 3, generator=generator)
        self.scores = None if scores is None else iter(scores)
        self.calls = []

    def batches(self, epoch):
        for i, x in enumerate(self.data):
            yield epoch, i, x + epoch

    def batch_count(self):
        return BATCHES

    def loss(self, batch, state):
        epoch, i, x = batch
        self.calls.append((epoch, i, None if state is None else float(state[0])))
        y = self.model(x) + (0.0 if state is None else 0.1 * state[0])
        loss = (y - x.sum(1, keepdim=True)).square().mean()
        return StepLoss(loss, loss.detach() * len(x), len(x), (y.detach().mean(),))

    def validate(self):
        if self.scores is not None:
            score = next(self.scores)
            return Validation(score, score, {"half": score / 2})
        self.model.eval()
        with torch.no_grad():
            score = float((self.model(self.data[0]) - 1.0).square().mean())
        return Validation(score, score)


class NoValidation(Toy):
    def validate(self):
        return None


def train(job, folder=None, callback=None, optimizer=None, restore=False, **training):
    """Train a job. By default only the number of steps triggers checkpoints, not the time."""
    torch.manual_seed(13)
    options = {"epochs": EPOCHS, "checkpoint_minutes": 0.0} | training
    config = optimizer or OptimizerConfig(lr=0.05)
    trainer = Trainer(job, config, TrainingConfig(**options), folder, callback)
    if restore:
        trainer.restore()
    trainer.run()
    return trainer


class StopAt(Callback):
    """Calls ``stop`` after a given step."""

    def __init__(self, step, stop):
        self.step, self.how = step, stop

    def on_step_end(self, progress, loss, lr):
        if progress.step == self.step:
            self.how()


class KilledError(Exception):
    pass


def kill():
    raise KilledError


def read_log_without_seconds(folder: Path):
    return [{k: v for k, v in r.items() if k != "seconds"} for r in read_log(folder / "metrics.jsonl")]


def step_on_disk(folder):
    return read_tensors(folder / "checkpoint.safetensors")[1]["progress"]["step"]


# -- order -----------------------------------------------------------------------------------------


def test_each_epoch_runs_each_batch_once_and_starts_without_state():
    job = Toy()
    trainer = train(job)
    assert [s[:2] for s in job.calls] == [(e, i) for e in range(EPOCHS) for i in range(BATCHES)]
    assert [s[2] is None for s in job.calls] == [i == 0 for _ in range(EPOCHS) for i in range(BATCHES)]
    assert trainer.progress.step == trainer.total_steps == EPOCHS * BATCHES
    assert trainer.progress.tokens == 6 * EPOCHS * BATCHES
    assert trainer.progress.finished
    assert not job.model.training


@pytest.mark.parametrize("limit", [1, 5, 7, 99])
def test_max_steps_ends_training_within_an_epoch(limit):
    job = Toy()
    assert train(job, max_steps=limit).progress.step == len(job.calls) == min(limit, 20)


@pytest.mark.parametrize(
    ("batches", "epochs"), [(1, 60), (66, 60), (100, 40), (400, 10), (3000, 1), (9999, 1)]
)
def test_default_training_takes_about_4000_steps(batches, epochs):
    job = Toy()
    job.batch_count = lambda: batches
    trainer = Trainer(job, OptimizerConfig(), TrainingConfig(epochs=0))
    assert trainer.total_steps == batches * epochs
    assert Trainer(job, OptimizerConfig(), TrainingConfig(epochs=3)).total_steps == 3 * batches


def test_each_step_uses_the_learning_rate_of_the_schedule():
    config = OptimizerConfig("sgd", lr=0.02, schedule="cosine", warmup=3)
    trainer = train(NoValidation(), optimizer=config)
    rates = [r["lr"] for r in trainer.log.records if r["kind"] == "train"]
    expected = [learning_rate(config, s, 20, 0, Plateau()) for s in range(20)]
    assert rates == expected
    decaying = OptimizerConfig("sgd", lr=0.02, schedule="step", decay=0.5, decay_after=2)
    trainer = train(NoValidation(), optimizer=decaying)
    rates = [r["lr"] for r in trainer.log.records if r["kind"] == "train"]
    assert rates == [0.02] * 10 + [0.01] * 5 + [0.005] * 5


# -- validation ------------------------------------------------------------------------------------


def test_the_best_weights_are_kept(tmp_path):
    weights = []

    class KeepWeights(Callback):
        def on_validation_end(self, progress, found, improved):
            weights.append({n: t.clone() for n, t in job.model.state_dict().items()})

    for folder in (None, tmp_path):
        weights.clear()
        job = Toy(scores=[3.0, 1.0, 2.0, 1.0])
        trainer = train(job, folder, KeepWeights())
        assert trainer.progress.best == 1.0
        assert trainer.progress.best_step == 2 * BATCHES
        for name, t in job.model.state_dict().items():
            assert torch.equal(t, weights[1][name])
            assert not torch.equal(t, weights[3][name])


@pytest.mark.parametrize("optimizer_name", ["adam", "nt-asgd"])
def test_without_held_out_data_the_last_weights_are_kept(tmp_path, optimizer_name):
    config = OptimizerConfig(optimizer_name, lr=0.05)
    job = NoValidation()
    last = {}

    class KeepWeights(Callback):
        def on_step_end(self, progress, loss, lr):
            last.update({n: t.clone() for n, t in job.model.state_dict().items()})

    trainer = train(job, tmp_path, KeepWeights(), optimizer=config)
    assert trainer.progress.best is None
    for name, t in job.model.state_dict().items():
        assert torch.equal(t, last[name])
    assert [r["kind"] for r in trainer.log.records] == ["train"] * 20


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, [5, 10, 15, 20]),
        ({"validate_every": 6}, [6, 12, 18, 20]),
        ({"validate_every": 10}, [10, 20]),
        ({"max_steps": 7}, [5, 7]),
        ({"validate_every": 50}, [20]),
    ],
)
def test_validation_runs_at_its_interval_and_at_the_end(options, steps):
    trainer = train(Toy(), **options)
    assert [r["step"] for r in trainer.log.records if r["kind"] == "valid"] == steps


@pytest.mark.parametrize(
    ("scores", "patience", "steps"),
    [
        ([1.0, 2.0, 3.0], 2, 6),
        ([1.0, 2.0, 0.5, 0.6, 0.7], 2, 10),
        ([5.0, 4.0, 3.0, 2.0, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5], 1, 20),
        ([2.0, 2.0], 1, 4),
    ],
)
def test_early_stopping(scores, patience, steps):
    trainer = train(Toy(scores), validate_every=2, early_stopping=patience)
    assert trainer.progress.step == steps
    assert trainer.progress.best == min(scores)


def test_plateau_decays_after_worse_validations():
    config = OptimizerConfig("sgd", lr=0.04, schedule="plateau", decay=0.5)
    trainer = train(Toy([3.0, 4.0, 2.0, 1.0]), optimizer=config)
    rates = [r["lr"] for r in trainer.log.records if r["kind"] == "train"]
    assert rates == [0.04] * 10 + [0.02] * 10


def test_nt_asgd_keeps_the_average():
    config = OptimizerConfig("nt-asgd", lr=0.01, average_after=1, schedule="constant")
    weights = []
    job = Toy([1.0, 1.0, 2.0, 0.5])  # averaging begins at the third validation, step 15

    class KeepWeights(Callback):
        def on_step_end(self, progress, loss, lr):
            weights.append(job.model[0].weight.detach().clone())

    trainer = train(job, callback=KeepWeights(), optimizer=config)
    assert trainer.average.active
    # Steps 15 to 20: the weights at the trigger and the five after it.
    torch.testing.assert_close(job.model[0].weight, torch.stack(weights[14:]).mean(0))


def test_callbacks_receive_every_event():
    events = []

    class Listener(Callback):
        def on_train_begin(self, progress, total_steps):
            events.append(("started", progress.step, total_steps))

        def on_step_end(self, progress, loss, lr):
            events.append(("stepped", progress.step))

        def on_validation_begin(self):
            events.append("validating")

        def on_validation_end(self, progress, found, improved):
            events.append(("validated", found.score, found.figures, improved))

        def on_train_end(self, progress):
            events.append(("ended", progress.step))

    train(Toy([2.0, 3.0]), callback=Listener(), max_steps=4, validate_every=2)
    assert events == [
        ("started", 0, 4),
        ("stepped", 1),
        ("stepped", 2),
        "validating",
        ("validated", 2.0, {"half": 1.0}, True),
        ("stepped", 3),
        ("stepped", 4),
        "validating",
        ("validated", 3.0, {"half": 1.5}, False),
        ("ended", 4),
    ]


# -- stopping and resuming -------------------------------------------------------------------------

OPTIMIZERS = {
    "adam": OptimizerConfig("adam", lr=0.05, schedule="cosine", warmup=2),
    "rmsprop": OptimizerConfig("rmsprop", lr=0.01, momentum=0.5, l1=0.01),
    "sgd": OptimizerConfig("sgd", lr=0.3, momentum=0.9, schedule="plateau"),
    "nt-asgd": OptimizerConfig("nt-asgd", lr=0.3, average_after=1, schedule="constant"),
}


@pytest.mark.parametrize("optimizer_name", OPTIMIZERS)
def test_a_killed_run_resumes_to_the_same_bits(tmp_path, optimizer_name):
    options = {"optimizer": OPTIMIZERS[optimizer_name], "checkpoint_steps": 3, "validate_every": 2}
    uninterrupted = tmp_path / "whole"
    uninterrupted.mkdir()
    trainer = train(Toy(), uninterrupted, **options)
    assert trainer.average is None or trainer.average.active
    for step in (1, 3, 4, 8, 10, 15, 19, 20):
        folder = tmp_path / f"killed at {step}"
        folder.mkdir()
        with pytest.raises(KilledError):
            train(Toy(), folder, StopAt(step, kill), **options)
        assert step_on_disk(folder) == (step - 1) // 3 * 3
        train(Toy(), folder, restore=True, **options)
        resumed_model = (folder / "model.safetensors").read_bytes()
        assert resumed_model == (uninterrupted / "model.safetensors").read_bytes(), f"killed at step {step}"
        assert read_log_without_seconds(folder) == read_log_without_seconds(uninterrupted)


def test_resuming_a_finished_run_changes_nothing(tmp_path):
    train(Toy(), tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    job = Toy()
    train(job, tmp_path, restore=True)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    assert job.calls == []
    best = read_tensors(tmp_path / "model.safetensors")[0]
    assert all(torch.equal(t, best[n]) for n, t in job.model.state_dict().items())


@pytest.mark.parametrize("step", [1, 4, 5, 20])
def test_ctrl_c_finishes_the_step_and_writes_a_checkpoint(tmp_path, step):
    def interrupt():
        os.kill(os.getpid(), signal.SIGINT)

    (tmp_path / "whole").mkdir()
    (tmp_path / "stopped").mkdir()
    train(Toy(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(Toy(), tmp_path / "stopped", StopAt(step, interrupt))
    assert step_on_disk(tmp_path / "stopped") == step
    train(Toy(), tmp_path / "stopped", restore=True)
    resumed_model = (tmp_path / "stopped" / "model.safetensors").read_bytes()
    assert resumed_model == (tmp_path / "whole" / "model.safetensors").read_bytes()
    assert read_log_without_seconds(tmp_path / "stopped") == read_log_without_seconds(tmp_path / "whole")


def test_checkpoints_by_minutes(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    class Slow(StopAt):
        def on_step_end(self, progress, loss, lr):
            now[0] += 25.0
            super().on_step_end(progress, loss, lr)

    with pytest.raises(KilledError):
        train(Toy(), tmp_path, Slow(5, kill), checkpoint_minutes=1.0)
    assert step_on_disk(tmp_path) == 3  # after 75 s; the next is due at 150 s


def test_a_failed_checkpoint_leaves_the_earlier_one(tmp_path, monkeypatch):
    def fail_from_now_on():
        def fail(*args):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", fail)

    with pytest.raises(RunError, match=r"checkpoint\.safetensors.*No space left.*earlier"):
        train(NoValidation(), tmp_path, StopAt(7, fail_from_now_on), checkpoint_steps=3)
    monkeypatch.undo()
    assert step_on_disk(tmp_path) == 6
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint.safetensors", "metrics.jsonl"]
    assert train(NoValidation(), tmp_path, restore=True).progress.step == 20


def test_a_missing_or_damaged_checkpoint_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"checkpoint\.safetensors: missing"):
        train(Toy(), tmp_path, restore=True)
    train(Toy(), tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(RunError, match=r"checkpoint\.safetensors: damaged"):
        train(Toy(), tmp_path, restore=True)
    path.write_bytes((tmp_path / "model.safetensors").read_bytes())
    with pytest.raises(RunError, match=r"checkpoint\.safetensors"):
        train(Toy(), tmp_path, restore=True)


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    train(Toy(), tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    tensors, meta = read_tensors(path)
    tensors["model.0.weight"] = torch.zeros(2, 2)
    write_tensors(path, tensors, meta)
    with pytest.raises(RunError, match=r"checkpoint\.safetensors"):
        train(Toy(), tmp_path, restore=True)
