"""What one training without options gave."""

from dataclasses import dataclass, field
from typing import Any

from unrolled.bench.defaults.sets import PublicSet
from unrolled.errors import RunError
from unrolled.recipes import load_recipe


@dataclass(frozen=True)
class DefaultOutcome:
    """A row of the table."""

    set: str
    task: str
    options: str
    figure: str
    higher: bool
    own: float
    baselines: dict[str, float]
    minutes: float
    """Of training."""
    total_minutes: float
    """From the command to its end."""
    recipe: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def best(self) -> tuple[str, float]:
        """The best baseline and its figure."""
        sign = 1 if self.higher else -1
        name = max(self.baselines, key=lambda key: sign * self.baselines[key])
        return name, self.baselines[name]

    @property
    def wins(self) -> bool:
        """Whether the model is at least as good as every baseline."""
        return self.own >= self.best[1] if self.higher else self.own <= self.best[1]

    def cells(self) -> list[str]:
        """Return the row of the table."""
        name, best = self.best
        return [
            f"{self.set} {self.options}".strip(),
            self.figure,
            f"{self.own:.4g}",
            f"{name} {best:.4g}",
            "as good" if self.own == best else "better" if self.wins else "loses",
            _record(self.recipe),
            _time(self.minutes),
            _time(self.total_minutes),
        ]


HEADS = (
    "set",
    "figure, held out",
    "without options",
    "best baseline",
    "",
    "recipe",
    "training",
    "whole command",
)


def outcome_of(chosen: PublicSet, result: dict[str, Any], notes: list[str], seconds: float) -> DefaultOutcome:
    """Return the row of a finished run.

    Raises:
        RunError: if the run does not say how it did beside baselines.
    """
    beside = result.get("beside")
    if not beside or not beside["baselines"]:
        raise RunError(f"{chosen.name}: the run holds no figures of baselines")
    return DefaultOutcome(
        chosen.name,
        chosen.task,
        " ".join(chosen.options),
        beside["figure"],
        beside["higher"],
        beside["own"],
        beside["baselines"],
        result["training_seconds"] / 60,
        seconds / 60,
        chosen.recipe,
        notes,
    )


def _time(minutes: float) -> str:
    return f"{minutes:.1f} min" if minutes >= 1 else f"{60 * minutes:.0f} s"


def _record(recipe: str) -> str:
    if not recipe:
        return "–"
    loaded = load_recipe(recipe)
    if loaded.measured is None or loaded.target is None:
        return "–"
    return f"{loaded.target.metric.replace('_', ' ')} {loaded.measured.value:.4g} ({loaded.target.on})"
