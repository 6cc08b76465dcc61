"""Infinity and NaN stop training with an error that names the location; the last good checkpoint is kept."""

import itertools
import math
import re

import pytest
import torch
from torch import nn

import unrolled as ur
from unrolled.errors import BackendError, NonFiniteError
from unrolled.extension import core
from unrolled.training import Callback, OptimizerConfig, StepLoss, Trainer, TrainingConfig, Validation
from unrolled.training.nonfinite import first_nonfinite
from unrolled.training.tensor_files import read_tensors


class RecurrentJob:
    """A recurrent network that fits a constant; ``change_loss`` is applied to every loss."""

    def __init__(self, model=None, change_loss=lambda loss: loss):
        torch.manual_seed(1)
        self.model = model or nn.ModuleDict(
            {"rnn": ur.RNN(2, 3, nonlinearity="relu"), "out": nn.Linear(3, 1)}
        )
        self.spoil = change_loss
        self.x = torch.ones(5, 2, 2)
        self.scores = None

    def batches(self, epoch):
        return iter([self.x] * 4)

    def batch_count(self):
        return 4

    def run(self, x):
        return self.model["out"](self.model["rnn"](x)[0])

    def loss(self, batch, state):
        loss = self.spoil((self.run(batch) - 1.0).square().mean())
        return StepLoss(loss, loss.detach(), 1, None)

    def validate(self):
        with torch.no_grad():
            score = float(self.loss(self.x, None).loss)
        return Validation(score, score)


def train(job, folder=None, lr=0.01, callback=None, restore=False, **options):
    training = TrainingConfig(epochs=2, **{"checkpoint_steps": 1, "checkpoint_minutes": 0.0} | options)
    config = OptimizerConfig("sgd", lr=lr, clip_norm=0, schedule="constant")
    trainer = Trainer(job, config, training, folder, callback)
    if restore:
        trainer.restore()
    trainer.run()
    return trainer


def all_finite(tensors):
    return all(bool(t.isfinite().all()) for t in tensors.values() if t.is_floating_point())


class Poison(Callback):
    """Writes a NaN into a weight after a given step."""

    def __init__(self, job, step, name):
        self.job, self.step, self.name = job, step, name

    def on_step_end(self, progress, loss, lr):
        if progress.step == self.step:
            with torch.no_grad():
                self.job.model.get_parameter(self.name).view(-1)[1] = math.nan


@pytest.mark.parametrize("name", ["rnn.weight_hh_l0", "out.weight"])
def test_a_nan_weight_is_named_with_its_step(name):
    job = RecurrentJob()
    with pytest.raises(NonFiniteError, match=f"step 3: .*the weights of {name}"):
        train(job, callback=Poison(job, 2, name))


def test_a_failed_step_leaves_the_weights_unchanged():
    calls = []

    def change_loss(loss):
        calls.append(None)
        return loss * math.inf if len(calls) == 3 else loss

    last_good = {}

    class KeepWeights(Callback):
        def on_step_end(self, progress, loss, lr):
            last_good.update({n: t.clone() for n, t in job.model.state_dict().items()})

    job = RecurrentJob(change_loss=change_loss)
    with pytest.raises(NonFiniteError, match="step 3"):
        train(job, callback=KeepWeights())
    assert all(torch.equal(t, last_good[n]) for n, t in job.model.state_dict().items())


def test_the_last_good_checkpoint_resumes_to_the_same_bits(tmp_path):
    for name in ("whole", "spoilt"):
        (tmp_path / name).mkdir()
    train(RecurrentJob(), tmp_path / "whole", validate_every=1)
    calls = []

    def change_loss(loss):
        calls.append(None)
        return loss * math.nan if len(calls) == 10 else loss  # validations count too

    with pytest.raises(NonFiniteError, match=f"checkpoint.*{tmp_path}"):
        train(RecurrentJob(change_loss=change_loss), tmp_path / "spoilt", validate_every=2)
    tensors, meta = read_tensors(tmp_path / "spoilt" / "checkpoint.safetensors")
    assert all_finite(tensors)
    assert meta["progress"]["step"] == 6
    train(RecurrentJob(), tmp_path / "spoilt", restore=True, validate_every=2)
    resumed_model = (tmp_path / "spoilt" / "model.safetensors").read_bytes()
    assert resumed_model == (tmp_path / "whole" / "model.safetensors").read_bytes()


def test_a_huge_learning_rate_stops_with_advice():
    job = RecurrentJob()
    with torch.no_grad():
        for p in job.model.parameters():
            p.fill_(0.05)  # the output is too small, so that every weight increases
    with pytest.raises(NonFiniteError) as error:
        train(job, lr=1e30)
    message = str(error.value)
    assert message.startswith("step 2: ")
    assert re.search("rnn, layer l?0, .* at time step 1 ", message)
    assert "--lr" in message
    assert "--clip-norm" in message


def test_overflowed_weights_are_never_saved(tmp_path):
    with pytest.raises(NonFiniteError):
        train(RecurrentJob(change_loss=lambda loss: 1e6 * loss), tmp_path, lr=3e38)
    assert all_finite(read_tensors(tmp_path / "checkpoint.safetensors")[0])


