"""The files of the pages: nothing inline, nothing from elsewhere, nothing missing."""

import re

import pytest

pages = pytest.importorskip("unrolled.serve.pages", reason="needs the server: pip install 'unrolled[serve]'")
FILES = sorted(path for path in pages.STATIC.rglob("*") if path.is_file())


def name_of(path) -> str:
    return str(path.relative_to(pages.STATIC))


HTML = [path for path in FILES if path.suffix == ".html"]
SCRIPTS = [path for path in FILES if path.suffix == ".js"]


@pytest.mark.parametrize("path", HTML, ids=name_of)
def test_pages_have_nothing_inline(path) -> None:
    html = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", html)
    assert all("src=" in tag for tag in re.findall("<script[^>]*>", html))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_comes_from_another_host(path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://(?!localhost|127\.0\.0\.1)\w", text)


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_scripts_import_what_is_there(path) -> None:
    script = path.read_text(encoding="utf-8")
    assert not re.search(r"\beval\(|new Function\(|\.innerHTML|insertAdjacentHTML|document\.write", script)
    for names, file in re.findall(r"(?:import|export) \{([^}]*)\} from \"(\.[\w./-]+)\"", script):
        imported = (path.parent / file).read_text(encoding="utf-8")
        for name in re.split(r",\s*", names.strip().rstrip(",")):
            name = name.split(" as ")[0].strip()
            declared = (
                rf"export (?:async )?(?:(?:function\*?|class) |(?:const|let) (?:[^;]*, )?){re.escape(name)}\b"
            )
            listed = rf"export \{{[^}}]*\b{re.escape(name)}\b"
            assert re.search(declared, imported) or re.search(listed, imported), f"{file} has no {name}"


def test_every_page_has_its_parts() -> None:
    for path in HTML:
        if path.parent.name != "shell":
            for suffix in (".css", ".js"):
                assert path.with_suffix(suffix).is_file()
            html = pages.build_page(path.parent.name, "A <title>", 'a "model" & __BODY__')
            assert "A &lt;title&gt;" in html
            assert 'data-model="a &quot;model&quot; &amp; __BODY__"' in html
            assert path.read_text(encoding="utf-8").strip() in html
