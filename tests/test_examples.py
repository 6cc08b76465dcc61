"""The examples run unchanged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from environment import WITHOUT_EXTENSION
from forked import Forked, run_script

EXAMPLES = Path(__file__).parents[1] / "examples"


EXPECTED = {
    "drop_in.py": "past the end of row 1: 0.0",
    "text_file.py": "nats/token, perplexity",
    "custom_cell.py": "output (12, 2, 6) final state (2, 6)",
    "classify.py": "accuracy 100.00%, macro F1 100.00%",
    "tag.py": "['pronoun', 'verb', 'adverb']",
    "vectors.py": "True ~ False",
    "forecast.py": "1 row repeats a time stamp: averaged",
    "translate.py": "09 Nov 1989 → 1989-11-09",
    "music.py": "16 steps in ",
    "ngram.py": "nats per character",
    "inside.py": "bad: Vanishing at distance 10 (rnn.l0)",
}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_example(name: str, expected: str, english_file: Path, fork: Callable[..., Forked]) -> None:
    arguments = [english_file] if name == "text_file.py" else []
    running = fork(EXAMPLES / name, WITHOUT_EXTENSION, *arguments, target=run_script)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    assert expected in out
    if name == "drop_in.py":
        first = out.splitlines()[0]
        assert first.startswith("largest difference from torch.nn.LSTM: ")
        assert float(first.split()[-1]) < 1e-6


@pytest.mark.slow
def test_the_code_in_the_readme(tmp_path: Path, english_file: Path, fork: Callable[..., Forked]) -> None:
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    code = readme.partition("```python\n")[2].partition("```")[0]
    for name in ("corpus.txt", "other.txt"):
        (tmp_path / name).write_text(english_file.read_text())
    script = tmp_path / "readme.py"
    script.write_text(f"import os\nos.chdir({str(tmp_path)!r})\n{code}", encoding="utf-8")
    running = fork(script, WITHOUT_EXTENSION, target=run_script)
    out, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    assert float(out.split()[0]) < 100
    assert (tmp_path / "run" / "model.safetensors").exists()


def test_every_example_is_tested() -> None:
    assert {p.name for p in EXAMPLES.glob("*.py")} == set(EXPECTED)
