"""Recipes: a data set, a configuration, the figure to expect, and the time it took."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from unrolled.config import from_dict
from unrolled.errors import ConfigError, suggestion
from unrolled.tasks import LanguageModelConfig


@dataclass(frozen=True)
class Target:
    """The figure that a recipe must reach."""

    metric: Literal["nats_per_token", "perplexity", "bits_per_character"] = "nats_per_token"
    on: Literal["valid", "test"] = "valid"
    at_most: float = 0.0
    """The figure; lower is better."""
    tolerance: float = 0.0
    """How far another machine's or thread count's rounding may move the measured value."""
    minutes: float = 0.0
    """Training time allowed on two cores; 0 is not limited."""


@dataclass(frozen=True)
class Measured:
    """What one full run gave."""

    value: float = 0.0
    training_minutes: float = 0.0
    tokens_per_second: float = 0.0
    machine: str = ""


@dataclass(frozen=True)
class Recipe:
    """Everything that a run needs, and what it should give."""

    description: str
    task: Literal["lm"]
    config: LanguageModelConfig
    target: Target | None = None
    measured: Measured | None = None
    comparison: str = ""
    """Published figures to stand beside, with their source."""
    name: str = field(default="")

    def verdict(self, result: dict[str, Any]) -> str | None:
        """Say whether a result reaches the target, or None without one."""
        if self.target is None:
            return None
        t = self.target
        if t.on not in result:
            return f"target {t.metric} ≤ {t.at_most:g}: the {t.on} text was not scored"
        value = result[t.on][t.metric]
        word = "reached" if value <= t.at_most else "MISSED"
        metric = t.metric.replace("_", " ")
        line = f"target {metric} on {t.on} ≤ {t.at_most:g}: {value:.4f}, {word}"
        if t.minutes:
            minutes = result["training_seconds"] / 60
            word = "within" if minutes <= t.minutes else "OVER"
            line += f"; {minutes:.1f} minutes of training, {word} the {t.minutes:g} allowed"
        return line


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with the package."""
    folder = resources.files("unrolled.recipes")
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))


def all_recipes() -> Iterator[Recipe]:
    """Yield every recipe that comes with the package."""
    return (load_recipe(name) for name in recipe_names())


def load_recipe(name: str) -> Recipe:
    """Read a recipe by name, or from a TOML file.

    Raises:
        ConfigError: if there is none of that name, or it does not hold a valid configuration.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise ConfigError(f"{path}: no such recipe file")
        raw, where = path.read_bytes(), str(path)
    else:
        if name not in recipe_names():
            known = recipe_names()
            raise ConfigError(
                f"no recipe {name!r}{suggestion(name, known)}; there are {', '.join(known)}, "
                "or give a .toml file"
            )
        where = f"{name}.toml"
        raw = (resources.files("unrolled.recipes") / where).read_bytes()
    try:
        values = tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{where}: not valid TOML ({error})") from None
    return from_dict(Recipe, values | {"name": Path(where).stem}, where)
