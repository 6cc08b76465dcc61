"""Callbacks are called before every optimizer step, don't change training, and can be combined."""

import math
import time

import pytest
import torch
from torch import nn

from unrolled.errors import NonFiniteError
from unrolled.training import (
    Callback,
    CallbackList,
    OptimizerConfig,
    StepLoss,
    Trainer,
    TrainingConfig,
    Validation,
)
from unrolled.training.log import read_log


class LinearJob:
    """A linear regression job. The carried state counts batches."""

    def __init__(self, factor=1.0):
        torch.manual_seed(3)
        self.model = nn.Linear(3, 1)
        self.factor = factor

    def batches(self, epoch):
        g = torch.Generator().manual_seed(epoch)
        return iter([torch.randn(4, 3, generator=g) for _ in range(5)])

    def batch_count(self):
        return 5

    def loss(self, batch, state):
        y = self.model(batch + 0.01 * torch.randn(4, 3))
        loss = self.factor * (y - 2.0).square().mean()
        return StepLoss(loss, loss.detach() * 4, 4, (torch.ones(1) if state is None else state[0] + 1,))

    def validate(self):
        return Validation(1.0, 1.0)


def train(job, callback=None, folder=None, max_steps=0, **options):
    optimizer = OptimizerConfig(**{"optimizer": "adam", "lr": 0.1, "clip_norm": 0.5} | options)
    training = TrainingConfig(epochs=2, checkpoint_minutes=0.0, max_steps=max_steps)
    torch.manual_seed(9)
    trainer = Trainer(job, optimizer, training, folder, callback)
    trainer.run()
    return trainer


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_callbacks_see_the_next_optimizer_step(optimizer):
    steps = []

    class CheckStep(Callback):
        def on_pre_optimizer_step(self, progress, update):
            p = job.model.weight
            self.before = p.detach().clone()
            norm = float(nn.utils.get_total_norm([q.grad for q in job.model.parameters()]))
            assert update.norm == norm
            assert update.factor == pytest.approx(min(1.0, 0.5 / norm), rel=1e-4)
            steps.append((progress.step, update.batch.shape, update.carried))
            self.step = -learning_rate * update.factor * p.grad.clone()

        def on_step_end(self, progress, loss, lr):
            assert not torch.equal(job.model.weight, self.before)
            if optimizer == "sgd":
                torch.testing.assert_close(job.model.weight - self.before, self.step)

    learning_rate = 0.1
    job = LinearJob()
    train(job, CheckStep(), optimizer=optimizer, schedule="constant")
    assert [step for step, *_ in steps] == list(range(10))
    assert all(shape == (4, 3) for _, shape, _ in steps)
    carried = [None if state is None else int(state[0]) for *_, state in steps]
    assert carried == [None, 1, 2, 3, 4] * 2


def test_callbacks_do_not_change_the_training():
    class DrawRandom(Callback):
        def on_pre_optimizer_step(self, progress, update):
            with torch.random.fork_rng():
                torch.rand(5)

    plain, observed = LinearJob(), LinearJob()
    train(plain)
    train(observed, CallbackList(DrawRandom(), Callback()))
    assert torch.equal(plain.model.weight, observed.model.weight)


def test_time_in_callbacks_is_not_training_time():
    class Slow(Callback):
        def on_pre_optimizer_step(self, progress, update):
            time.sleep(0.03)

    assert train(LinearJob(), Slow()).progress.seconds < 10 * 0.03


def test_several_callbacks_are_called_in_order():
    calls = []

    class RecordCalls(Callback):
        def __init__(self, name):
            self.name = name

        def __getattribute__(self, attribute):
            if attribute in vars(Callback) and not attribute.startswith("_"):
                return lambda *arguments: calls.append((self.name, attribute, len(arguments)))
            return super().__getattribute__(attribute)

    train(LinearJob(), CallbackList(RecordCalls("a"), RecordCalls("b")))
    assert [(n, *rest) for n, *rest in calls[::2]] == [("a", *rest) for _, *rest in calls[1::2]]
    assert {name for name, *_ in calls[1::2]} == {"b"}
    methods = {attribute for _, attribute, _ in calls}
    assert methods == {name for name in vars(Callback) if not name.startswith("_")}


def test_the_log_records_the_location_of_a_nonfinite_loss(tmp_path):
    where = "the loss (the output of every layer before it is finite)"
    with pytest.raises(NonFiniteError, match=r"step 1: .*first seen in the loss"):
        train(LinearJob(math.nan), folder=tmp_path)
    assert read_log(tmp_path / "metrics.jsonl") == [
        {"kind": "nonfinite", "step": 1, "epoch": 0, "where": where}
    ]


def test_the_log_records_overflowed_weights(tmp_path):
    with pytest.raises(NonFiniteError, match=r"made the weights of weight infinite"):
        train(LinearJob(1e6), folder=tmp_path, optimizer="sgd", lr=3e38, clip_norm=0.0, max_steps=1)
    last = read_log(tmp_path / "metrics.jsonl")[-1]
    assert (last["kind"], last["where"]) == ("nonfinite", "the weights of weight")
