"""Set-up and fixtures of all tests: one thread, NaN-filled memory, a small text and model, processes."""

import base64
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from environment import WITHOUT_EXTENSION, fix_environment
from forked import Forked, make_context, run_command
from unrolled import LanguageModel, extension
from unrolled.cli.main import main
from unrolled.storage import picture

pytest_plugins = ("onnx_export", "page_browser")

fix_environment()
os.environ["PYTHONWARNINGS"] = WITHOUT_EXTENSION
torch.set_num_threads(1)
# Fills the memory of torch.empty with NaN, so that a read of unwritten memory is detected.
torch.use_deterministic_algorithms(True)

settings.register_profile("quick", deadline=None, max_examples=30)
settings.register_profile("ci", settings.get_profile("quick"), derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=200)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))

_SUBJECTS = ["the miller", "a heron", "my sister", "the old clock", "every boat", "the baker's son"]
_VERBS = ["watches", "carries", "forgets", "mends", "follows", "counts"]
_OBJECTS = ["the river", "seven sacks of flour", "a letter", "the weather", "its shadow", "the bell"]
_ENDS = [", in the morning", "before it rains", "without a word", "once a year", "again"]

TINY = {
    "hidden": 12,
    "embedding": 6,
    "batch": 4,
    "steps": 10,
    "epochs": 2,
    "lr": 0.02,
    "validate_every": 60,
    "threads": 1,
    "seed": 7,
}
"""Options of a model that trains in a fraction of a second."""


def english_sentences(count: int, seed: int = 0) -> list[str]:
    """Return sentences like simple English, different for every seed."""
    rng = random.Random(seed)
    lines = []
    for _ in range(count):
        words = [rng.choice(part) for part in (_SUBJECTS, _VERBS, _OBJECTS, _ENDS)]
        line = f"{words[0]} {words[1]} {words[2]}{'' if words[3][0] == ',' else ' '}{words[3]}."
        lines.append(line[0].upper() + line[1:])
    return lines


@pytest.fixture(autouse=True)
def _same_random_numbers_whatever_ran_before() -> None:
    torch.manual_seed(0)


DRAW = picture.draw
BLANK_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg=="
)
BLANK_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="72pt" viewBox="0 0 72 72"/>'


def leave_blank(figure: object, format: str, **options: object) -> bytes:
    return BLANK_PNG if format == "png" else BLANK_SVG


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Mark most cases of the tests marked ``thin(n)`` as slow.

    Every n-th case stays. If there are several parameters, so does the first case with each value.
    """
    counts: Counter[str] = Counter()
    seen: set[tuple[str, str, str]] = set()
    for item in items:
        marker = item.get_closest_marker("thin")
        if marker is None:
            continue
        test = item.nodeid.partition("[")[0]
        parameters = item.callspec.params if len(item.callspec.params) > 1 else {}
        values = {(test, name, repr(value)) for name, value in parameters.items()}
        if counts[test] % marker.args[0] and values <= seen:
            item.add_marker("slow")
        counts[test] += 1
        seen |= values


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Draw plots only in tests marked ``draws``: drawing takes most of the time of a small training run."""
    picture.draw = leave_blank if item.get_closest_marker("draws") is None else DRAW


@pytest.fixture
def no_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behave as if the package were installed without its compiled extension."""
    monkeypatch.setattr(extension, "core", None)


@pytest.fixture
def use_kernels() -> Iterator[Callable[[str], None]]:
    """``use_kernels("avx2")`` selects the kernels of that instruction set for this test."""
    if extension.core is None:
        pytest.skip("the package is installed without its extension")
    before = extension.kernels()
    yield extension.use_kernels
    extension.use_kernels(before)


@pytest.fixture
def set_threads() -> Iterator[Callable[[int], None]]:
    """``set_threads(2)`` sets torch's number of threads for this test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def write_english() -> Callable[..., str]:
    """``write_english(count, seed)`` returns a text with one sentence per line."""
    return lambda count=60, seed=0: "\n".join(english_sentences(count, seed)) + "\n"


