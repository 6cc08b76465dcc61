"""Recipes: tested training configurations that come with the package."""

from unrolled.recipes.recipe import Recipe, all_recipes, load_recipe, recipe_names

__all__ = ["Recipe", "all_recipes", "load_recipe", "recipe_names"]


def __dir__() -> list[str]:
    return sorted(__all__)
