"""Repetitions without the command line: the plan, the trials that run, and errors."""

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


def make_plan(recipe, **changes):
    defaults = {"folds": 3, "seeds": 0, "variants": (), "baseline": True, "metric": "accuracy", "jobs": 1}
    return Plan(recipe, **defaults | changes)


@pytest.fixture
def trained(monkeypatch):
    """The trials that would run, in order; the accuracy of each is its number."""
    jobs = []

    def run_all(todo, processes):
        for job in todo:
            jobs.append((job.variant.name, job.number))
            yield Outcome(job.variant.name, job.number, {"accuracy": float(job.number)}, 1.0)

    monkeypatch.setattr(repetition, "run_all", run_all)
    return jobs


def test_every_variant_has_every_fold_or_seed(recipe, tmp_path, trained):
    variants = (parse_variant("hidden=5"),)
    summary = repetition.run(make_plan(recipe, variants=variants), tmp_path / "folds")
    names = ["as it stands", "hidden=5", "tf-idf regression"]
    assert trained == [(name, number) for number in (1, 2, 3) for name in names]
    assert [(line.variant, line.score.mean) for line in summary.lines] == [(name, 2.0) for name in names]
    assert (summary.made, summary.seconds) == (9, 3.0)
    trained.clear()
    repetition.run(make_plan(recipe, folds=0, seeds=1, baseline=False), tmp_path / "seeds")
    assert trained == [("as it stands", 1)]


def test_after_an_interrupt_the_remaining_trials_run(recipe, tmp_path, trained):
    reported = []

    @contextlib.contextmanager
    def progress(count):
        def report(outcome):
            reported.append((count, outcome.seed))
            if len(reported) == 2:
                raise KeyboardInterrupt

        yield report

    with pytest.raises(KeyboardInterrupt):
        repetition.run(make_plan(recipe, baseline=False), tmp_path / "out", progress)
    summary = repetition.run(make_plan(recipe, baseline=False), tmp_path / "out", progress)
    assert reported == [(3, 1), (3, 2), (1, 3)]
    assert summary.made == 1
    assert summary.lines[0].score.count == 3


def test_changed_data_are_refused_before_anything_is_trained(recipe, tmp_path, trained):
    repetition.run(make_plan(recipe), tmp_path / "out")
    trained.clear()
    write_labelled(tmp_path, seed=7)
    with pytest.raises(RunError, match="the data have changed since the trials began"):
        repetition.run(make_plan(recipe, folds=3), tmp_path / "out")
    assert not trained


def test_parallel_trials_use_one_thread(recipe):
    assert make_plan(recipe, jobs=2).config.training.threads == 1
    assert make_plan(recipe, jobs=1).config is recipe.config


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
def test_invalid_plans_are_refused(recipe, changes, message):
    with pytest.raises(ConfigError, match=message):
        make_plan(recipe, **changes)
