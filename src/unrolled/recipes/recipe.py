"""Recipes: a data set, a configuration, the expected result and the training time."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from unrolled.config import from_dict, require
from unrolled.errors import ConfigError, suggestion
from unrolled.reading import LARGEST_TOML, MalformedError, decode_utf8, open_file, parse_toml
from unrolled.tasks import spec_of
from unrolled.tasks.base.old_versions import rename_old_options


@dataclass(frozen=True)
class Target:
    """The result that a recipe must reach: exactly one of ``at_most`` and ``at_least``."""

    metric: str
    on: Literal["valid", "test", "folds", "seeds"] = "valid"
    """Validation or test data; or the mean over folds or seeds from ``unrolled repeat``."""
    at_most: float | None = None
    """Upper limit, for metrics where lower is better."""
    at_least: float | None = None
    """Lower limit, for metrics where higher is better."""
    tolerance: float = 0.0
    """Largest deviation from the measured value on other machines or thread counts, due to rounding."""
    minutes: float = 0.0
    """Training time allowed on two cores; 0 means no limit."""

    def __post_init__(self) -> None:
        require(
            (self.at_most is None) != (self.at_least is None),
            f"target {self.metric}: give at_most or at_least, and not both",
        )

    @property
    def limit(self) -> str:
        """The limit as text, such as "≤ 1.5"."""
        return f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"

    def reached_by(self, value: float) -> bool:
        """Return whether a value meets the target."""
        return value <= self.at_most if self.at_most is not None else value >= (self.at_least or 0.0)


@dataclass(frozen=True)
class Measured:
    """Result of one full run."""

    value: float = 0.0
    training_minutes: float = 0.0
    tokens_per_second: float = 0.0
    machine: str = ""


@dataclass(frozen=True)
class Recipe:
    """A complete configuration with its expected result."""

    description: str
    task: str
    config: Any
    target: Target | None = None
    measured: Measured | None = None
    comparison: str = ""
    """Published results for comparison, with their sources."""
    name: str = field(default="")

    def verdict(self, result: dict[str, Any]) -> str | None:
        """Return a line that says whether a result reaches the target; None without a target."""
        if self.target is None:
            return None
        t = self.target
        if t.on in ("folds", "seeds") and t.on not in result:
            how = f"unrolled repeat --recipe {self.name} --{t.on} N"
            return f"target {t.metric} {t.limit} is the mean over {t.on}: {how}"
        if t.on not in result:
            return f"target {t.metric} {t.limit}: the {t.on} data were not scored"
        value = result[t.on][t.metric]
        outcome = "reached" if t.reached_by(value) else "MISSED"
        metric = t.metric.replace("_", " ")
        line = f"{metric} on {t.on}: {value:.4f}; target {t.limit} {outcome}"
        if t.minutes:
            minutes = result["training_seconds"] / 60
            time_outcome = "within" if minutes <= t.minutes else "OVER"
            line += f"; {minutes:.1f} minutes of training, {time_outcome} the {t.minutes:g} allowed"
        return line


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with the package."""
    folder = resources.files("unrolled.recipes")
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))


def all_recipes() -> Iterator[Recipe]:
    """Yield every recipe that comes with the package."""
    return (load_recipe(name) for name in recipe_names())


def load_recipe(name: str) -> Recipe:
    """Load a recipe by name, or from a TOML file.

    Raises:
        ConfigError: if there is no recipe of that name, or it is not a valid configuration.
    """
    if name.endswith(".toml"):
        if not os.path.exists(name):
            raise ConfigError(f"{name}: no such recipe file")
        with open_file(name, ConfigError) as file:
            raw, where = file.read(LARGEST_TOML + 1), name
        if len(raw) > LARGEST_TOML:
            raise ConfigError(f"{name}: is too large for a recipe (more than {LARGEST_TOML >> 10} KiB)")
    else:
        if name not in recipe_names():
            names = recipe_names()
            raise ConfigError(
                f"no recipe {name!r}{suggestion(name, names)}; there are {', '.join(names)}, "
                "or give a .toml file"
            )
        where = f"{name}.toml"
        raw = (resources.files("unrolled.recipes") / where).read_bytes()
    try:
        values = parse_toml(decode_utf8(raw, where, ConfigError))
    except MalformedError as error:
        raise ConfigError(f"{where}: is {error}") from None
    recipe = from_dict(Recipe, values | {"name": Path(where).stem}, where)
    try:
        spec = spec_of(recipe.task)
    except ConfigError as error:
        raise ConfigError(f"{where}: task: {error}") from None
    if recipe.target and recipe.target.metric not in spec.metrics:
        metric = recipe.target.metric
        raise ConfigError(
            f"{where}: target.metric={metric!r} is not one of {', '.join(spec.metrics)}"
            + suggestion(metric, spec.metrics)
        )
    return replace(
        recipe,
        config=from_dict(
            spec.config, rename_old_options(recipe.config, spec.renamed_options), where, "config"
        ),
    )
