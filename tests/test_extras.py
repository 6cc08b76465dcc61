"""A missing package is one line that names its extra, said before any work is done."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from unrolled import extras
from unrolled.errors import MissingExtraError

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


HIDE = """
import contextlib, io, json, sys

class Hide:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, *rest):
        return None if name.partition(".")[0] in hidden else self.finder.find_spec(name, *rest)

sys.meta_path[:] = map(Hide, sys.meta_path)
"""
RUN = """
from unrolled.cli.main import main

answers = []
for words in commands:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    answers.append((status, out.getvalue(), err.getvalue()))
print(json.dumps(answers))
"""


def without_extras(script: str, cwd: Path) -> str:
    """Run a script in a fresh interpreter that has no package of an extra; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", f"hidden = {BARE}\n{HIDE}\n{script}"],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers_of(commands: list[list[str]], cwd: Path) -> list[tuple[int, str, str]]:
    """Run commands of ``unrolled`` without extras; return the status, output and errors of each."""
    return json.loads(without_extras(f"commands = {commands}\n{RUN}", cwd).splitlines()[-1])


BARE = tuple(sorted({module for modules in extras.EXTRAS.values() for module in modules} - {"jinja2"}))
"""All of them; jinja2 comes with torch."""
SMALL = ("--hidden", "8", "--epochs", "1", "--batch", "2", "--threads", "1")


ERRORS: list[tuple[list[str], str]] = [
    (
        ["train", "lm", "--tokenizer", "bpe", "--data", "no-such-file", "--out", "run"],
        "byte-pair encoding needs tokenizers: pip install 'unrolled[text]'",
    ),
    (
        ["train", "classify", "--data", "no-such-file", "--out", "run"],
        "a classifier needs scikit-learn: pip install 'unrolled[classify]'",
    ),
    (
        ["train", "translate", "--data", "no-such-file", "--out", "run"],
        "a translator needs sacrebleu: pip install 'unrolled[translate]'",
    ),
    (
        ["train", "forecast", "--data", "no-such-file", "--out", "run"],
        "a forecaster needs pandas: pip install 'unrolled[forecast]'",
    ),
    (
        ["compose", "no-such-run", "--out", "piece.mid"],
        "unrolled compose needs mido: pip install 'unrolled[music]'",
    ),
    (
        ["compare", "lm", "--data", "no-such-file", "--out", "x"],
        "a comparison of models needs pandas: pip install 'unrolled[compare]'",
    ),
    (["inspect", "no-such-run"], "a page needs matplotlib: pip install 'unrolled[plots]'"),
    (
        ["vectors", "plot", "no-such-file", "--out", "words.png"],
        "unrolled vectors plot needs gensim, scikit-learn, matplotlib: pip install 'unrolled[vectors]'",
    ),
    (
        ["bench", "layers", "--out", "figures"],
        "--out (a plot of the figures) needs matplotlib, scipy: pip install 'unrolled[plots]'",
    ),
]
"""Commands, and the one line that each says."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small text."""
    here = tmp_path_factory.mktemp("extras")
    (here / "text.txt").write_text("to be or not to be, that is the question\n" * 20, encoding="utf-8")
    return here


def test_the_extras_are_those_of_the_project():
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    for name, modules in extras.EXTRAS.items():
        packages = {extras.PACKAGES.get(module, module) for module in modules}
        assert packages == {p.partition(">")[0] for p in project["optional-dependencies"][name]}, name
    everything = project["optional-dependencies"]["all"][0]
    assert set(extras.EXTRAS) == set(everything.partition("[")[2].removesuffix("]").split(","))


def test_a_command_names_its_extra_at_once(folder: Path):
    answers = answers_of([words for words, _ in ERRORS], folder)
    for (words, line), (status, out, err) in zip(ERRORS, answers, strict=True):
        assert (status, out, err) == (1, "", f"error: {line}\n"), words


def test_the_bare_package_trains_and_uses_a_language_model(folder: Path):
    commands = [
        ["train", "lm", "--data", "text.txt", "--out", "lm", *SMALL],
        ["generate", "lm", "--length", "5"],
        ["next", "lm"],
        ["evaluate", "lm", "--data", "text.txt"],
        ["resume", "lm"],
        ["explain", "lm"],
        ["summary", "lm"],
        ["info"],
        ["ngram", "--data", "text.txt", "--order", "2"],
    ]
    answers = answers_of(commands, folder)
    assert [status for status, _, _ in answers] == [0] * len(commands)
    _, out, err = answers[0]
    note = "no plots are drawn; to draw them: pip install 'unrolled[plots]', then unrolled resume lm"
    assert err.count(note) == 1
    assert "plots:" not in out
    assert not (folder / "lm" / "plots").exists()


def test_a_public_name_says_the_same(folder: Path):
    script = "import unrolled\ntry:\n    unrolled.Forecaster\nexcept ImportError as error:\n    print(error)"
    said = without_extras(script, folder)
    assert said == "a forecaster needs pandas: pip install 'unrolled[forecast]'\n"


def test_only_a_missing_module_of_the_extra_is_translated(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    line = r"^this needs pandas: pip install 'unrolled\[forecast\]'$"
    with pytest.raises(MissingExtraError, match=line), extras.extra("forecast", "this"):
        import pandas  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), extras.extra("forecast", "this"):
        import no_such_module  # noqa: F401
    with pytest.raises(ImportError, match="cannot import name"), extras.extra("forecast", "this"):
        from math import no_such_name  # noqa: F401
    assert not extras.has_extra("forecast")
    with pytest.raises(MissingExtraError, match="needs pandas"):
        extras.require_extra("forecast", "this")


def test_the_bare_dependencies_are_few():
    bare = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {requirement.partition(">")[0] for requirement in bare}
    assert names == {"torch", "numpy", "safetensors", "msgspec", "tyro", "rich"}
