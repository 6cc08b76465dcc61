"""Consoles and prompts in other encodings than UTF-8."""

import io
import os

import pytest

from unrolled import LanguageModel
from unrolled.cli.streams import LossyStream


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("ascii", ["next", "RUN", "--prompt", "naïve"]),
        pytest.param("latin-1", ["summary", "RUN"], marks=pytest.mark.slow),
        ("cp1252", ["recipes"]),
        pytest.param("latin-1", ["train", "lm", "--help"], marks=pytest.mark.slow),
    ],
)
def test_commands_work_on_a_console_that_is_not_utf8(encoding, words, tiny_run, start):
    env = os.environ | {"PYTHONIOENCODING": encoding}
    words = [tiny_run if word == "RUN" else word for word in words]
    process = start(*words, env=env | {"PYTHONUTF8": "0"}, errors="replace")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert out


def test_replaced_characters_are_counted():
    raw = io.BytesIO()
    stream = LossyStream(io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    stream.write("naïve │ Жук\n")
    assert raw.getvalue() == b"na?ve ? ???\n"
    assert stream.replaced == 4


@pytest.mark.skipif(os.name == "nt", reason="a locale of POSIX")
def test_a_prompt_is_utf8_in_every_locale(tmp_path, start):
    options = {"hidden": 4, "embedding": 4, "max_steps": 2, "threads": 1, "tokenizer": "char"}
    LanguageModel(**options).fit(["grün und blau, schön. " * 40], out=tmp_path / "run", progress=False)
    ascii_only = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}
    words = ["generate", tmp_path / "run", "--prompt", "grün", "--length", "3"]
    process = start(*words, env=os.environ | ascii_only, errors="replace")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out[:4]) == (0, "grün"), err
    assert "vocabulary" not in err
