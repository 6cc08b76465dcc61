"""What one rung of a ladder gave with one seed, and the folder that keeps it."""

import contextlib
import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import RunError
from unrolled.reading import MalformedError, convert
from unrolled.storage.folder import (
    MARK,
    clear_unfinished,
    list_folder,
    make_folder,
    make_inner_folder,
    remove_files,
)
from unrolled.storage.lock import FolderLock
from unrolled.storage.regular import check_replaceable
from unrolled.tasks.base.folder import CONFIG, PLOTS, clear, empty, is_run
from unrolled.training.files import read_json, read_tensors, write_json, write_tensors

Numbers = NDArray[np.float64]
TABLE, MARKDOWN, PLOT = "table.csv", "table.md", "ladder.png"
KIND, RUNS, DATA = "comparison", "runs", "data"


@dataclass(frozen=True)
class Outcome:
    """The figures of a model that was trained once."""

    rung: str
    seed: int
    scores: dict[str, float]
    """On the test data, by metric."""
    size: int
    """Parameters or n-grams, of a mixture those of all parts together; 0 where nothing is learnt."""
    counted: str
    """What ``size`` counts; of a mixture "parameters + n-grams"."""
    bytes: int
    """Of the model in memory."""
    seconds: float
    """Of training, validations left out."""
    rate: float
    """Predictions a second on the test data."""
    epochs: float | None = None
    """Passes over the training data; None for models that need no more than one."""
    note: str = ""


@dataclass(frozen=True)
class Units:
    """The test data cut into items, by which two models are compared.

    An item is what may be drawn again by itself: a sentence, a text, the forecasts from one origin.
    """

    items: NDArray[np.int64]
    """Numbers of the items; the same in every rung."""
    losses: Numbers
    """Sum of the loss over each item."""
    weights: Numbers
    """Predictions in each item, the same in every rung and seed: the loss of a model is
    Σ losses / Σ weights."""

    def __post_init__(self) -> None:
        shapes = {a.shape for a in (self.items, self.losses, self.weights)}
        if len(shapes) != 1 or self.items.ndim != 1 or not np.issubdtype(self.items.dtype, np.integer):
            raise TypeError("items, losses and weights must be (N,), one number each")

    @classmethod
    def one_each(cls, losses: Numbers, items: NDArray[np.int64] | None = None) -> "Units":
        """Items of one prediction each, numbered as they come."""
        numbers = np.arange(len(losses)) if items is None else items
        return cls(numbers, np.asarray(losses, np.float64), np.ones(len(losses)))


OVERWRITE = "replace it (--overwrite, overwrite=True)"


def fingerprint(*parts: Any) -> str:
    """Return the SHA-256 of data, arrays or what can be iterated over, by which changed ones are known."""
    digest = hashlib.sha256()
    for part in parts:
        for value in part:
            data = value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
            digest.update(len(data).to_bytes(8, "little") + data)
        digest.update(b"end")
    return digest.hexdigest()


