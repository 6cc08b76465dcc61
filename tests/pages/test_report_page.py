"""The page as a file: complete, well-formed, self-contained, escaped and reproducible."""

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from report_pages import NASTY_TOKENS, make_curve, make_page, make_states

from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.errors import RunError
from unrolled.pages import Section, Table, write_page
from unrolled.pages.page import render

pytestmark = pytest.mark.draws

VOID = {"meta", "link", "br", "img"}


class PageParser(HTMLParser):
    """Collects tags, ids, texts and scripts; fails if an end tag does not match its start tag."""

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
    write_page(make_page(), path)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def parsed(html):
    return PageParser(html)


def payloads(parsed):
    return [json.loads(s) for s in parsed.scripts if s.startswith('{"layers"')]


def test_every_part_is_on_the_page(parsed):
    for words in ("A curve", "A picture", "States", "Norms", "Drawing", "How to read it.", "--clip-norm"):
        assert words in parsed.text
    assert parsed.tags.count("svg") == 2
    assert parsed.tags.count("canvas") == 6
    assert parsed.text.count("This map needs JavaScript") == 2
    assert [t for t in parsed.texts if re.fullmatch(r"(Figure|Table) \d", t)] == [
        "Figure 1", "Figure 2", "Figure 3", "Figure 4", "Table 1",
    ]  # fmt: skip


def test_verdicts_are_sorted_with_the_worst_first(parsed):
    positions = [
        parsed.text.index(title) for title in ("Gradients vanish", "Units are saturated", "All is well")
    ]
    assert positions == sorted(positions)
    assert "1 problem, 1 to take note of, 1 good" in parsed.text
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
        assert words in parsed.text


def test_ids_are_unique_and_references_resolve(parsed):
    assert len(parsed.ids) == len(set(parsed.ids))
    for _, name, value in parsed.attributes:
        if name == "href" and value.startswith("#"):
            assert value[1:] in parsed.ids
        for target in re.findall(r"url\(#([^)]+)\)", value or ""):
            assert target in parsed.ids
        if name in ("aria-labelledby", "for"):
            assert value in parsed.ids


def test_two_equal_charts_share_no_ids():
    parsed = PageParser(render(make_page(make_curve("one"), make_curve("two"))))
    assert len(parsed.ids) == len(set(parsed.ids))
    assert len([i for i in parsed.ids if i.startswith("f1.")]) > 0
    assert len([i for i in parsed.ids if i.startswith("f1.")]) == len(
        [i for i in parsed.ids if i.startswith("f2.")]
    )


def test_the_page_loads_no_external_resources(html, parsed):
    for _, name, value in parsed.attributes:
        if name in ("src", "href", "srcset", "action", "poster"):
            assert value.startswith(("#", "data:"))
    assert not re.search(r"""(src|href)\s*=\s*["']?\s*(https?:)?//|url\(\s*["']?(?!#)|@import""", html)
    assert "fetch(" not in html
    assert "default-src 'none'" in html


def test_user_text_is_escaped(html, parsed):
    for words in (
        "A report <i>with care</i>",
        "of a network & a text",
        "<none>",
        "</td><td>",
        "x ──▶ <lstm>",
    ):
        assert words in parsed.text
    assert not {"i", "lstm", "none"} & set(parsed.tags)
    assert "b" not in parsed.tags
    assert parsed.tags.count("script") == 4  # colours, two maps, the program


def test_tokens_are_unchanged_in_the_payload(parsed):
    _, nasty = payloads(parsed)
    assert nasty["tokens"] == NASTY_TOKENS
    displayed = dict(zip(nasty["tokens"], nasty["shown"], strict=True))
    assert [displayed[t] for t in ("\n", " ", "", "\u2028", "\u0301", "🙂")] == [
        "↵",
        "·",
        "∅",
        "⟨2028⟩",
        "◌\u0301",
        "🙂",
    ]
    assert all(s.isascii() for s in parsed.scripts[:3])


def test_lone_surrogates_are_escaped(tmp_path):
    write_page(make_page(make_states(), title="bytes \udcff"), tmp_path / "r.html")
    assert r"bytes \udcff" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_packed_states_decode_to_their_values(parsed):
    expected_states = make_states()
    packed = payloads(parsed)[0]
    for layer in packed["layers"]:
        values = expected_states.layers[layer["name"]]
        cells = np.frombuffer(base64.b64decode(layer["data"]), np.int8).reshape(layer["units"], -1)
        unpacked = (cells * np.array(layer["scale"])[:, None] / 127).T
        np.testing.assert_allclose(unpacked, values, atol=1.001 * np.abs(values).max() / 254)
    assert packed["layers"][0]["notes"] == [[3, "newline, r = 0.93"]]


def test_charts_use_the_colours_of_the_page(html):
    drawings = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    assert "currentColor" in drawings
    assert "var(--sans)" in drawings
    assert "var(--ground)" in drawings  # behind a legend
    assert "#000000" not in drawings
    assert "<style" not in drawings
    assert re.search("10⁻[¹²³⁴-⁹]", drawings)  # a power of ten in plain characters


def test_the_same_page_is_the_same_file(tmp_path):
    first, second = (make_page(make_curve(), make_states()) for _ in range(2))
    for name, report_page in (("a", first), ("again", first), ("b", second)):
        write_page(report_page, tmp_path / name)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_a_page_is_replaced_atomically(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("before")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(RunError, match=r"report\.html: could not be written \(No space"):
        write_page(make_page(make_curve()), path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_page(tmp_path):
    empty_page = make_page(subtitle="", facts={}, verdicts=(), sections=())
    parsed = PageParser(render(empty_page))
    assert "Findings" not in parsed.text
    assert "figure" not in parsed.tags


def test_numbers_in_tables_are_right_aligned():
    table = Table("T", "", ["name", "value"], [["a", 1.23456], ["b", 1e-9]])
    html = render(make_page(verdicts=(), sections=(Section("S", "", (table,)),)))
    assert '<td>a</td><td class="right">1.235</td>' in html
    assert '<td class="right">1.000 × 10⁻⁹</td>' in html


def test_the_number_of_problems_is_plural():
    two_verdicts = tuple(Verdict(f"V{i}", "bad", "S") for i in range(2))
    assert "2 problems" in PageParser(render(make_page(make_curve(), verdicts=two_verdicts))).text


@pytest.mark.slow
def test_a_large_map_stays_small_enough():
    rng = np.random.default_rng(0)
    layers = {f"l{i}": rng.normal(size=(2000, 512)).astype(np.float32) for i in range(4)}
    html = render(make_page(make_states(tokens=["x"] * 2000, layers=layers, notes={})))
    assert len(html.encode()) < 6_000_000
