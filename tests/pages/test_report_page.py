"""The page as a file: complete, well-formed, self-contained, escaped, and the same every time."""

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from report_pages import NASTY, curve, page, states

from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.errors import RunError
from unrolled.pages import Section, Table, write_page
from unrolled.pages.page import render

VOID = {"meta", "link", "br", "img"}


class Reader(HTMLParser):
    """Collects tags, ids, texts and scripts; fails where a tag closes another one."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.ids, self.texts, self.scripts, self.attributes = [], [], [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open[-1:] == ["script"] else self.texts).append(data)

    @property
    def text(self):
        return "\n".join(self.texts)


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_page(page(), path)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def read(html):
    return Reader(html)


def payloads(read):
    return [json.loads(s) for s in read.scripts if s.startswith('{"layers"')]


def test_every_part_is_there(read):
    for words in ("A curve", "A picture", "States", "Norms", "Drawing", "How to read it.", "--clip-norm"):
        assert words in read.text
    assert read.tags.count("svg") == 2
    assert read.tags.count("canvas") == 6
    assert read.text.count("This map needs JavaScript") == 2
    assert [t for t in read.texts if re.fullmatch(r"(Figure|Table) \d", t)] == [
        "Figure 1", "Figure 2", "Figure 3", "Figure 4", "Table 1",
    ]  # fmt: skip


def test_the_worst_comes_first_with_words_marks_and_numbers(read):
    found = [read.text.index(title) for title in ("Gradients vanish", "Units are saturated", "All is well")]
    assert found == sorted(found)
    assert "1 problem, 1 to take note of, 1 good" in read.text
    for words in (
        "Problem",
        "Take note",
        "Good",
        "✕",
        "✓",
        "2.30 × 10⁻⁹",
        "not a number",
        '--clip-norm "1.0"',
    ):
        assert words in read.text


def test_ids_are_unique_and_references_lead_somewhere(read):
    assert len(read.ids) == len(set(read.ids))
    for _, name, value in read.attributes:
        if name == "href" and value.startswith("#"):
            assert value[1:] in read.ids
        for target in re.findall(r"url\(#([^)]+)\)", value or ""):
            assert target in read.ids
        if name in ("aria-labelledby", "for"):
            assert value in read.ids


def test_the_same_chart_twice_shares_no_ids():
    read = Reader(render(page(curve("one"), curve("two"))))
    assert len(read.ids) == len(set(read.ids))
    assert len([i for i in read.ids if i.startswith("f1.")]) > 0
    assert len([i for i in read.ids if i.startswith("f1.")]) == len(
        [i for i in read.ids if i.startswith("f2.")]
    )


def test_nothing_is_loaded_from_anywhere(html, read):
    for _, name, value in read.attributes:
        if name in ("src", "href", "srcset", "action", "poster"):
            assert value.startswith(("#", "data:"))
    assert not re.search(r"""(src|href)\s*=\s*["']?\s*(https?:)?//|url\(\s*["']?(?!#)|@import""", html)
    assert "fetch(" not in html
    assert "default-src 'none'" in html


def test_what_is_given_is_text_and_never_markup(html, read):
    for words in (
        "A report <i>with care</i>",
        "of a network & a text",
        "<none>",
        "</td><td>",
        "x ──▶ <lstm>",
    ):
        assert words in read.text
    assert not {"i", "lstm", "none"} & set(read.tags)
    assert "b" not in read.tags
    assert read.tags.count("script") == 4  # colours, two maps, the program


def test_tokens_come_through_unharmed(read):
    _, nasty = payloads(read)
    assert nasty["tokens"] == NASTY
    shown = dict(zip(nasty["tokens"], nasty["shown"], strict=True))
    assert [shown[t] for t in ("\n", " ", "", "\u2028", "\u0301", "🙂")] == [
        "↵",
        "·",
        "∅",
        "⟨2028⟩",
        "◌\u0301",
        "🙂",
    ]
    assert all(s.isascii() for s in read.scripts[:3])


def test_halves_of_surrogate_pairs_in_text_are_spelled_out(tmp_path):
    write_page(page(states(), title="bytes \udcff"), tmp_path / "r.html")
    assert r"bytes \udcff" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_states_are_packed_as_the_page_says(read):
    given = states()
    packed = payloads(read)[0]
    for layer in packed["layers"]:
        values = given.layers[layer["name"]]
        cells = np.frombuffer(base64.b64decode(layer["data"]), np.int8).reshape(layer["units"], -1)
        unpacked = (cells * np.array(layer["scale"])[:, None] / 127).T
        np.testing.assert_allclose(unpacked, values, atol=1.001 * np.abs(values).max() / 254)
    assert packed["layers"][0]["notes"] == [[3, "newline, r = 0.93"]]


def test_charts_take_the_colours_of_the_page(html):
    drawings = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    assert "currentColor" in drawings
    assert "var(--sans)" in drawings
    assert "var(--ground)" in drawings  # behind a legend
    assert "#000000" not in drawings
    assert "<style" not in drawings
    assert re.search("10⁻[¹²³⁴-⁹]", drawings)  # a power of ten in plain characters


def test_the_same_page_is_the_same_file(tmp_path):
    one, other = (page(curve(), states()) for _ in range(2))
    for name, made in (("a", one), ("again", one), ("b", other)):
        write_page(made, tmp_path / name)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_a_page_is_replaced_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(RunError, match=r"report\.html: could not be written \(No space"):
        write_page(page(curve()), path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_with_next_to_nothing(tmp_path):
    bare = page(subtitle="", facts={}, verdicts=(), sections=())
    read = Reader(render(bare))
    assert "Findings" not in read.text
    assert "figure" not in read.tags


def test_numbers_alone_stand_flush_right():
    table = Table("T", "", ["name", "value"], [["a", 1.23456], ["b", 1e-9]])
    html = render(page(verdicts=(), sections=(Section("S", "", (table,)),)))
    assert '<td>a</td><td class="right">1.235</td>' in html
    assert '<td class="right">1.000 × 10⁻⁹</td>' in html


def test_two_problems_are_called_so():
    twice = tuple(Verdict(f"V{i}", "bad", "S") for i in range(2))
    assert "2 problems" in Reader(render(page(curve(), verdicts=twice))).text


def test_a_large_map_stays_small_enough():
    rng = np.random.default_rng(0)
    layers = {f"l{i}": rng.normal(size=(2000, 512)).astype(np.float32) for i in range(4)}
    html = render(page(states(tokens=["x"] * 2000, layers=layers, notes={})))
    assert len(html.encode()) < 6_000_000
