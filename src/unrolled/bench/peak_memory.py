"""Peak memory of one side of a training step, measured in a separate process.

``python -m unrolled.bench.peak_memory JSON`` prints the number of bytes by which its peak memory rises
above the peak after all imports.
"""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Literal

import torch

from unrolled.bench.errors import BenchError
from unrolled.bench.step_implementations import PlainStep, TrainerStep
from unrolled.bench.step_models import StepModel

UPDATES = 4
Which = Literal["ours", "theirs"]


def measure_peak(which: Which, model: StepModel, precision: str = "float32") -> float:
    """Return the peak memory of a few updates, in bytes, with the current number of threads.

    The memory of the imports is not counted.

    Raises:
        BenchError: if the process fails.
    """
    arguments = {
        "which": which,
        "model": dataclasses.asdict(model),
        "precision": precision,
        "threads": torch.get_num_threads(),
    }
    command = [sys.executable, "-m", "unrolled.bench.peak_memory", json.dumps(arguments)]
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode != 0:
        last_line = (process.stderr.strip().splitlines() or ["no error output"])[-1]
        raise BenchError(f"the peak memory of {model.name} could not be measured: {last_line}")
    return float(process.stdout)


def _peak_resident() -> int:
    """Return the peak resident memory of this process so far, in bytes.

    On Linux, ``ru_maxrss`` includes the parent's memory at the time it started this process; VmHWM in /proc
    does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource  # not available on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main(arguments: str) -> None:
    """Run a few updates and print the rise of the peak memory, in bytes."""
    values = json.loads(arguments)
    model = StepModel(**values["model"])
    torch.set_num_threads(values["threads"])
    before = _peak_resident()
    step = TrainerStep(model, values["precision"]) if values["which"] == "ours" else PlainStep(model)
    for _ in range(UPDATES):
        step()
    print(_peak_resident() - before)


if __name__ == "__main__":
    main(sys.argv[1])
