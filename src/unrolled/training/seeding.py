"""Randomness and threads of a training, put back when it is over."""

import contextlib
from collections.abc import Iterator

import torch

from unrolled.training.config import TrainingConfig


@contextlib.contextmanager
def seeded(config: TrainingConfig) -> Iterator[None]:
    """Seed torch and set its threads; the caller's random state and threads come back afterwards."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        if config.threads:
            torch.set_num_threads(config.threads)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
