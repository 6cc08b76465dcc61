"""What one rung of a ladder gave with one seed, and the folder that keeps it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import RunError
from unrolled.training.files import read_json, read_tensors, write_json, write_tensors

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """The figures of a model that was trained once."""

    rung: str
    seed: int
    scores: dict[str, float]
    """On the test data, by metric."""
    size: int
    """Parameters or n-grams; 0 where nothing is learnt."""
    counted: str
    """What ``size`` counts."""
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
    """Predictions in each item: the loss of a model is Σ losses / Σ weights."""

    @classmethod
    def one_each(cls, losses: Numbers, items: NDArray[np.int64] | None = None) -> "Units":
        """Items of one prediction each, numbered as they come."""
        numbers = np.arange(len(losses)) if items is None else items
        return cls(numbers, np.asarray(losses, np.float64), np.ones(len(losses)))


class OutcomeFolder:
    """A folder of outcomes: what was done stands, and is not done again.

    Args:
        folder: where; made if it is not there.
        plan: what is compared, for JSON.
        overwrite: begin anew even if it holds outcomes.

    Raises:
        RunError: if it holds outcomes of another plan, or anything else.
    """

    PLAN = "plan.json"

    def __init__(self, folder: Path, plan: dict[str, object], *, overwrite: bool = False) -> None:
        self.folder = folder
        if folder.exists() and not folder.is_dir():
            raise RunError(f"{folder}: is a file; give a folder that does not exist yet")
        present = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        if present and self.PLAN not in present:
            raise RunError(f"{folder}: is not empty and holds no comparison; choose another folder")
        if present and not overwrite:
            before = read_json(folder / self.PLAN)
            if before != json.loads(json.dumps(plan)):
                odd = [name for name in plan if before.get(name) != json.loads(json.dumps(plan[name]))]
                raise RunError(
                    f"{folder}: holds another comparison ({', '.join(odd) or 'the plan'} differs); choose "
                    "another folder, or --overwrite"
                )
            return
        folder.mkdir(parents=True, exist_ok=True)
        for path in self.outcomes.glob("*"):
            path.unlink()
        write_json(folder / self.PLAN, plan)

    @property
    def outcomes(self) -> Path:
        """Where figures and losses lie, a file each for a rung and seed."""
        return self.folder / "outcomes"

    def runs(self, rung: str, seed: int) -> Path:
        """Return the run folder of a network."""
        return self.folder / "runs" / f"{rung}-{seed}"

    def find(self, rung: str, seed: int) -> tuple[Outcome, Units, dict[str, Numbers]] | None:
        """Return what was kept; None if there is nothing.

        Raises:
            RunError: if it is damaged.
        """
        path = self._path(rung, seed)
        if not path.exists():
            return None
        tensors, meta = read_tensors(path)
        arrays = {name: t.numpy() for name, t in tensors.items()}
        try:
            outcome = Outcome(**meta["outcome"])
            units = Units(arrays.pop("items"), arrays.pop("losses"), arrays.pop("weights"))
        except (KeyError, TypeError) as error:
            raise RunError(f"{path}: damaged ({error!r}); remove it, and the rung is tried again") from error
        return outcome, units, arrays

    def keep(self, outcome: Outcome, units: Units, extra: dict[str, Numbers] | None = None) -> None:
        """Write figures and losses, and arrays that other rungs need."""
        import torch

        self.outcomes.mkdir(exist_ok=True)
        arrays = {"items": units.items, "losses": units.losses, "weights": units.weights, **(extra or {})}
        tensors = {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()}
        write_tensors(self._path(outcome.rung, outcome.seed), tensors, {"outcome": asdict(outcome)})

    def _path(self, rung: str, seed: int) -> Path:
        return self.outcomes / f"{rung.replace('/', '_')}-{seed}.safetensors"
