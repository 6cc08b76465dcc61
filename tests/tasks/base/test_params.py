"""Options of every task as scikit-learn parameters."""

import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError as SklearnNotFittedError
from sklearn.utils.validation import check_is_fitted

from unrolled.errors import ConfigError, NotFittedError, RunError
from unrolled.tasks.registry import TASKS

TOOLS = [pytest.param(spec.task_class, id=spec.verb) for spec in TASKS]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_clone_has_the_same_options(tool):
    original = tool(hidden=7, lr=0.01)
    copy = clone(original)
    assert type(copy) is tool
    assert copy is not original
    assert copy.get_params() == original.get_params()
    assert copy.config == original.config
    assert copy.config.network.hidden == 7


@pytest.mark.parametrize("tool", TOOLS)
def test_parameters_are_changed_by_name(tool):
    task = tool(hidden=7)
    assert task.set_params(hidden=9, cell="gru") is task
    assert (task.config.network.hidden, task.get_params()["cell"]) == (9, "gru")
    with pytest.raises(ConfigError, match="hiddn"):
        task.set_params(hiddn=3)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_repr_shows_changed_options(tool):
    assert repr(tool()) == f"{tool.__name__}()"
    assert repr(tool(hidden=7)) == f"{tool.__name__}(hidden=7)"
    assert repr(clone(tool(hidden=7))) == f"{tool.__name__}(hidden=7)"


@pytest.mark.parametrize("tool", TOOLS)
def test_an_untrained_task_raises_not_fitted_errors(tool):
    for error in (NotFittedError, SklearnNotFittedError, RunError):
        with pytest.raises(error, match=f"this {tool.__name__} has not been trained: call fit first"):
            tool().model  # noqa: B018
    with pytest.raises(SklearnNotFittedError):
        check_is_fitted(tool())
