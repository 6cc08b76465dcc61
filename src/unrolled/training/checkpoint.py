"""The checkpoint of a training: one file with everything that it needs to go on to the same bits.

Tensors are written from any device and read on the CPU; they then go to the device of the training.
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
from unrolled.training.files import read_tensors, write_tensors
from unrolled.training.job import Carried, Progress
from unrolled.training.optimizer import optimizer_tensors, restore_optimizer

RANDOM = "rng"
"""State of the CPU's random numbers; that of another device is named after its kind, as in ``rng.cuda``."""


@dataclass(frozen=True, eq=False)
class Learner:
    """The objects whose tensors are in a checkpoint."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    average: WeightAverage | None
    device: torch.device


def write_checkpoint(path: Path, learner: Learner, progress: Progress, carried: Carried) -> None:
    """Replace a checkpoint as a whole.

    Raises:
        RunError: if it cannot be written; the earlier one then stands.
    """
    tensors = {f"model.{n}": t for n, t in learner.model.state_dict().items()}
    tensors |= {f"optimizer.{n}": t for n, t in optimizer_tensors(learner.optimizer).items()}
    tensors |= {f"carried.{i}": t for i, t in enumerate(carried or ())}
    tensors |= _random_states(learner.device)
    meta: dict[str, Any] = {"progress": asdict(progress)}
    if learner.average:
        tensors |= {f"average.{i}": t for i, t in enumerate(learner.average.mean)}
        meta["average"] = asdict(AverageState(learner.average.count, learner.average.history))
    write_tensors(path, tensors, meta)


def read_checkpoint(
    path: Path, learner: Learner, *, batches: int, checksum: bool
) -> tuple[Progress, Carried]:
    """Put the tensors of a checkpoint back, random states included; return progress and carried state.

    Args:
        path: of :func:`write_checkpoint`.
        learner: of the same training.
        batches: in an epoch.
        checksum: whether the file must have one; those of earlier versions have none.

    Raises:
        RunError: if it is missing, damaged, or of another training.
    """
    tensors, meta = read_tensors(path, checksum=checksum)
    try:
        progress = convert(meta["progress"], Progress)
        if progress.position >= max(batches, 1):
            raise MalformedError(f"batch {progress.position} of {batches} in an epoch")
        return progress, _restore(learner, tensors, meta)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        said = str(error) if isinstance(error, MalformedError) else f"{error!r:.200}"
        raise RunError(f"{path}: does not belong to this run ({said}); restore it from a copy") from error


def _restore(learner: Learner, tensors: dict[str, Tensor], meta: dict[str, Any]) -> Carried:
    learner.model.load_state_dict(_under("model.", tensors))
    restore_optimizer(learner.optimizer, _under("optimizer.", tensors))
    carried = _numbered("carried.", tensors)
    if learner.average:
        mean = move(_numbered("average.", tensors), learner.device)
        learner.average.restore(convert(meta["average"], AverageState), mean)
    _restore_random_states(tensors, learner.device)
    return move(tuple(carried), learner.device) or None


def _random_states(device: torch.device) -> dict[str, Tensor]:
    states = {RANDOM: torch.get_rng_state()}
    if device.type != "cpu":
        states[f"{RANDOM}.{device.type}"] = torch.get_device_module(device).get_rng_state(device)
    return states


def _restore_random_states(tensors: dict[str, Tensor], device: torch.device) -> None:
    torch.set_rng_state(tensors[RANDOM])
    if device.type != "cpu":
        torch.get_device_module(device).set_rng_state(tensors[f"{RANDOM}.{device.type}"], device)


def _numbered(prefix: str, tensors: dict[str, Tensor]) -> list[Tensor]:
    found = _under(prefix, tensors)
    return [found[str(i)] for i in range(len(found))]


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n[len(prefix) :]: t for n, t in tensors.items() if n.startswith(prefix)}