class OutcomeFolder:
    """A folder of outcomes: what was done stands, and is not done again. It has to be locked.

    Args:
        folder: where; made if it is not there.
        plan: what is compared, for JSON.
        overwrite: begin anew even if it holds outcomes or runs, which are removed.

    Raises:
        RunError: if it holds outcomes or runs of another plan, or anything else; or cannot be made.
    """

    PLAN = "plan.json"

    def __init__(self, folder: Path, plan: dict[str, object], *, overwrite: bool = False) -> None:
        self.folder = folder
        present = list_folder(folder)
        before = read_json(folder / self.PLAN) if self.PLAN in present else {}
        known = before.get(MARK) == KIND or {"task", "config", "budget"} <= before.keys()
        if present and not known:
            raise RunError(f"{folder}: is not empty and holds no comparison; choose another folder")
        check_replaceable(folder, (self.PLAN, TABLE, MARKDOWN, PLOT))
        self._clear_unfinished()
        begun = any(self.outcomes.glob("*")) or any(self.folder.glob("runs/*"))
        if begun and not overwrite:
            odd = [name for name in plan if before.get(name) != json.loads(json.dumps(plan[name]))]
            if odd:
                raise RunError(
                    f"{folder}: holds another comparison ({', '.join(odd)} of it differs); choose another "
                    f"folder, or {OVERWRITE}"
                )
            return
        self._clear()
        write_json(folder / self.PLAN, {MARK: KIND} | plan)

    def _clear_unfinished(self) -> None:
        """Remove the temporary files that a kill left."""
        for folder in (self.folder, self.outcomes, self.folder / DATA):
            clear_unfinished(folder)
        for folder in self._run_folders():
            with FolderLock(folder):
                clear(folder)

    def _run_folders(self) -> list[Path]:
        """Return the folders of the runs. Links and the folders of other programs are left out."""
        runs = self.folder / RUNS
        if runs.is_symlink():
            return []
        found = [config.parent for config in runs.glob(f"*/{CONFIG}")]
        return [folder for folder in found if not folder.is_symlink() and is_run(folder)]

    def _clear(self) -> None:
        make_folder(self.folder)
        remove_files(self.folder, (TABLE, MARKDOWN, PLOT))
        kept = self.outcomes.glob("*.safetensors")
        remove_files(self.folder, [f"{self.outcomes.name}/{p.name}" for p in kept if _is_outcome(p)])
        for folder in self._run_folders():
            empty(folder)
            with contextlib.suppress(OSError):  # someone put a file of his own there
                for emptied in (folder / PLOTS, folder):
                    emptied.rmdir()

    def check_data(self, fingerprint: str) -> None:
        """Remember of which data the outcomes are.

        Raises:
            RunError: if those that are kept are of others.
        """
        plan = read_json(self.folder / self.PLAN)
        if plan.setdefault("data", fingerprint) != fingerprint:
            raise RunError(
                f"{self.folder}: the data have changed since this comparison was begun; put the old ones "
                f"back, choose another folder, or {OVERWRITE}"
            )
        write_json(self.folder / self.PLAN, plan)

    @property
    def outcomes(self) -> Path:
        """Where figures and losses lie, a file each for a rung and seed."""
        return self.folder / "outcomes"

    def runs(self, rung: str, seed: int) -> Path:
        """Return the run folder of a network."""
        return self.folder / RUNS / f"{_file_name(rung)}-{seed}"

    def claim_run(self, rung: str, seed: int) -> Path:
        """Return the run folder of a network to train in it. Links in its place are replaced, not followed.

        Raises:
            RunError: if the folder above it cannot be made.
        """
        folder = self.runs(rung, seed)
        make_inner_folder(folder.parent)
        if folder.is_symlink():
            make_inner_folder(folder)
        return folder

    def find(self, rung: str, seed: int) -> tuple[Outcome, Units, dict[str, Numbers]] | None:
        """Return what was kept; None if there is nothing.

        Raises:
            RunError: if it is damaged.
        """
        path = self._path(rung, seed)
        if not path.exists():
            return None
        marked = read_json(self.folder / self.PLAN).get(MARK) == KIND  # earlier ones have no checksums
        tensors, meta = read_tensors(path, checksum=marked)
        try:
            outcome = convert(meta.get("outcome"), Outcome)
            arrays = {name: t.numpy() for name, t in tensors.items()}
            units = Units(arrays.pop("items"), arrays.pop("losses"), arrays.pop("weights"))
        except (KeyError, TypeError, MalformedError) as error:
            said = str(error) if isinstance(error, MalformedError) else repr(error)
            raise RunError(f"{path}: damaged ({said}); remove it, and the rung is tried again") from error
        return outcome, units, arrays

    def keep(self, outcome: Outcome, units: Units, extra: dict[str, Numbers] | None = None) -> None:
        """Write figures and losses, and arrays that other rungs need."""
        import torch

        make_inner_folder(self.outcomes)
        arrays = {"items": units.items, "losses": units.losses, "weights": units.weights, **(extra or {})}
        tensors = {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()}
        write_tensors(self._path(outcome.rung, outcome.seed), tensors, {"outcome": asdict(outcome)})

    def _path(self, rung: str, seed: int) -> Path:
        return self.outcomes / f"{_file_name(rung)}-{seed}.safetensors"


def _is_outcome(path: Path) -> bool:
    try:
        return "outcome" in read_tensors(path)[1]
    except RunError:  # damaged, or another program's: it stays
        return False


def _file_name(rung: str) -> str:
    """Return a name that no other rung has; of most, their own."""
    if re.fullmatch(r"[\w.+-]{1,60}", rung):
        return rung
    end = re.sub(r"[^\w.+-]", "_", Path(rung).name)[-40:]
    return f"{end}-{hashlib.sha256(rung.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
