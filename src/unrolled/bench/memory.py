"""Peak memory of one side of a training step, in a process of its own.

``python -m unrolled.bench.memory JSON`` prints the bytes by which its peak rose above what stood when
everything was imported.
"""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Literal

import torch

from unrolled.bench.errors import BenchError
from unrolled.bench.step_models import StepModel
from unrolled.bench.step_sides import OwnStep, PlainStep

UPDATES = 4
Which = Literal["ours", "theirs"]


def peak_of(which: Which, model: StepModel, precision: str = "float32") -> float:
    """Return the bytes that a few updates take at most, with the current number of threads.

    Raises:
        BenchError: if the process fails.
    """
    words = {
        "which": which,
        "model": dataclasses.asdict(model),
        "precision": precision,
        "threads": torch.get_num_threads(),
    }
    command = [sys.executable, "-m", "unrolled.bench.memory", json.dumps(words)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no word of why"])[-1]
        raise BenchError(f"the peak memory of {model.name} could not be measured: {last}")
    return float(done.stdout)


def _high_water() -> int:
    """Return the most bytes that were resident so far.

    Linux counts into ``ru_maxrss`` what the parent held when it started this process; its own line of
    /proc does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource  # is not there on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main(words: str) -> None:
    """Make the updates and print the rise in bytes."""
    values = json.loads(words)
    model = StepModel(**values["model"])
    torch.set_num_threads(values["threads"])
    before = _high_water()
    step = OwnStep(model, values["precision"]) if values["which"] == "ours" else PlainStep(model)
    for _ in range(UPDATES):
        step()
    print(_high_water() - before)


if __name__ == "__main__":
    main(sys.argv[1])
