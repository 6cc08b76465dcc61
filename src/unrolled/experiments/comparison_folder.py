"""The folder of a comparison: one outcome file and one run folder per model and seed."""

import hashlib
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from unrolled.errors import RunError
from unrolled.experiments.folder import ExperimentFolder, Layout
from unrolled.reading import MalformedError, convert
from unrolled.storage.folder import make_inner_folder
from unrolled.tasks.base.outcome import ItemLosses, Outcome, SavedOutcome
from unrolled.training.tensor_files import read_tensors, write_tensors

TABLE, MARKDOWN, PLOT = "table.csv", "table.md", "ladder.png"
OUTCOMES, RUNS, DATA = "outcomes", "runs", "data"


class ComparisonFolder(ExperimentFolder):
    """An :class:`ExperimentFolder` with one safetensors file of scores and losses per outcome."""

    layout: ClassVar[Layout] = Layout(
        kind="comparison",
        another="another comparison",
        replace="replace it (--overwrite, overwrite=True)",
        earlier=frozenset({"task", "config", "budget"}),
        results=(TABLE, MARKDOWN, PLOT),
        outcomes=f"{OUTCOMES}/*",
        runs=f"{RUNS}/*",
        inner=(OUTCOMES, DATA),
    )

    @property
    def outcomes(self) -> Path:
        """Folder of the outcome files."""
        return self.folder / OUTCOMES

    @property
    def data(self) -> Path:
        """Folder for files derived from the data, such as a split of a text."""
        return self.folder / DATA

    def run(self, model: str, seed: int) -> Path:
        """Return the path of a network's run folder."""
        return self.folder / RUNS / f"{_file_name(model)}-{seed}"

    def claim_run(self, model: str, seed: int) -> Path:
        """Return a network's run folder for training. A symbolic link at its path is replaced, not followed.

        Raises:
            RunError: if the parent folder cannot be created.
        """
        folder = self.run(model, seed)
        make_inner_folder(folder.parent)
        if folder.is_symlink():
            make_inner_folder(folder)
        return folder

    def find(self, model: str, seed: int) -> SavedOutcome | None:
        """Load a saved outcome with its losses and arrays; None if there is no file.

        Raises:
            RunError: if the file is damaged.
        """
        path = self._path(model, seed)
        if not path.exists():
            return None
        tensors, meta = read_tensors(path, checksum=self.is_marked)
        try:
            values = convert(meta.get("outcome"), dict[str, Any])
            outcome = convert({"model": values.pop("rung"), **values}, Outcome)
            arrays = {name: t.numpy() for name, t in tensors.items()}
            units = ItemLosses(arrays.pop("items"), arrays.pop("losses"), arrays.pop("weights"))
        except (KeyError, TypeError, MalformedError) as error:
            reason = str(error) if isinstance(error, MalformedError) else repr(error)
            hint = "remove the file, and the model is trained again"
            raise RunError(f"{path}: damaged ({reason}); {hint}") from error
        return SavedOutcome(outcome, units, arrays)

    def keep(self, tried: SavedOutcome) -> None:
        """Write an outcome with its losses and extra arrays to a file."""
        import torch

        make_inner_folder(self.outcomes)
        outcome, units, extra = tried
        arrays = {"items": units.items, "losses": units.losses, "weights": units.weights, **extra}
        tensors = {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()}
        values = asdict(outcome)
        values = {"rung": values.pop("model"), **values}
        write_tensors(self._path(outcome.model, outcome.seed), tensors, {"outcome": values})

    def is_outcome(self, path: Path) -> bool:
        """See :meth:`ExperimentFolder.is_outcome`."""
        try:
            return path.suffix == ".safetensors" and "outcome" in read_tensors(path)[1]
        except RunError:  # damaged or another program's: keep the file
            return False

    def _path(self, model: str, seed: int) -> Path:
        return self.outcomes / f"{_file_name(model)}-{seed}.safetensors"


def _file_name(model: str) -> str:
    """Return a file name unique to a model: its name or, if that is long or unusual, one with a hash."""
    if re.fullmatch(r"[\w.+-]{1,60}", model):
        return model
    end = re.sub(r"[^\w.+-]", "_", Path(model).name)[-40:]
    return f"{end}-{hashlib.sha256(model.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
