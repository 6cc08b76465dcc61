"""The web page of a language model in ONNX, in a real Chromium with onnxruntime-web."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx.helper", reason="onnx is not installed")
pytest.importorskip("onnxruntime")

from page_browser import LOADED, set_temperature, shown_probabilities
from unrolled import LanguageModel
from unrolled.exporters.export import export
from unrolled.exporters.onnx.check import Session
from unrolled.exporters.onnx.page import NEXT_STEP
from unrolled.text import UNK_ID

pytestmark = pytest.mark.browser

MODELS: dict[str, dict[str, Any]] = {
    "characters": {"cell": "lstm", "layers": 2},
    "scan": {"cell": "lstm", "layer_norm": True, "lowercase": True},
    "words": {"cell": "gru", "tokenizer": "word", "min_frequency": 3, "hidden": 24, "epochs": 5},
    "sentences": {
        "cell": "elman",
        "tokenizer": "word",
        "mode": "sentence",
        "split_punctuation": True,
        "hidden": 24,
        "epochs": 5,
    },
}


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command that the export prints installs."""
    if shutil.which("npm") is None:
        pytest.skip("needs npm, which is not on PATH")
    folder = tmp_path_factory.mktemp("npm")
    command = NEXT_STEP.split(" && ")[1].split()
    done = subprocess.run([*command, "--no-audit"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"npm could not install onnxruntime-web: {done.stderr.strip()[-200:]}")
    return folder / "node_modules"


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest, english_file: Path, tiny_options: dict[str, Any]) -> LanguageModel:
    options = tiny_options | {"validate_every": 0} | MODELS[request.param]
    return LanguageModel(**options).fit(english_file, progress=False)


@pytest.fixture
def open_export(
    node_modules: Path, serve: Callable, open_page: Callable, tmp_path: Path
) -> Callable[..., Any]:
    """``open_export(model, precision=…)`` exports a model and opens its page."""

    def start(model: LanguageModel, **options: Any) -> Any:
        export(model, "onnx", tmp_path / "out", **options)
        (tmp_path / "out/node_modules").symlink_to(node_modules)
        return open_page(f"{serve(tmp_path / 'out')}/page.html")

    return start


@pytest.mark.slow  # npm fetches onnxruntime-web
@pytest.mark.parametrize("prompt", ["", "The ", "the miller\nA heron "])
def test_greedy_text_is_that_of_the_model(
    model: LanguageModel,
    prompt: str,
    node_modules: Path,
    serve: Callable,
    open_page: Callable,
    tmp_path: Path,
) -> None:
    export(model, "onnx", tmp_path / "out")
    (tmp_path / "out/node_modules").symlink_to(node_modules)
    tab = open_page(f"{serve(tmp_path / 'out')}/page.html")
    tab.fill("#text", prompt)  # the model is not loaded yet
    set_temperature(tab, 0)
    tab.wait_for_function(LOADED)
    tab.click("#go")
    tab.wait_for_function(f"document.getElementById('text').value.length > {len(prompt) + 40}")
    tab.click("#go")
    written = tab.input_value("#text")[len(prompt) :]
    expected = model.generate(prompt, 100, temperature=0.0)
    assert written == expected[: len(written)]


@pytest.mark.slow
def test_an_int8_page_shows_the_probabilities_of_its_file(
    tiny_lm: LanguageModel, open_export: Callable, tmp_path: Path
) -> None:
    tab = open_export(tiny_lm, precision="int8")
    session = Session(tmp_path / "out/model.onnx")
    inputs: dict[str, Any] = {name: np.zeros((1, 12), np.float32) for name in session.states}
    for token in (0, *tiny_lm.tokenizer.encode("the ")):
        outputs = session.run(inputs | {"tokens": np.array([[token]])})
        inputs = {name: outputs[f"next_{name}"] for name in inputs}
    logits = outputs["logits"][0, 0].astype(np.float64) / 0.7
    logits[UNK_ID] = -np.inf
    p = np.exp(logits - logits.max())
    p /= p.sum()
    expected = dict(zip(tiny_lm.vocabulary, p, strict=True))

    tab.wait_for_function(LOADED)
    tab.fill("#text", "the ")
    tab.wait_for_timeout(200)
    shown = shown_probabilities(tab)
    letters = [token for token in shown if token.isalpha()]
    assert len(letters) > 3
    for token in letters:
        assert shown[token] == pytest.approx(expected[token], abs=2e-3)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1400])
def test_the_page_says_what_it_lacks_and_fits_the_window(
    tiny_lm: LanguageModel, browser: Any, serve: Callable, tmp_path: Path, width: int, theme: Any
) -> None:
    export(tiny_lm, "onnx", tmp_path / "out")
    for address, problem in (
        (f"{serve(tmp_path / 'out')}/page.html", "npm install --prefix . onnxruntime-web"),
        ((tmp_path / "out/page.html").as_uri(), "python -m http.server"),
    ):
        tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
        tab.goto(address)
        tab.wait_for_selector("#about.failed")
        assert problem in tab.inner_text("#about")
        assert tab.is_disabled("#go")
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
        tab.close()
