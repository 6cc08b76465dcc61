"""The checkpoint of a training: one file with everything needed to resume with identical bits.

Tensors on any device can be written. They are read on the CPU, then moved to the device of the training.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from unrolled.devices import move
from unrolled.errors import RunError
from unrolled.reading import MalformedError, convert
from unrolled.training.average import AverageState, WeightAverage
from unrolled.training.job import CarriedState, Progress
from unrolled.training.optimizer import optimizer_tensors, restore_optimizer
from unrolled.training.tensor_files import read_tensors, write_tensors

RANDOM = "rng"
"""Key of the CPU's RNG state. The key of another device adds its type, as in ``rng.cuda``."""


@dataclass(frozen=True, eq=False)
class TrainingState:
    """The objects whose tensors are stored in a checkpoint."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    average: WeightAverage | None
    device: torch.device


def write_checkpoint(path: Path, state: TrainingState, progress: Progress, carried: CarriedState) -> None:
    """Write a checkpoint atomically.

    Raises:
        RunError: if it cannot be written; the previous checkpoint is then unchanged.
    """
    tensors = {f"model.{n}": t for n, t in state.model.state_dict().items()}
    tensors |= {f"optimizer.{n}": t for n, t in optimizer_tensors(state.optimizer).items()}
    tensors |= {f"carried.{i}": t for i, t in enumerate(carried or ())}
    tensors |= _random_states(state.device)
    meta: dict[str, Any] = {"progress": asdict(progress)}
    if state.average:
        tensors |= {f"average.{i}": t for i, t in enumerate(state.average.mean)}
        meta["average"] = asdict(AverageState(state.average.count, state.average.history))
    write_tensors(path, tensors, meta)


def read_checkpoint(
    path: Path, state: TrainingState, *, batches: int, checksum: bool
) -> tuple[Progress, CarriedState]:
    """Restore the tensors and RNG states of a checkpoint; return progress and carried state.

    Args:
        path: file written by :func:`write_checkpoint`.
        state: model, optimizer and average of the same training.
        batches: number of batches in an epoch.
        checksum: require a checksum; files of earlier versions have none.

    Raises:
        RunError: if the file is missing, damaged, or from another training.
    """
    tensors, meta = read_tensors(path, checksum=checksum)
    try:
        progress = convert(meta["progress"], Progress)
        if progress.position >= max(batches, 1):
            raise MalformedError(f"batch {progress.position} of {batches} in an epoch")
        return progress, _restore(state, tensors, meta)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error) if isinstance(error, MalformedError) else f"{error!r:.200}"
        raise RunError(f"{path}: does not belong to this run ({reason}); restore it from a copy") from error


def _restore(state: TrainingState, tensors: dict[str, Tensor], meta: dict[str, Any]) -> CarriedState:
    state.model.load_state_dict(_with_prefix("model.", tensors))
    restore_optimizer(state.optimizer, _with_prefix("optimizer.", tensors))
    carried = _tensor_list("carried.", tensors)
    if state.average:
        mean = move(_tensor_list("average.", tensors), state.device)
        state.average.restore(convert(meta["average"], AverageState), mean)
    _restore_random_states(tensors, state.device)
    return move(tuple(carried), state.device) or None


def _random_states(device: torch.device) -> dict[str, Tensor]:
    states = {RANDOM: torch.get_rng_state()}
    if device.type != "cpu":
        states[f"{RANDOM}.{device.type}"] = torch.get_device_module(device).get_rng_state(device)
    return states


def _restore_random_states(tensors: dict[str, Tensor], device: torch.device) -> None:
    torch.set_rng_state(tensors[RANDOM])
    if device.type != "cpu":
        torch.get_device_module(device).set_rng_state(tensors[f"{RANDOM}.{device.type}"], device)


def _tensor_list(prefix: str, tensors: dict[str, Tensor]) -> list[Tensor]:
    numbered = _with_prefix(prefix, tensors)
    return [numbered[str(i)] for i in range(len(numbered))]


def _with_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n[len(prefix) :]: t for n, t in tensors.items() if n.startswith(prefix)}
