"""Damage the files of every reader at random; each input must be read or raise the package's own error.

    python tests/fuzz/fuzz.py --seconds 240 --seed 1

Every input is determined by the seed, the reader's name and its number. Readers run in processes with bounded
memory and a time limit per input. A failing input is kept and its path printed; the exit status is then 1.
"""

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from fuzz_targets import Target, file_targets, folder_targets, run_targets

from unrolled.errors import UnrolledError

MEMORY = 1 << 30
"""Bytes that a reader may use in addition to those of the program."""
LIMIT = 30.0
"""Time limit per input, in seconds."""


class TooLongError(BaseException):
    """An input exceeded its time limit."""


def all_targets(folder: Path) -> Iterator[Target]:
    """Yield every reader; its files are written to the folder."""
    yield from file_targets(folder)
    yield from folder_targets(folder)
    yield from run_targets(folder)


def fuzz(target: Target, seed: int, seconds: float, inputs: int, failure_folder: Path) -> Counter[str]:
    """Try damaged files on a reader; return how many were read, refused and failed.

    Args:
        target: the reader.
        seed: seed of the inputs.
        seconds: time limit.
        inputs: limit on the number of inputs; 0 is no limit.
        kept: folder for inputs that fail.
    """
    good, counts, reported = target.path.read_bytes(), Counter[str](), set[str]()
    ends, number = time.monotonic() + seconds, 0
    while time.monotonic() < ends and (not inputs or number < inputs):
        rng = random.Random(f"{seed}/{target.name}/{number}")
        target.path.write_bytes(rng.choice(target.mutations)(rng, good))
        signal.setitimer(signal.ITIMER_REAL, LIMIT)
        try:
            target.read()
            counts["read"] += 1
        except UnrolledError as error:
            signal.setitimer(signal.ITIMER_REAL, 0)
            counts["refused"] += 1
            str(error)
        except BaseException as error:
            signal.setitimer(signal.ITIMER_REAL, 0)
            if isinstance(error, KeyboardInterrupt):
                raise
            counts["failed"] += 1
            _keep_failure(target, number, error, failure_folder, reported)
        signal.setitimer(signal.ITIMER_REAL, 0)
        number += 1
    target.path.write_bytes(good)
    return counts


def _keep_failure(
    target: Target, number: int, error: BaseException, failure_folder: Path, reported: set[str]
) -> None:
    """Keep the first input of each kind of failure, and print its path."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/unrolled/" in f.filename] or frames
    place = f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"
    if place in reported:
        return
    reported.add(place)
    path = failure_folder / f"{target.name.replace(' ', '-')}-{number}{target.path.suffix}"
    with contextlib.suppress(OSError):
        shutil.copyfile(target.path, path)
    print(f"FAILED {target.name}, input {number}: {place}: {str(error)[:150]!r}\n       {path}", flush=True)


def _in_process(target: Target, seed: int, seconds: float, inputs: int, failure_folder: Path) -> Counter[str]:
    """Run :func:`fuzz` in a process with bounded memory, so that no input kills this process."""
    report = failure_folder / "counts.json"
    report.unlink(missing_ok=True)
    child = os.fork()
    if not child:
        _run_with_bounds(target, seed, seconds, inputs, failure_folder, report)
    status = _wait(child, seconds + 3 * LIMIT)
    if status == 0 and report.exists():
        return Counter(json.loads(report.read_text()))
    path = failure_folder / f"{target.name.replace(' ', '-')}-last{target.path.suffix}"
    shutil.copyfile(target.path, path)
    print(f"FAILED {target.name}: the process ended by {status}\n       {path}", flush=True)
    return Counter(failed=1)


def _run_with_bounds(
    target: Target, seed: int, seconds: float, inputs: int, failure_folder: Path, report: Path
) -> None:
    """Try the inputs, then exit the process."""
    code = 1
    try:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        signal.signal(signal.SIGALRM, _raise_too_long)
        report.write_text(json.dumps(fuzz(target, seed, seconds, inputs, failure_folder)))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _raise_too_long(*_: object) -> None:
    raise TooLongError(f"more than {LIMIT:g} seconds")


def _wait(child: int, seconds: float) -> int:
    """Return the exit status of a process; kill it if it hangs."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(argv: Sequence[str] | None = None) -> int:
    """Fuzz every reader; print the counts of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=240, help="of all readers together")
    parser.add_argument("--seed", type=int, default=None, help="of the inputs; random by default")
    parser.add_argument("--only", default="", help="readers whose name holds this")
    parser.add_argument("--inputs", type=int, default=0, help="of each reader at most; 0 is no limit")
    args = parser.parse_args(argv)
    seed = random.randrange(2**31) if args.seed is None else args.seed
    warnings.simplefilter("ignore")
    failure_folder = Path(tempfile.mkdtemp(prefix="unrolled-fuzz-"))
    print(f"seed {seed}; inputs that fail are kept in {failure_folder}", flush=True)
    total = Counter[str]()
    memory = "/dev/shm"  # file system in memory, much faster
    with tempfile.TemporaryDirectory(dir=memory if os.path.isdir(memory) else None) as folder:
        targets = [t for t in all_targets(Path(folder)) if args.only in t.name]
        ends = time.monotonic() + args.seconds
        for index, target in enumerate(targets):
            share = (ends - time.monotonic()) / (len(targets) - index)
            counts = _in_process(target, seed, share, args.inputs, failure_folder)
            total += counts
            print(_format_counts(target.name, counts), flush=True)
    print(_format_counts("all readers", total))
    return int(total["failed"] > 0)


def _format_counts(name: str, counts: Counter[str]) -> str:
    return (
        f"{name:<36} {counts.total():>8,} inputs {counts['read']:>8,} read {counts['refused']:>8,} refused "
        f"{counts['failed']:>6,} failed"
    )


if __name__ == "__main__":
    sys.exit(main())
