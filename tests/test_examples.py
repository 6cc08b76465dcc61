"""The examples run as they stand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import WITHOUT_EXTENSION

EXAMPLES = Path(__file__).parents[1] / "examples"


EXPECTED = {
    "drop_in.py": "past the end of row 1: 0.0",
    "text_file.py": "nats/token, perplexity",
    "own_cell.py": "output (12, 2, 6) final state (2, 6)",
    "classify.py": "accuracy 100.00%, macro F1 100.00%",
    "tag.py": "['pronoun', 'verb', 'adverb']",
    "vectors.py": "True ~ False",
    "forecast.py": "1 row repeats a time stamp: averaged",
    "translate.py": "09 Nov 1989 → 1989-11-09",
    "music.py": "16 steps in ",
    "ngram.py": "nats a character",
    "inside.py": "bad: Vanishing at distance 10 (rnn.l0)",
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_example(name: str, expected: str, english_file: Path) -> None:
    arguments = [english_file] if name == "text_file.py" else []
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        env=os.environ | {"PYTHONWARNINGS": f"error,{WITHOUT_EXTENSION}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout
    if name == "drop_in.py":
        first = done.stdout.splitlines()[0]
        assert first.startswith("largest difference from torch.nn.LSTM: ")
        assert float(first.split()[-1]) < 1e-6


def test_every_example_is_tested() -> None:
    assert {p.name for p in EXAMPLES.glob("*.py")} == set(EXPECTED)