@pytest.fixture(scope="session")
def english_file(tmp_path_factory: pytest.TempPathFactory, write_english: Callable) -> Path:
    path = tmp_path_factory.mktemp("text") / "english.txt"
    path.write_text(write_english(60), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_options() -> dict:
    return dict(TINY)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory, english_file: Path) -> Path:
    """Run folder of a small trained character model; not to be changed (see ``run_copy``)."""
    picture.draw = DRAW
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    LanguageModel(**TINY).fit(english_file, out=folder, progress=False)
    return folder


@pytest.fixture(scope="session")
def tiny_lm(tiny_run: Path) -> LanguageModel:
    return LanguageModel.load(tiny_run)


@pytest.fixture(scope="session")
def tiny_words(english_file: Path) -> LanguageModel:
    """A small trained word model whose training data contain <unk>."""
    options = TINY | {"tokenizer": "word", "min_frequency": 3, "epochs": 5, "validate_every": 0}
    return LanguageModel(**options).fit(english_file, progress=False)


@pytest.fixture
def run_copy(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of the small trained run that a test may damage."""
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


@pytest.fixture(scope="session")
def published() -> Callable[[str], Path]:
    """``published("ptb/ptb.test.txt")`` returns that file under $UNROLLED_DATA; skips the test without it."""

    def find(name: str) -> Path:
        root = os.environ.get("UNROLLED_DATA")
        if not root:
            pytest.skip(f"needs {name}: UNROLLED_DATA is not set")
        path = Path(root) / name
        if not path.is_file():
            pytest.skip(f"needs {name}: {path} is missing")
        return path

    return find


@dataclass(frozen=True)
class Outcome:
    """Exit status and output of a command."""

    status: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The error line of an expected failure; fails the test if the command did anything else."""
        lines = self.err.splitlines()
        assert self.status != 0, self
        assert len(lines) == 1, self.err
        assert lines[0].startswith("error: "), self.err
        assert "Traceback" not in self.out
        return lines[0]


@pytest.fixture
def command(capsys: pytest.CaptureFixture) -> Callable[..., Outcome]:
    """``command("evaluate", run, "--data", text)`` runs the command line in this process."""

    def run(*words: object) -> Outcome:
        capsys.readouterr()
        try:
            status = main([str(w) for w in words])
        except SystemExit as leaving:
            status = leaving.code if isinstance(leaving.code, int) else 0 if not leaving.code else 1
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run


PROGRAM = (sys.executable, "-c", "import sys; from unrolled.cli.main import main; sys.exit(main())")


@pytest.fixture(scope="session")
def start() -> Callable[..., subprocess.Popen]:
    """``start("resume", run)`` starts the command line in a new interpreter."""

    def begin(*words: object, program: Sequence[str] = PROGRAM, **options: object) -> subprocess.Popen:
        return subprocess.Popen(
            [*program, *(str(w) for w in words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **options,
        )

    return begin


@pytest.fixture(scope="session")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Forked]:
    """``fork("resume", run)`` starts the command line in a forked process, without waiting for imports."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system does not fork")
    context = make_context()

    def begin(*words: object, target: Callable[..., None] = run_command) -> Forked:
        return Forked(context, tmp_path_factory.mktemp("forked"), target, *words)

    return begin


@pytest.fixture(scope="session")
def process(start: Callable[..., subprocess.Popen]) -> Callable[..., Outcome]:
    """``process("info")`` runs the command line in a new interpreter to its end."""

    def run(*words: object, **options: object) -> Outcome:
        running = start(*words, **options)
        out, err = running.communicate(timeout=120)
        return Outcome(running.returncode, out, err)

    return run


@pytest.fixture(scope="session")
def snapshot() -> Callable[[Path], dict[str, bytes]]:
    """``snapshot(folder)`` returns the content of every file in the folder by its relative path."""
    return lambda folder: {
        str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }
