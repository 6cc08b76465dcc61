"""Recipes: the shipped ones load and give verdicts; bad ones are refused by name."""

import dataclasses

import pytest

from unrolled.config import to_dict
from unrolled.data.catalogue import CATALOGUE
from unrolled.errors import ConfigError
from unrolled.recipes import Recipe, all_recipes, load_recipe, recipe_names
from unrolled.recipes.recipe import Target
from unrolled.tasks import LanguageModelConfig, spec_of


def strings(values):
    """Return every string in nested dictionaries."""
    parts = [strings(v) if isinstance(v, dict) else [v] for v in values.values()]
    return [v for part in parts for v in part if isinstance(v, str)]


@pytest.mark.parametrize("name", recipe_names())
def test_a_shipped_recipe_loads(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.description
    assert isinstance(recipe.config, spec_of(recipe.task).config)
    texts = [v for v in strings(to_dict(recipe.config)) if v.startswith("@")]
    sources = [source for text in texts for source in text.split(",")]
    assert sources
    for source in sources:
        name, _, part = source.removeprefix("@").partition("/")
        assert name in CATALOGUE
        assert not part or part in CATALOGUE[name].parts
    if recipe.target and recipe.target.on == "test" and recipe.task not in ("forecast", "music"):
        corpus = recipe.config.corpus
        assert corpus.test or getattr(corpus, "test_fraction", 0.0)
    if recipe.target and recipe.task == "forecast":
        assert recipe.target.on != "test" or recipe.config.data.test_start
    if recipe.target and recipe.measured:
        assert recipe.target.reached_by(recipe.measured.value)


@pytest.mark.parametrize("name", recipe_names())
def test_a_shipped_recipe_gives_verdicts(name):
    recipe = load_recipe(name)
    if recipe.target is None:
        assert recipe.verdict({}) is None
        return
    t = recipe.target

    def verdict(value, minutes=0.0):
        return recipe.verdict({t.on: {t.metric: value}, "training_seconds": 60 * minutes})

    limit, worse = (t.at_most, 0.01) if t.at_least is None else (t.at_least, -0.01)
    assert "reached" in verdict(limit)
    assert "MISSED" not in verdict(limit)
    assert "MISSED" in verdict(limit + worse)
    if t.minutes:
        assert "within" in verdict(limit, t.minutes)
        assert "OVER" in verdict(limit, t.minutes + 1)


def test_the_shipped_recipes_are_listed():
    names = recipe_names()
    assert names == sorted(names)
    assert {"ptb-small", "stdlib-demo", "tinyshakespeare-quick"} <= set(names)
    assert [r.name for r in all_recipes()] == names


def test_ptb_small_has_the_parameters_of_zaremba():
    c = load_recipe("ptb-small").config
    assert (c.network.layers, c.network.hidden, c.training.batch, c.training.steps) == (2, 200, 20, 20)
    assert (c.optimizer.lr, c.optimizer.clip_norm, c.training.loss) == (1.0, 5.0, "steps")
    assert (c.optimizer.schedule, c.optimizer.decay, c.optimizer.decay_after) == ("step", 0.5, 4)
    assert c.training.epochs == 13


@pytest.fixture
def recipe_file(tmp_path):
    def write(text):
        path = tmp_path / "mine.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


GOOD = 'description = "mine"\ntask = "lm"\n[config.network]\nhidden = 9\n'


def test_a_file_is_loaded_as_a_recipe(recipe_file):
    recipe = load_recipe(recipe_file(GOOD))
    assert recipe.name == "mine"
    assert recipe.config.network.hidden == 9
    assert recipe.target is None
    default = to_dict(LanguageModelConfig())
    default["network"]["hidden"] = 9
    assert to_dict(recipe.config) == default


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "hiden = 3\n", r"mine\.toml: unknown key 'config\.network\.hiden' .*'hidden'"),
        (GOOD + "[config.netwrok]\n", r"unknown key 'config\.netwrok' \(did you mean 'network'"),
        (GOOD.replace("9", '"9"'), r"mine\.toml: .*hidden"),
        (GOOD.replace("9", "0"), "hidden=0: must be at least 1"),
        (GOOD + '[config.cell]\ncell = "lstmm"\n', "cell='lstmm' is not one of .*'lstm'"),
        (GOOD + '[target]\nmetric = "perplexty"\nat_most = 1.0\n', "did you mean 'perplexity'"),
        (GOOD + '[target]\nmetric = "perplexity"\n', "give at_most or at_least"),
        (GOOD + '[target]\nmetric = "perplexity"\nat_most = 1.0\nat_least = 0.5\n', "and not both"),
        (GOOD.replace('"lm"', '"nothing"'), "task"),
        (GOOD.replace('task = "lm"\n', ""), "task"),
        ("this is not TOML", r"mine\.toml: is not valid TOML"),
        (b'description = "\xff"', r"mine\.toml: "),
    ],
)
def test_a_bad_file_is_refused_by_name(recipe_file, text, message):
    with pytest.raises(ConfigError, match=message):
        load_recipe(recipe_file(text))


def test_unknown_recipes_suggest_known_ones(tmp_path):
    with pytest.raises(ConfigError, match=r"no recipe 'ptb-smal' \(did you mean 'ptb-small'\?\); there"):
        load_recipe("ptb-smal")
    with pytest.raises(ConfigError, match=r"nowhere\.toml: no such recipe file"):
        load_recipe(str(tmp_path / "nowhere.toml"))


def test_a_verdict_needs_a_score_on_the_part_of_the_target():
    config = LanguageModelConfig()
    recipe = Recipe("d", "lm", config, Target("perplexity", "test", 100.0), name="x")
    without = recipe.verdict({"valid": {"perplexity": 50.0}, "training_seconds": 1.0})
    assert without is None or "reached" not in without
    assert dataclasses.replace(recipe, target=None).verdict({}) is None


def test_a_file_too_large_for_a_recipe_is_refused(tmp_path):
    with (tmp_path / "large.toml").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(ConfigError, match=r"large\.toml: is too large for a recipe .more than 256 KiB"):
        load_recipe(str(tmp_path / "large.toml"))
