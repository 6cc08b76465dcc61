"""The options of every task as parameters of scikit-learn."""

import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError as TheirNotFittedError
from sklearn.utils.validation import check_is_fitted

from unrolled.errors import ConfigError, NotFittedError, RunError
from unrolled.tasks.registry import TASKS

TOOLS = [pytest.param(spec.tool, id=spec.verb) for spec in TASKS]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_clone_has_the_options_that_were_given(tool):
    given = tool(hidden=7, lr=0.01)
    again = clone(given)
    assert type(again) is tool
    assert again is not given
    assert again.get_params() == given.get_params()
    assert again.config == given.config
    assert again.config.network.hidden == 7


@pytest.mark.parametrize("tool", TOOLS)
def test_parameters_are_changed_by_name(tool):
    task = tool(hidden=7)
    assert task.set_params(hidden=9, cell="gru") is task
    assert (task.config.network.hidden, task.get_params()["cell"]) == (9, "gru")
    with pytest.raises(ConfigError, match="hiddn"):
        task.set_params(hiddn=3)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_repr_shows_what_was_changed(tool):
    assert repr(tool()) == f"{tool.__name__}()"
    assert repr(tool(hidden=7)) == f"{tool.__name__}(hidden=7)"
    assert repr(clone(tool(hidden=7))) == f"{tool.__name__}(hidden=7)"


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_not_fitted_says_so(tool):
    for error in (NotFittedError, TheirNotFittedError, RunError):
        with pytest.raises(error, match=f"this {tool.__name__} has not been trained: call fit first"):
            tool().model  # noqa: B018
    with pytest.raises(TheirNotFittedError):
        check_is_fitted(tool())
