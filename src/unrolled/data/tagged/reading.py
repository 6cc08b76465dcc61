"""Which form a file of tagged sentences has, and its sentences."""

from dataclasses import dataclass
from pathlib import Path

from unrolled.data.catalogue.dataset import TAGGED
from unrolled.data.catalogue.lookup import locate
from unrolled.data.commas import split_paths
from unrolled.data.files import UTF8
from unrolled.data.tagged.column_file import read_column_file
from unrolled.data.tagged.columns import Columns
from unrolled.data.tagged.conllu import is_conllu, read_conllu
from unrolled.data.tagged.file import TaggedFile
from unrolled.data.tagged.inline import inline_sign, read_inline
from unrolled.data.tagged.json_lines import is_json, read_json_lines
from unrolled.data.tagged.lines import Lines, cut, is_blank, read_lines
from unrolled.data.tagged.missing import Missing, complete
from unrolled.data.tagged.parallel import FOLDER, read_parallel
from unrolled.data.tagged.plain import read_plain
from unrolled.data.tagged.sentences import Tagged
from unrolled.data.tagged.table import read_table, separator_of
from unrolled.errors import DataError

ANY = Columns()
CONLLU = "conllu"
NO_TAGS: frozenset[str] = frozenset()
ROWS = 3
"""Lines of one width from which a file without known tags is taken for columns, not for plain text."""


@dataclass(frozen=True)
class Reader:
    """What a trained model knows of the files it reads."""

    form: str
    """Of its training data; empty if they came from memory."""
    tags: frozenset[str]


def open_path(source: str | Path) -> Path:
    """Return the file of a path, or of a tagged data set written ``@name/part``.

    Raises:
        DataError: if the name is unknown, or the file is not available.
    """
    return locate(source, TAGGED)


def open_tagged(
    source: str | Path,
    columns: Columns = ANY,
    *,
    encoding: str = UTF8,
    tagged: bool = True,
    model: Reader | None = None,
) -> TaggedFile:
    """Open a file of tagged sentences; its form is told by its ending, else by its lines.

    Forms are CoNLL-U, columns (CoNLL's shared tasks), words with tags behind them (``dog/NN``), tables with
    a column of sentences, JSON, and two files ``words,tags`` or a folder with ``seq.in`` and ``seq.out``.

    Args:
        source: path, two paths with a comma between, or data set.
        columns: of the word and the tag; empty is detected.
        encoding: of the text.
        tagged: whether it must have tags; else it may be plain text, too.
        model: that reads the file, if it is not to be trained on it.

    Raises:
        DataError: if it has none of these forms, or is broken.
    """
    paths = [open_path(part) for part in split_paths(str(source))]
    if len(paths) == 1 and paths[0].is_dir():
        paths = _in_folder(paths[0])
    if len(paths) == 2:
        return read_parallel(paths[0], paths[1], encoding)
    if len(paths) > 2:
        raise DataError(f"{source}: give one file, or two as words,tags; these are {len(paths)}")
    lines = read_lines(paths[0], encoding)
    form = _form(lines, _ending(paths[0]), columns, tagged=tagged, known=model.tags if model else NO_TAGS)
    if model is None or model.form == form:
        return _read(lines, form, columns, tagged=tagged)
    if model.form and form == CONLLU:
        raise DataError(
            f"{lines.name}: is CoNLL-U, which has several columns of tags, and the model was trained on "
            "another form of file; give such a file, or train on CoNLL-U (--tag-column)"
        )
    return _read(lines, form, ANY, tagged=tagged)


def read_tagged(
    source: str | Path, columns: Columns = ANY, *, missing: Missing = "error", encoding: str = UTF8
) -> Tagged:
    """Return the sentences of :func:`open_tagged`, every word with a tag.

    Raises:
        DataError: see :func:`open_tagged`; or a word has no tag, and that is refused.
    """
    sentences, _ = complete(open_tagged(source, columns, encoding=encoding), missing)
    return sentences


def _form(lines: Lines, ending: str, columns: Columns, *, tagged: bool, known: frozenset[str]) -> str:
    """Tell the form of a file by its ending, else by its lines."""
    if ending in (".conllu", ".conll-u") or (ending != ".conllup" and is_conllu(lines)):
        return CONLLU
    if ending in (".jsonl", ".json", ".ndjson") or is_json(lines):
        return "json"
    if ending == ".csv" or separator_of(lines):
        return "table"
    if not (columns.word or columns.tag) and inline_sign(lines):
        return "inline"
    return "columns" if tagged or _has_columns(lines, known) else "plain"


def _read(lines: Lines, form: str, columns: Columns, *, tagged: bool) -> TaggedFile:
    if form == CONLLU:
        return read_conllu(lines, columns)
    if form == "json":
        return read_json_lines(lines, columns, tagged=tagged)
    if form == "table":
        return read_table(lines, columns, separator_of(lines) or ",", tagged=tagged)
    if form == "inline":
        return read_inline(lines, inline_sign(lines))
    return read_column_file(lines, columns, tagged=tagged) if form == "columns" else read_plain(lines)


def _has_columns(lines: Lines, known: frozenset[str]) -> bool:
    """Tell columns from plain text: tabs, one word a line, known tags, or lines of one width."""
    rows = [cut(line, tabs=False) for line in lines.bodies() if not is_blank(line)]
    widths = {len(row) for row in rows if not row[0].startswith("#")}
    tabs = any("\t" in line.strip() for line in lines.bodies())
    if tabs or widths <= {1}:
        return True
    return len(widths) == 1 and (len(rows) >= ROWS or {row[-1] for row in rows} <= known)


def _ending(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def _in_folder(folder: Path) -> list[Path]:
    paths = [folder / name for name in FOLDER]
    if all(path.is_file() for path in paths):
        return paths
    names = ", ".join(sorted(path.name for path in folder.iterdir())[:5])
    raise DataError(
        f"{folder}: is a folder; give one of its files ({names} …), or one with {' and '.join(FOLDER)}"
    )
