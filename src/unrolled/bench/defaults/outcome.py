"""The result of one training without options."""

from dataclasses import dataclass, field
from typing import Any

from unrolled.bench.defaults.sets import PublicSet
from unrolled.errors import RunError
from unrolled.recipes import load_recipe


@dataclass(frozen=True)
class DefaultOutcome:
    """One row of the table: a data set, the figure of the model and those of the baselines."""

    set: str
    task: str
    options: str
    figure: str
    """Name of the figure."""
    higher: bool
    """True if a higher figure is better."""
    own: float
    """Figure of the model."""
    baselines: dict[str, float]
    minutes: float
    """Minutes of training only."""
    total_minutes: float
    """Minutes of the whole command."""
    recipe: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def best(self) -> tuple[str, float]:
        """Name and figure of the best baseline."""
        sign = 1 if self.higher else -1
        name = max(self.baselines, key=lambda key: sign * self.baselines[key])
        return name, self.baselines[name]

    @property
    def wins(self) -> bool:
        """Whether the model is at least as good as every baseline."""
        return self.own >= self.best[1] if self.higher else self.own <= self.best[1]

    def cells(self) -> list[str]:
        """Return the cells of the table row."""
        name, best = self.best
        return [
            f"{self.set} {self.options}".strip(),
            self.figure,
            f"{self.own:.4g}",
            f"{name} {best:.4g}",
            "as good" if self.own == best else "better" if self.wins else "loses",
            _recipe_figure(self.recipe),
            _time(self.minutes),
            _time(self.total_minutes),
        ]


HEADINGS = (
    "set",
    "figure, held out",
    "without options",
    "best baseline",
    "",
    "recipe",
    "training",
    "whole command",
)


def make_outcome(
    data_set: PublicSet, result: dict[str, Any], notes: list[str], seconds: float
) -> DefaultOutcome:
    """Return the row of a finished run.

    Raises:
        RunError: if the run has no comparison with baselines.
    """
    comparison = result.get("beside")
    if not comparison or not comparison["baselines"]:
        raise RunError(f"{data_set.name}: the run has no baselines to compare with")
    return DefaultOutcome(
        data_set.name,
        data_set.task,
        " ".join(data_set.options),
        comparison["figure"],
        comparison["higher"],
        comparison["own"],
        comparison["baselines"],
        result["training_seconds"] / 60,
        seconds / 60,
        data_set.recipe,
        notes,
    )


def _time(minutes: float) -> str:
    return f"{minutes:.1f} min" if minutes >= 1 else f"{60 * minutes:.0f} s"


def _recipe_figure(recipe: str) -> str:
    if not recipe:
        return "–"
    loaded_recipe = load_recipe(recipe)
    target, measured = loaded_recipe.target, loaded_recipe.measured
    if measured is None or target is None:
        return "–"
    return f"{target.metric.replace('_', ' ')} {measured.value:.4g} ({target.on})"
