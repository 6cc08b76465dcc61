"""Random seed and number of threads of a training, restored afterwards."""

import contextlib
import dataclasses
from collections.abc import Iterator

import torch

from unrolled.threads import ThreadChoice, choose_threads
from unrolled.training.config import TrainingConfig


def resolve_threads(config: TrainingConfig) -> tuple[TrainingConfig, ThreadChoice]:
    """Choose the number of threads for a training that starts now.

    Store the returned config in the run folder: it holds the chosen number. A resumed run then uses the same
    number of threads, and ends with the same bits, however busy the machine is by then.

    Returns:
        The config with the number of threads filled in, and the choice with its reason.
    """
    choice = choose_threads(config.threads)
    return dataclasses.replace(config, threads=choice.count), choice


@contextlib.contextmanager
def seeded(config: TrainingConfig) -> Iterator[None]:
    """Seed torch and set its number of threads; restore the caller's random state and threads on exit."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        if config.threads:
            torch.set_num_threads(config.threads)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
