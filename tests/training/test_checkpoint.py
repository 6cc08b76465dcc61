"""A checkpoint holds the random states of the devices in use, and its tensors come back to their device."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from far import FAR, far_device
from unrolled.devices import move
from unrolled.errors import RunError
from unrolled.training import OptimizerConfig, Progress
from unrolled.training.average import MovingAverage
from unrolled.training.checkpoint import TrainingState, read_checkpoint, write_checkpoint
from unrolled.training.files import read_tensors
from unrolled.training.optimizer import make_optimizer


def make_state(device: torch.device) -> TrainingState:
    """Return a small model after one update on a device."""
    torch.manual_seed(2)
    model = nn.Linear(3, 2).to(device)
    parameters = list(model.parameters())
    optimizer = make_optimizer(OptimizerConfig("rmsprop", momentum=0.5), parameters)
    average = MovingAverage(parameters, 0.5)
    model(move(torch.ones(4, 3), device)).sum().backward()
    optimizer.step()
    average.update()
    return TrainingState(model, optimizer, average, device)


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """The random states that are set on the other device; its state is 7."""
    found: list[torch.Tensor] = []
    module = SimpleNamespace(
        get_rng_state=lambda device: torch.tensor([7], dtype=torch.uint8),
        set_rng_state=lambda state, device: found.append(state),
    )
    monkeypatch.setattr(torch, "get_device_module", lambda device: module)
    return found


def test_everything_comes_back_to_its_device(tmp_path: Path, states: list[torch.Tensor]) -> None:
    path = tmp_path / "checkpoint.safetensors"
    with far_device() as device:
        first, second = make_state(device), make_state(device)
        with torch.no_grad():
            first.model.weight.add_(1.0)
        carried = (move(torch.full((1, 2), 3.0), device),)
        write_checkpoint(path, first, Progress(step=1, position=2), carried)
        assert {t.device.type for t in read_tensors(path)[0].values()} == {"cpu"}
        assert read_tensors(path)[0]["rng.lazy"].tolist() == [7]
        progress, state = read_checkpoint(path, second, batches=3, checksum=True)
        assert (progress.step, progress.position) == (1, 2)
        assert state is not None
        assert [t.tolist() for t in (*state, *states)] == [[[3.0, 3.0]], [7]]
        assert second.average is not None
        kept = [*state, *second.average.mean, *second.model.parameters()]
        kept += [t for values in second.optimizer.state.values() for n, t in values.items() if n != "step"]
        assert {t.device for t in kept} == {FAR}
        assert second.model.weight.tolist() == first.model.weight.tolist()
        for p in second.model.parameters():  # and it can go on
            p.grad = torch.ones_like(p)
        second.optimizer.step()


def test_on_the_cpu_there_is_one_random_state(tmp_path: Path) -> None:
    path, device = tmp_path / "checkpoint.safetensors", torch.device("cpu")
    write_checkpoint(path, make_state(device), Progress(), None)
    expected = torch.rand(3)
    assert [n for n in read_tensors(path)[0] if n.startswith("rng")] == ["rng"]
    torch.manual_seed(99)
    assert read_checkpoint(path, make_state(device), batches=1, checksum=True)[1] is None
    assert torch.equal(torch.rand(3), expected)


def test_a_position_outside_of_the_epoch_is_named(tmp_path: Path) -> None:
    path, state = tmp_path / "checkpoint.safetensors", make_state(torch.device("cpu"))
    write_checkpoint(path, state, Progress(position=3), None)
    with pytest.raises(RunError, match=r"does not belong to this run \(batch 3 of 3 in an epoch\)"):
        read_checkpoint(path, state, batches=3, checksum=True)
