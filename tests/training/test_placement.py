"""The trainer alone sets precision and device: for updates and validations, and for nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from unrolled.backends import Precision
from unrolled.errors import BackendError, ConfigError, NonFiniteError
from unrolled.models.precision import HasPrecision
from unrolled.training import OptimizerConfig, StepLoss, Trainer, TrainingConfig, Validation, Watcher
from unrolled.training.placement import Placement

CPU = torch.device("cpu")


class Model(nn.Linear):
    """Notes every precision that it is given, and refuses one."""

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
    """A job that notes precision and device of what it is asked for."""

    def __init__(self, fail: BaseException | None = None) -> None:
        self.model, self.fail = Model(), fail
        self.seen: list[tuple[str, Precision]] = []
        self.devices: list[torch.device] = []

    def batches(self, epoch: int) -> Iterator[Tensor]:
        return iter(torch.ones(2, 4, 2))

    def batch_count(self) -> int:
        return 2

    def loss(self, batch: Tensor, state: Any) -> StepLoss:
        self.seen.append(("loss", self.model.precision))
        self.devices.append(batch.device)
        if self.fail is not None:
            raise self.fail
        loss = self.model(batch).square().mean()
        return StepLoss(loss, loss.detach() * 4, 4, None)

    def validate(self) -> Validation:
        self.seen.append(("validate", self.model.precision))
        return Validation(1.0, 1.0)


class Look(Watcher):
    """Notes the precision of the model when it is told of an update."""

    def __init__(self, job: Toy) -> None:
        self.job = job

    def updating(self, progress: Any, update: Any) -> None:
        self.job.seen.append(("updating", self.job.model.precision))

    def stepped(self, progress: Any, loss: float, lr: float) -> None:
        self.job.seen.append(("stepped", self.job.model.precision))


def trainer(job: Any, precision: Precision = "bfloat16", **options: Any) -> Trainer[Any]:
    config = TrainingConfig(epochs=1, precision=precision, checkpoint_minutes=0.0)
    return Trainer(job, OptimizerConfig("sgd", lr=0.1), config, **options)


def test_updates_and_validations_have_the_precision_and_watchers_do_not() -> None:
    job = Toy()
    trainer(job, watcher=Look(job)).run()
    update = [("loss", "bfloat16"), ("updating", "full"), ("stepped", "full")]
    assert job.seen == [*update, *update, ("validate", "bfloat16")]
    assert job.model.precision == "full"


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_full_precision_is_back_after_an_error(error: BaseException) -> None:
    job = Toy(error)
    with pytest.raises(type(error)):
        trainer(job).run()
    assert job.seen == [("loss", "bfloat16")]
    assert job.model.precision == "full"


def test_the_place_of_a_broken_number_is_looked_for_in_the_precision_of_training() -> None:
    job = Toy()
    with torch.no_grad():
        job.model.weight.fill_(1e30)
    with pytest.raises(NonFiniteError):
        trainer(job).run()
    assert job.seen == [("loss", "bfloat16")] * 2
    assert job.model.precision == "full"


def test_a_precision_that_a_model_lacks_is_refused_before_training(tmp_path: Any) -> None:
    job = Toy()
    with pytest.raises(ConfigError, match="no auto here"):
        trainer(job, "auto", folder=tmp_path)
    assert job.model.precision == "full"
    assert not list(tmp_path.iterdir())
    with pytest.raises(BackendError, match="is not one of full, bfloat16, auto"):
        Placement(CPU, "half").prepare(reader())  # type: ignore[arg-type]


def reader() -> nn.Module:
    from unrolled.models import CellConfig, DropoutConfig, StackConfig
    from unrolled.models.series_reader import SeriesReader

    return SeriesReader(2, CellConfig(), StackConfig(hidden=3), DropoutConfig())


def test_a_module_without_precision_trains_in_full_precision_alone() -> None:
    plain = nn.Linear(2, 1)
    for precision in ("full", "auto"):
        with Placement(CPU, precision).computing(plain):
            pass
    with pytest.raises(ConfigError, match="'bfloat16': Linear has no precision to set; use precision='full'"):
        Placement(CPU, "bfloat16").prepare(plain)
    assert not isinstance(plain, HasPrecision)


def test_on_another_device_nothing_is_missing_but_numbers() -> None:
    job = Toy()
    training = trainer(job, device="meta")
    assert {p.device.type for p in job.model.parameters()} == {"meta"}
    with pytest.raises((RuntimeError, NotImplementedError), match="meta tensor"):
        training.run()
    assert [d.type for d in job.devices] == ["meta"]


def test_a_model_stays_on_its_device() -> None:
    job = Toy()
    job.model.to("meta")
    assert trainer(job).placement.device == torch.device("meta")
