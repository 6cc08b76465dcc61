"""``unrolled recipes``: list the recipes, their targets and measured results."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.cli.arguments import parse
from unrolled.recipes import Recipe, all_recipes
from unrolled.recipes.recipe import Measured
from unrolled.tasks import spec_of


@dataclass(frozen=True)
class Arguments:
    """List the recipes, their targets and measured results, as a Markdown table."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    parse(Arguments, argv, prog=prog)
    print("| recipe | task and model | target | measured | training | compared with |")
    print("| --- | --- | --- | --- | --- | --- |")
    for recipe in all_recipes():
        print("| " + " | ".join(_row(recipe)) + " |")
    return 0


def _row(recipe: Recipe) -> list[str]:
    target, measured = recipe.target, recipe.measured
    metric = target.metric.replace("_", " ") if target else ""
    counted = spec_of(recipe.task).counted
    limit = f" in {target.minutes:g} min" if target and target.minutes else ""
    return [
        f"`{recipe.name}`",
        recipe.description,
        f"{metric} {target.limit}{limit}" if target else "–",
        f"{measured.value:g}" if measured else "–",
        _training(measured, counted) if measured else "–",
        recipe.comparison or "–",
    ]


def _training(measured: Measured, counted: str) -> str:
    rate = f", {measured.tokens_per_second:,.0f} {counted}/s" if measured.tokens_per_second else ""
    return f"{measured.training_minutes:.1f} min{rate}; {measured.machine}"
