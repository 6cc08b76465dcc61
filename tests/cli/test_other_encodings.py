"""Consoles and prompts that are not UTF-8."""

import io
import os

import pytest

from unrolled.cli.streams import LossyStream


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("ascii", ["next", "RUN", "--prompt", "naïve"]),
        ("latin-1", ["summary", "RUN"]),
        ("cp1252", ["recipes"]),
        ("latin-1", ["train", "lm", "--help"]),
    ],
)
def test_a_console_that_is_not_utf8(encoding, words, tiny_run, start):
    env = os.environ | {"PYTHONIOENCODING": encoding}
    words = [tiny_run if word == "RUN" else word for word in words]
    process = start(*words, env=env | {"PYTHONUTF8": "0"}, errors="replace")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert out


def test_letters_that_are_replaced_are_counted():
    raw = io.BytesIO()
    stream = LossyStream(io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    stream.write("naïve │ Жук\n")
    assert raw.getvalue() == b"na?ve ? ???\n"
    assert stream.replaced == 4
