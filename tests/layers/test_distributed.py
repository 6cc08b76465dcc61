"""Two processes under DistributedDataParallel give the gradients of one process with the full batch."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, multiprocessing, nn

import unrolled as ur

LENGTHS = [6, 2, 5, 3]


def make_model() -> nn.Module:
    torch.manual_seed(0)
    return ur.LSTM(3, 5, 2, bidirectional=True)


def make_batch() -> Tensor:
    return torch.rand(6, 4, 3, generator=torch.Generator().manual_seed(1))


def loss(model: nn.Module, x: Tensor, lengths: list[int]) -> Tensor:
    y, (h, c) = model(x, lengths=lengths)
    return (y.square().sum() + h.sum() + c.sum()) / x.shape[1]


def run_worker(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2
    )
    model = make_model()
    own_rows = slice(2 * rank, 2 * rank + 2)
    parallel = nn.parallel.DistributedDataParallel(model)
    loss(parallel, make_batch()[:, own_rows], LENGTHS[own_rows]).backward()
    torch.save([p.grad for p in model.parameters()], f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_give_the_gradients_of_one(tmp_path: Path) -> None:
    multiprocessing.spawn(run_worker, (str(tmp_path),), nprocs=2)
    model = make_model()
    loss(model, make_batch(), LENGTHS).backward()
    for rank in (0, 1):
        for gradient, p in zip(torch.load(tmp_path / f"{rank}.pt"), model.parameters(), strict=True):
            torch.testing.assert_close(gradient, p.grad)
