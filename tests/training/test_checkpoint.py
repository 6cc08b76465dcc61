"""A checkpoint holds the RNG states of the devices in use, and its tensors are restored on their device."""

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
from unrolled.training.optimizer import make_optimizer
from unrolled.training.tensor_files import read_tensors


def make_state(device: torch.device) -> TrainingState:
    """Return the training state of a small model after one step on the device."""
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
def rng_states(monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """RNG states that are set on the other device. Its own RNG state reads as 7."""
    set_states: list[torch.Tensor] = []
    module = SimpleNamespace(
        get_rng_state=lambda device: torch.tensor([7], dtype=torch.uint8),
        set_rng_state=lambda state, device: set_states.append(state),
    )
    monkeypatch.setattr(torch, "get_device_module", lambda device: module)
    return set_states


def test_tensors_are_restored_on_their_device(tmp_path: Path, rng_states: list[torch.Tensor]) -> None:
    path = tmp_path / "checkpoint.safetensors"
    with far_device() as device:
        first, restored_state = make_state(device), make_state(device)
        with torch.no_grad():
            first.model.weight.add_(1.0)
        carried = (move(torch.full((1, 2), 3.0), device),)
        write_checkpoint(path, first, Progress(step=1, position=2), carried)
        assert {t.device.type for t in read_tensors(path)[0].values()} == {"cpu"}
        assert read_tensors(path)[0]["rng.lazy"].tolist() == [7]
        progress, state = read_checkpoint(path, restored_state, batches=3, checksum=True)
        assert (progress.step, progress.position) == (1, 2)
        assert state is not None
        assert [t.tolist() for t in (*state, *rng_states)] == [[[3.0, 3.0]], [7]]
        assert restored_state.average is not None
        restored = [*state, *restored_state.average.mean, *restored_state.model.parameters()]
        restored += [
            t for values in restored_state.optimizer.state.values() for n, t in values.items() if n != "step"
        ]
        assert {t.device for t in restored} == {FAR}
        assert restored_state.model.weight.tolist() == first.model.weight.tolist()
        for p in restored_state.model.parameters():  # training can continue
            p.grad = torch.ones_like(p)
        restored_state.optimizer.step()


def test_cpu_checkpoint_holds_one_rng_state(tmp_path: Path) -> None:
    path, device = tmp_path / "checkpoint.safetensors", torch.device("cpu")
    write_checkpoint(path, make_state(device), Progress(), None)
    expected = torch.rand(3)
    assert [n for n in read_tensors(path)[0] if n.startswith("rng")] == ["rng"]
    torch.manual_seed(99)
    assert read_checkpoint(path, make_state(device), batches=1, checksum=True)[1] is None
    assert torch.equal(torch.rand(3), expected)


def test_a_position_outside_the_epoch_is_refused(tmp_path: Path) -> None:
    path, state = tmp_path / "checkpoint.safetensors", make_state(torch.device("cpu"))
    write_checkpoint(path, state, Progress(position=3), None)
    with pytest.raises(RunError, match=r"does not belong to this run \(batch 3 of 3 in an epoch\)"):
        read_checkpoint(path, state, batches=3, checksum=True)
