"""A repetition without its command: the plan, what is made, what is refused."""

import contextlib

import pytest

from cases import write_labelled
from unrolled.config import with_options
from unrolled.errors import ConfigError, RunError
from unrolled.experiments import repetition
from unrolled.experiments.repetition import Plan
from unrolled.experiments.variant import parse_variant
from unrolled.recipes import Recipe
from unrolled.tasks import spec_of
from unrolled.tasks.base.outcome import Outcome


@pytest.fixture
def recipe(tmp_path):
    config = spec_of("classify").config()
    return Recipe("mine", "classify", with_options(config, {"data": str(write_labelled(tmp_path))}))


def plan(recipe, **changes):
    usual = {"folds": 3, "seeds": 0, "variants": (), "baseline": True, "metric": "accuracy", "jobs": 1}
    return Plan(recipe, **usual | changes)


@pytest.fixture
def trained(monkeypatch):
    """Trainings that would be made, in order; each gives its number as its accuracy."""
    jobs = []

    def run_all(todo, processes):
        for job in todo:
            jobs.append((job.variant.name, job.number))
            yield Outcome(job.variant.name, job.number, {"accuracy": float(job.number)}, 1.0)

    monkeypatch.setattr(repetition, "run_all", run_all)
    return jobs


def test_every_variant_has_every_fold_or_seed(recipe, tmp_path, trained):
    variants = (parse_variant("hidden=5"),)
    found = repetition.run(plan(recipe, variants=variants), tmp_path / "folds")
    names = ["as it stands", "hidden=5", "tf-idf regression"]
    assert trained == [(name, number) for number in (1, 2, 3) for name in names]
    assert [(line.variant, line.score.mean) for line in found.lines] == [(name, 2.0) for name in names]
    assert (found.made, found.seconds) == (9, 3.0)
    trained.clear()
    repetition.run(plan(recipe, folds=0, seeds=1, baseline=False), tmp_path / "seeds")
    assert trained == [("as it stands", 1)]


def test_after_a_stop_the_rest_is_made(recipe, tmp_path, trained):
    told = []

    @contextlib.contextmanager
    def progress(count):
        def tell(outcome):
            told.append((count, outcome.seed))
            if len(told) == 2:
                raise KeyboardInterrupt

        yield tell

    with pytest.raises(KeyboardInterrupt):
        repetition.run(plan(recipe, baseline=False), tmp_path / "out", progress)
    found = repetition.run(plan(recipe, baseline=False), tmp_path / "out", progress)
    assert told == [(3, 1), (3, 2), (1, 3)]
    assert found.made == 1
    assert found.lines[0].score.count == 3


def test_changed_data_are_refused_before_anything_is_trained(recipe, tmp_path, trained):
    repetition.run(plan(recipe), tmp_path / "out")
    trained.clear()
    write_labelled(tmp_path, seed=7)
    with pytest.raises(RunError, match="the data have changed since the trials began"):
        repetition.run(plan(recipe, folds=3), tmp_path / "out")
    assert not trained


def test_side_by_side_they_run_on_one_thread(recipe):
    assert plan(recipe, jobs=2).config.training.threads == 1
    assert plan(recipe, jobs=1).config is recipe.config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folds": 1}, "give --folds K"),
        ({"folds": 0}, "give --folds K"),
        ({"seeds": 2}, "give --folds K"),
        ({"folds": 0, "seeds": 2}, "--baseline works with --folds only"),
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"variants": (parse_variant("hiden=3"),)}, "variant 'hiden=3': unknown option 'hiden'"),
    ],
)
def test_what_cannot_be_made_is_no_plan(recipe, changes, message):
    with pytest.raises(ConfigError, match=message):
        plan(recipe, **changes)
