"""Randomness and threads of a training, put back when it is over."""

import contextlib
import dataclasses
from collections.abc import Iterator

import torch

from unrolled.threads import ThreadChoice, choose_threads
from unrolled.training.config import TrainingConfig


def with_threads(config: TrainingConfig) -> tuple[TrainingConfig, ThreadChoice]:
    """Choose the threads of a training that starts now; the first result holds the number chosen.

    It is what a run folder shall keep: a resumed run then has the same number, and ends with the same bits,
    however busy the machine is by then.
    """
    choice = choose_threads(config.threads)
    return dataclasses.replace(config, threads=choice.count), choice


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
