"""A missing optional package gives one error line that names its extra, before any work is done."""

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

results = []
for words in commands:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    results.append((status, out.getvalue(), err.getvalue()))
print(json.dumps(results))
"""


def run_without_extras(script: str, cwd: Path) -> str:
    """Run a script in a new interpreter without any optional package; return its stdout."""
    done = subprocess.run(
        [sys.executable, "-c", f"hidden = {HIDDEN_MODULES}\n{HIDE}\n{script}"],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_commands(commands: list[list[str]], cwd: Path) -> list[tuple[int, str, str]]:
    """Run ``unrolled`` commands without extras; return the status, stdout and stderr of each."""
    return json.loads(run_without_extras(f"commands = {commands}\n{RUN}", cwd).splitlines()[-1])


HIDDEN_MODULES = tuple(
    sorted({module for modules in extras.EXTRAS.values() for module in modules} - {"jinja2"})
)
"""Modules of all extras; jinja2 comes with torch."""
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
    (["serve", "no-such-run"], "the server needs starlette: pip install 'unrolled[serve]'"),
    (
        ["bench", "layers", "--out", "figures"],
        "--out (a plot of the figures) needs matplotlib, scipy: pip install 'unrolled[plots]'",
    ),
]
"""Commands, and the error line of each."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small text."""
    path = tmp_path_factory.mktemp("extras")
    (path / "text.txt").write_text("to be or not to be, that is the question\n" * 20, encoding="utf-8")
    return path


def test_extras_match_pyproject():
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    for name, modules in extras.EXTRAS.items():
        packages = {extras.PACKAGES.get(module, module) for module in modules}
        required = [p for p in project["optional-dependencies"][name] if ";" not in p]  # on every platform
        assert packages == {p.partition(">")[0] for p in required}, name
    everything = project["optional-dependencies"]["all"][0]
    assert set(extras.EXTRAS) == set(everything.partition("[")[2].removesuffix("]").split(","))


def test_a_command_names_its_missing_extra_before_any_work(folder: Path):
    results = run_commands([words for words, _ in ERRORS], folder)
    for (words, line), (status, out, err) in zip(ERRORS, results, strict=True):
        assert (status, out, err) == (1, "", f"error: {line}\n"), words


def test_a_language_model_works_without_extras(folder: Path):
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
    results = run_commands(commands, folder)
    assert [status for status, _, _ in results] == [0] * len(commands)
    _, out, err = results[0]
    note = "no plots are drawn; to draw them: pip install 'unrolled[plots]', then unrolled resume lm"
    assert err.count(note) == 1
    assert "plots:" not in out
    assert not (folder / "lm" / "plots").exists()


def test_a_public_name_raises_the_same_error(folder: Path):
    script = "import unrolled\ntry:\n    unrolled.Forecaster\nexcept ImportError as error:\n    print(error)"
    printed = run_without_extras(script, folder)
    assert printed == "a forecaster needs pandas: pip install 'unrolled[forecast]'\n"


def test_only_missing_modules_of_the_extra_are_reported_as_such(monkeypatch: pytest.MonkeyPatch):
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


def test_required_dependencies_are_few():
    requirements = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {requirement.partition(">")[0] for requirement in requirements}
    assert names == {"torch", "numpy", "safetensors", "msgspec", "tyro", "rich"}
