"""The data sets of the training runs with default options."""

import os

import pytest

from unrolled.bench.defaults.sets import SETS, data_folder, find_sets
from unrolled.errors import ConfigError, DataError
from unrolled.recipes import recipe_names
from unrolled.tasks import spec_of


def test_every_set_has_a_task_and_a_known_recipe():
    assert len({s.name for s in SETS}) == len(SETS)
    for public_set in SETS:
        spec_of(public_set.task)
        assert not public_set.recipe or public_set.recipe in recipe_names()


def test_paths_of_files_with_labels(tmp_path):
    (reviews,) = find_sets(["rt-polarity"])
    neg, pos = reviews.paths(tmp_path).split(",")
    assert neg == f"neg={tmp_path}/rt-polarity/rt-polarity.utf8.neg"
    assert pos.startswith(f"pos={tmp_path}")


def test_sets_are_found_by_name():
    assert find_sets([]) == SETS
    assert [s.name for s in find_sets(["ptb", "airline"])] == ["ptb", "airline"]
    with pytest.raises(ConfigError, match=r"--sets airlin: is not one of airline.*did you mean 'airline'"):
        find_sets(["airlin"])


def test_the_data_folder_must_exist(monkeypatch, tmp_path):
    monkeypatch.delenv("UNROLLED_DATA", raising=False)
    with pytest.raises(DataError, match="UNROLLED_DATA is not set"):
        data_folder()
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path / "none"))
    with pytest.raises(DataError, match="no such folder"):
        data_folder()


@pytest.mark.skipif(not os.environ.get("UNROLLED_DATA"), reason="UNROLLED_DATA is not set")
def test_the_files_exist():
    root = data_folder()
    for public_set in SETS:
        for part in public_set.paths(root).split(","):
            assert os.path.exists(part.rpartition("=")[2]), part
