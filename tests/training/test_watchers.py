"""Watchers are told of every update before it is made, take no part in it, and may be several."""

import math
import time

import pytest
import torch
from torch import nn

from unrolled.errors import NonFiniteError
from unrolled.training import (
    OptimizerConfig,
    StepLoss,
    Trainer,
    TrainingConfig,
    Validation,
    Watcher,
    Watchers,
)
from unrolled.training.log import read_log


class Line:
    """Fits a line to numbers; the state counts batches."""

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


def train(job, watcher=None, folder=None, max_steps=0, **options):
    optimizer = OptimizerConfig(**{"optimizer": "adam", "lr": 0.1, "clip_norm": 0.5} | options)
    training = TrainingConfig(epochs=2, checkpoint_minutes=0.0, max_steps=max_steps)
    torch.manual_seed(9)
    trainer = Trainer(job, optimizer, training, folder, watcher)
    trainer.run()
    return trainer


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_they_see_the_update_that_is_about_to_be_made(optimizer):
    seen = []

    class Look(Watcher):
        def updating(self, progress, update):
            p = job.model.weight
            self.before = p.detach().clone()
            norm = float(nn.utils.get_total_norm([q.grad for q in job.model.parameters()]))
            assert update.norm == norm
            assert update.factor == pytest.approx(min(1.0, 0.5 / norm), rel=1e-4)
            seen.append((progress.step, update.batch.shape, update.carried))
            self.step = -progress_rate * update.factor * p.grad.clone()

        def stepped(self, progress, loss, lr):
            assert not torch.equal(job.model.weight, self.before)
            if optimizer == "sgd":
                torch.testing.assert_close(job.model.weight - self.before, self.step)

    progress_rate = 0.1
    job = Line()
    train(job, Look(), optimizer=optimizer, schedule="constant")
    assert [step for step, *_ in seen] == list(range(10))
    assert all(shape == (4, 3) for _, shape, _ in seen)
    carried = [None if state is None else int(state[0]) for *_, state in seen]
    assert carried == [None, 1, 2, 3, 4] * 2


def test_training_is_the_same_with_and_without():
    class Heavy(Watcher):
        def updating(self, progress, update):
            with torch.random.fork_rng():
                torch.rand(5)

    plain, watched = Line(), Line()
    train(plain)
    train(watched, Watchers(Heavy(), Watcher()))
    assert torch.equal(plain.model.weight, watched.model.weight)


def test_what_a_watcher_takes_is_no_time_of_training():
    class Slow(Watcher):
        def updating(self, progress, update):
            time.sleep(0.03)

    assert train(Line(), Slow()).progress.seconds < 10 * 0.03


def test_several_are_told_everything_in_their_order():
    calls = []

    class Named(Watcher):
        def __init__(self, name):
            self.name = name

        def __getattribute__(self, attribute):
            if attribute in vars(Watcher) and not attribute.startswith("_"):
                return lambda *given: calls.append((self.name, attribute, len(given)))
            return super().__getattribute__(attribute)

    train(Line(), Watchers(Named("a"), Named("b")))
    assert [(n, *rest) for n, *rest in calls[::2]] == [("a", *rest) for _, *rest in calls[1::2]]
    assert {name for name, *_ in calls[1::2]} == {"b"}
    told = {attribute for _, attribute, _ in calls}
    assert told == {name for name in vars(Watcher) if not name.startswith("_")}


def test_the_log_says_where_training_broke(tmp_path):
    where = "the loss (the output of every layer before it is finite)"
    with pytest.raises(NonFiniteError, match=r"step 1: .*first seen in the loss"):
        train(Line(math.nan), folder=tmp_path)
    assert read_log(tmp_path / "metrics.jsonl") == [
        {"kind": "nonfinite", "step": 1, "epoch": 0, "where": where}
    ]


def test_weights_that_overflow_are_in_the_log_too(tmp_path):
    with pytest.raises(NonFiniteError, match=r"made the weights of weight infinite"):
        train(Line(1e6), folder=tmp_path, optimizer="sgd", lr=3e38, clip_norm=0.0, max_steps=1)
    last = read_log(tmp_path / "metrics.jsonl")[-1]
    assert (last["kind"], last["where"]) == ("nonfinite", "the weights of weight")
