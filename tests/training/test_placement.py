"""The trainer sets precision and device for training steps and validations only."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from unrolled.backends import Precision
from unrolled.errors import BackendError, ConfigError, NonFiniteError
from unrolled.models.precision import HasPrecision
from unrolled.training import Callback, OptimizerConfig, StepLoss, Trainer, TrainingConfig, Validation
from unrolled.training.placement import Placement

CPU = torch.device("cpu")


class Model(nn.Linear):
    """A linear layer with a precision; refuses "auto"."""

    def __init__(self) -> None:
        super().__init__(2, 1)
        self._precision: Precision = "full"

    @property
    def precision(self) -> Precision:
        return self._precision

    @precision.setter
    def precision(self, value: Precision) -> None:
        if value == "auto":
            raise ConfigError("no auto here")
        self._precision = value


class Toy:
    """A job that records the precision and the device of each call."""

    def __init__(self, fail: BaseException | None = None) -> None:
        self.model, self.fail = Model(), fail
        self.calls: list[tuple[str, Precision]] = []
        self.devices: list[torch.device] = []

    def batches(self, epoch: int) -> Iterator[Tensor]:
        return iter(torch.ones(2, 4, 2))

    def batch_count(self) -> int:
        return 2

    def loss(self, batch: Tensor, state: Any) -> StepLoss:
        self.calls.append(("loss", self.model.precision))
        self.devices.append(batch.device)
        if self.fail is not None:
            raise self.fail
        loss = self.model(batch).square().mean()
        return StepLoss(loss, loss.detach() * 4, 4, None)

    def validate(self) -> Validation:
        self.calls.append(("validate", self.model.precision))
        return Validation(1.0, 1.0)


class RecordPrecision(Callback):
    """Records the precision of the model in callbacks."""

    def __init__(self, job: Toy) -> None:
        self.job = job

    def on_pre_optimizer_step(self, progress: Any, update: Any) -> None:
        self.job.calls.append(("updating", self.job.model.precision))

    def on_step_end(self, progress: Any, loss: float, lr: float) -> None:
        self.job.calls.append(("stepped", self.job.model.precision))


def make_trainer(job: Any, precision: Precision = "bfloat16", **options: Any) -> Trainer[Any]:
    config = TrainingConfig(epochs=1, precision=precision, checkpoint_minutes=0.0)
    return Trainer(job, OptimizerConfig("sgd", lr=0.1), config, **options)


def test_precision_applies_to_training_but_not_to_callbacks() -> None:
    job = Toy()
    make_trainer(job, callback=RecordPrecision(job)).run()
    update = [("loss", "bfloat16"), ("updating", "full"), ("stepped", "full")]
    assert job.calls == [*update, *update, ("validate", "bfloat16")]
    assert job.model.precision == "full"


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_full_precision_is_restored_after_an_error(error: BaseException) -> None:
    job = Toy(error)
    with pytest.raises(type(error)):
        make_trainer(job).run()
    assert job.calls == [("loss", "bfloat16")]
    assert job.model.precision == "full"


def test_nonfinite_values_are_located_in_the_training_precision() -> None:
    job = Toy()
    with torch.no_grad():
        job.model.weight.fill_(1e30)
    with pytest.raises(NonFiniteError):
        make_trainer(job).run()
    assert job.calls == [("loss", "bfloat16")] * 2
    assert job.model.precision == "full"


def test_an_unsupported_precision_is_refused_before_training(tmp_path: Any) -> None:
    job = Toy()
    with pytest.raises(ConfigError, match="no auto here"):
        make_trainer(job, "auto", folder=tmp_path)
    assert job.model.precision == "full"
    assert not list(tmp_path.iterdir())
    with pytest.raises(BackendError, match="is not one of full, bfloat16, auto"):
        Placement(CPU, "half").prepare(make_reader())  # type: ignore[arg-type]


def make_reader() -> nn.Module:
    from unrolled.models import CellConfig, DropoutConfig, StackConfig
    from unrolled.models.series_encoder import SeriesEncoder

    return SeriesEncoder(2, CellConfig(), StackConfig(hidden=3), DropoutConfig())


def test_a_module_without_precision_accepts_only_full_precision() -> None:
    plain = nn.Linear(2, 1)
    for precision in ("full", "auto"):
        with Placement(CPU, precision).computing(plain):
            pass
    with pytest.raises(ConfigError, match="'bfloat16': Linear has no precision to set; use precision='full'"):
        Placement(CPU, "bfloat16").prepare(plain)
    assert not isinstance(plain, HasPrecision)


def test_training_moves_everything_to_the_device() -> None:
    job = Toy()
    trainer = make_trainer(job, device="meta")
    assert {p.device.type for p in job.model.parameters()} == {"meta"}
    with pytest.raises((RuntimeError, NotImplementedError), match="meta tensor"):
        trainer.run()
    assert [d.type for d in job.devices] == ["meta"]


def test_default_device_is_that_of_the_model() -> None:
    job = Toy()
    job.model.to("meta")
    assert make_trainer(job).placement.device == torch.device("meta")
