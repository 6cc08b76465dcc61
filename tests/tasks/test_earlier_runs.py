"""Runs of older versions, which stored labels, scales and counts in "facts", still load.

``earlier/TASK`` was written by such a version from the data of ``cases.py``; ``score.json`` holds the scores
that this version computed.
"""

import json
import math
from pathlib import Path

import pytest

from cases import CASES
from unrolled.errors import RunError
from unrolled.tasks import load, run_type
from unrolled.training import Callback

EARLIER = Path(__file__).parent / "earlier"
TASKS = [name for name in CASES if " " not in name]


class StoppedError(Exception):
    pass


class StopAt(Callback):
    def on_step_end(self, progress, loss, lr):
        if progress.step == 8:
            raise StoppedError


def edit(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def are_close(scores, expected):
    if isinstance(expected, dict):
        return all(are_close(scores[name], value) for name, value in expected.items())
    if isinstance(expected, float):
        return math.isclose(scores, expected, rel_tol=1e-5)
    return scores == expected


@pytest.mark.parametrize("case", TASKS)
def test_an_older_run_has_the_same_scores(tmp_path, case):
    assert "artifacts" not in json.loads((EARLIER / case / "config.json").read_text())
    task, data = load(EARLIER / case), CASES[case].write(tmp_path)
    expected = json.loads((EARLIER / case / "score.json").read_text())
    assert are_close(json.loads(json.dumps(task.evaluate(data).to_json())), expected)
    assert task.sample(data)[1].source == str(data)


@pytest.mark.parametrize("case", TASKS)
def test_an_older_run_is_saved_in_the_current_format(tmp_path, case):
    task = load(EARLIER / case)
    task.save(tmp_path / "run")
    loaded = load(tmp_path / "run")
    assert "artifacts" in json.loads((tmp_path / "run" / "config.json").read_text())
    assert loaded.artifacts.write() == task.artifacts.write()
    assert (loaded.config, loaded.data_info, loaded.result) == (task.config, task.data_info, task.result)
    for name in task.spec.files:
        assert (tmp_path / "run" / name).read_bytes() == (EARLIER / case / name).read_bytes()


@pytest.mark.parametrize("case", TASKS)
def test_an_interrupted_older_run_resumes(tmp_path, case):
    data, options = CASES[case].write(tmp_path), CASES[case].options | {"max_steps": 12}
    uninterrupted, stopped = tmp_path / "whole", tmp_path / "stopped"
    CASES[case].kind(**options).fit(data, out=uninterrupted, progress=False)
    with pytest.raises(StoppedError):
        CASES[case].kind(**options).fit(data, out=stopped, progress=StopAt())
    edit(stopped / "config.json", lambda values: values.pop("artifacts"))
    run_type(stopped).resume(stopped, progress=False)
    assert (stopped / "model.safetensors").read_bytes() == (uninterrupted / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("case", "change", "message"),
    [
        ("classify", lambda data_info: data_info.pop("classes"), "artifacts: .*classes"),
        ("classify", lambda data_info: data_info.update(classes=["a", 1]), "distinct labels of one kind"),
        ("forecast", lambda data_info: data_info["series"]["value"].update(learnt_until="soon"), "soon"),
        ("forecast", lambda data_info: data_info.update(series={}), "have different series"),
        ("forecast", lambda data_info: data_info.update(season=0), "artifacts: .*season"),
        ("translate", lambda data_info: data_info["unknown"].pop("target"), "artifacts: .*target"),
        ("lm", lambda data_info: data_info.update(vector_size=3), "vector_size is 3, but the input is"),
    ],
)
def test_damaged_facts_are_refused(tmp_path, case, change, message):
    for path in (EARLIER / case).iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    edit(tmp_path / "config.json", lambda values: change(values["facts"]))
    with pytest.raises(RunError, match=f"damaged .*{message}"):
        load(tmp_path)