def test_an_overflow_in_the_last_step_is_detected(tmp_path):
    with pytest.raises(NonFiniteError):
        train(RecurrentJob(change_loss=lambda loss: 1e6 * loss), tmp_path, lr=3e38, max_steps=1)
    model = tmp_path / "model.safetensors"
    assert not model.exists() or all_finite(read_tensors(model)[0])


def test_a_nonfinite_validation_is_never_the_best(tmp_path):
    job = RecurrentJob()
    scores = itertools.chain([1.0, math.nan], itertools.repeat(0.5))
    job.validate = lambda: (lambda score: Validation(score, score))(next(scores))
    with pytest.raises(NonFiniteError):
        train(job, tmp_path, validate_every=2)
    _, meta = read_tensors(tmp_path / "checkpoint.safetensors")
    assert meta["progress"]["best"] == 1.0


# -- location --------------------------------------------------------------------------------------


def test_a_finite_model_is_reported_as_finite():
    job = RecurrentJob()
    assert "every layer's output is finite" in first_nonfinite(job.model, lambda: job.run(job.x))


def test_layer_and_time_step_of_a_recurrent_layer_are_named():
    model = nn.ModuleDict({"rnn": ur.RNN(2, 3, num_layers=2, nonlinearity="relu"), "out": nn.Linear(3, 1)})
    with torch.no_grad():
        for p in model["rnn"].parameters():
            p.zero_()
        model["rnn"].weight_ih_l0.fill_(0.5)  # h of layer 0 is 1 at every step
        model["rnn"].weight_ih_l1.fill_(1e20)
        model["rnn"].weight_hh_l1.copy_(1e9 * torch.eye(3))  # 3e20, 3e29, 3e38, inf
    job = RecurrentJob(model)
    assert re.match("rnn, layer l?1.*time step 3", first_nonfinite(model, lambda: job.run(job.x)))


@pytest.mark.skipif(core is None, reason="bfloat16 is of the compiled loop")
def test_the_time_step_is_named_in_bfloat16():
    layer = ur.RNN(1, 1, nonlinearity="relu", precision="bfloat16")
    with torch.no_grad():
        for p in layer.parameters():
            p.zero_()
        layer.weight_ih_l0.fill_(1.0)
        layer.weight_hh_l0.fill_(1e13)
    model, x = nn.ModuleDict({"rnn": layer}), torch.ones(8, 1, 1)
    try:
        layer(x)
    except BackendError:
        pytest.skip("this processor has no AVX512_BF16")
    assert re.match("rnn, layer l0.*time step 3", first_nonfinite(model, lambda: layer(x)))
    assert layer.precision == "bfloat16"


def test_the_time_step_is_named_for_looked_up_input():
    layer = ur.RNN(1, 1, nonlinearity="relu")
    with torch.no_grad():
        for p in layer.parameters():
            p.zero_()
        layer.weight_ih_l0.fill_(1.0)
        layer.weight_hh_l0.fill_(1e13)  # 1, 1e13, 1e26, inf
    tokens, table = torch.zeros(8, 2, dtype=torch.int64), torch.ones(1, 1)
    assert layer.uses_table(1, tokens) == (core is not None)
    model = nn.ModuleDict({"rnn": layer})
    assert re.match(
        "rnn, layer l0.*time step 3", first_nonfinite(model, lambda: layer.look_up(tokens, table))
    )


def test_a_nonrecurrent_module_is_named_by_its_output():
    job = RecurrentJob()
    with torch.no_grad():
        job.model["out"].weight.fill_(3e38)
        for p in job.model["rnn"].parameters():
            p.fill_(1.0)
    assert first_nonfinite(job.model, lambda: job.run(job.x)) == "the output of out"


def test_a_nonfinite_gradient_is_named_if_outputs_are_finite():
    job = RecurrentJob()
    job.model["out"].bias.grad = torch.tensor([math.inf])
    assert first_nonfinite(job.model, lambda: job.run(job.x)) == "the gradient of out.bias"


def test_a_nonfinite_loss_is_named_before_its_gradients():
    job = RecurrentJob()
    job.model["out"].bias.grad = torch.tensor([math.nan])
    location = first_nonfinite(job.model, lambda: job.run(job.x).sum() * math.inf)
    assert location == "the loss (the output of every layer before it is finite)"


def test_sparse_gradients_are_checked_too():
    model = nn.ModuleDict({"table": nn.Embedding(5, 2, sparse=True)})
    tokens = torch.tensor([1, 1, 3])

    def locate():
        return first_nonfinite(model, lambda: model["table"](tokens).sum())

    for factor, expected in ((1.0, "the loss "), (math.inf, "the gradient of table.weight")):
        model["table"].weight.grad = None
        (model["table"](tokens).sum() * factor).backward()
        assert model["table"].weight.grad.is_sparse
        assert locate().startswith(expected)


def test_locating_leaves_the_model_unchanged():
    job = RecurrentJob()
    for mode in (True, False):
        job.model.train(mode)
        backend = job.model["rnn"].backend
        first_nonfinite(job.model, lambda: job.run(job.x))
        assert job.model.training == mode
        assert job.model["rnn"].backend == backend
        assert not any(m._forward_hooks for m in job.model.modules())
