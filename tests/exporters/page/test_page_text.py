"""What the web page of a language model is made of."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from unrolled import LanguageModel
from unrolled.errors import ExportError
from unrolled.exporters.page import PageText, build_page
from unrolled.exporters.page.trained import page_text
from unrolled.exporters.subject import subject_of
from unrolled.text.words import WordTokenizer

WORDS = WordTokenizer(["</script>", "<!--", "__STYLE__", "é", "\ud800"], split_punctuation=True)


def data_of(html: str) -> Any:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html)
    return json.loads(text)


def test_no_token_and_no_title_becomes_markup() -> None:
    html = build_page(PageText(WORDS, title="<b> & __DATA__"), "<script>backend</script>\n", {"weights": 3})
    data = data_of(html)
    assert data["tokens"] == WORDS.tokens
    assert (data["kind"], data["split"], data["weights"]) == ("word", True, 3)
    assert "<title>&lt;b&gt; &amp; __DATA__</title>" in html
    assert html.count("<script") == html.count("</script>") == 4
    assert "<!--" not in html
    html.encode()


def test_a_page_loads_nothing_from_elsewhere() -> None:
    html = build_page(PageText(WORDS), "", {})
    assert "http" not in html
    assert re.findall(r'(?:src|href)="(.*?)"', html) == ["data:,"]


@pytest.mark.parametrize("separate", [False, True])
def test_the_page_begins_as_the_model_does(
    separate: bool, english_file: Path, tiny_options: dict[str, Any]
) -> None:
    options = {"mode": "sentence", "tokenizer": "word", "lowercase": True} if separate else {}
    model = LanguageModel(**tiny_options | {"max_steps": 1} | options).fit(english_file, progress=False)
    text, notes = page_text(subject_of(model))
    assert text is not None
    assert notes == ()
    assert text.title == "english"
    data = text.data()
    assert data["separate"] is separate
    assert data["lowercase"] is separate
    # The text is one document: the model of characters has never seen how one begins.
    assert data["start"] == ([] if separate else model.tokenizer.encode("\n").tolist())


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("@ptb", "ptb"),
        ("/far/away/notes.txt", "notes"),
        ("books/*.txt", None),
        ("a.txt,b.txt", None),
        ("", None),
    ],
)
def test_the_title_is_the_name_of_the_text(tiny_run: Path, source: str, title: str | None) -> None:
    model = LanguageModel.load(tiny_run)
    model.config = model.config.__class__(corpus=model.config.corpus.with_sources(source, ""))
    text, _ = page_text(subject_of(model))
    assert text is not None
    assert text.title == (title or "Language model")


def test_a_tokeniser_that_the_page_cannot_use(english_file: Path, tiny_options: dict[str, Any]) -> None:
    pytest.importorskip("tokenizers")
    options = tiny_options | {"tokenizer": "bpe", "vocabulary": 280, "max_steps": 1}
    model = LanguageModel(**options).fit(english_file, progress=False)
    text, notes = page_text(subject_of(model))
    assert text is None
    obstacle = "the web page cannot split text as the tokeniser 'bpe' does: it knows char and word"
    assert notes == (f"no page.html: {obstacle}",)
    with pytest.raises(ExportError, match=f"{obstacle}; leave tokens out"):
        PageText(model.tokenizer)


def test_a_layer_has_no_page() -> None:
    from torch import nn

    assert page_text(subject_of(nn.LSTM(2, 3))) == (None, ())


def test_the_onnx_page_knows_the_states_of_its_file(tiny_lm: LanguageModel, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    from unrolled.exporters.export import export

    result = export(tiny_lm, "onnx", tmp_path / "out here")
    assert result.files["page.html"] > 0
    assert f"cd '{tmp_path}/out here' && npm install --prefix . onnxruntime-web@1" in str(result)
    data = data_of((tmp_path / "out here/page.html").read_text(encoding="utf-8"))
    assert [state["name"] for state in data["states"]] == ["h_l0", "c_l0"]
    assert data["states"][0] == {"name": "h_l0", "next": "next_h_l0", "size": 12, "initial": 0.0}
    assert data["weights"] == sum(p.numel() for p in tiny_lm.model.parameters())


def test_what_npm_installed_survives_a_new_export(tmp_path: Path) -> None:
    from torch import nn

    from unrolled.errors import RunError
    from unrolled.exporters.export import export

    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "package.json").write_text("{}")
    with pytest.raises(RunError, match=r"not an export \(it holds package\.json\)"):
        export(nn.LSTM(2, 3), "c", folder, overwrite=True)
    (folder / "package.json").unlink()
    export(nn.LSTM(2, 3), "c", folder)
    (folder / "node_modules/onnxruntime-web").mkdir(parents=True)
    (folder / "package.json").write_text("{}")
    export(nn.LSTM(2, 4), "c", folder, overwrite=True)
    assert (folder / "node_modules/onnxruntime-web").is_dir()
    assert (folder / "package.json").read_text() == "{}"
    (folder / "notes.txt").write_text("")
    with pytest.raises(RunError, match=r"it holds notes\.txt"):
        export(nn.LSTM(2, 4), "c", folder, overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]
