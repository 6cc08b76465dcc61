"""Reading tagged sentences: detect the format of a file and read its sentences."""

from dataclasses import dataclass
from pathlib import Path

from unrolled.data.catalogue.dataset import TAGGED
from unrolled.data.catalogue.lookup import locate
from unrolled.data.files import UTF8
from unrolled.data.path_lists import split_paths
from unrolled.data.tagged.column_file import read_column_file
from unrolled.data.tagged.columns import Columns
from unrolled.data.tagged.conllu import is_conllu, read_conllu
from unrolled.data.tagged.file import TaggedFile
from unrolled.data.tagged.inline import get_inline_tags, inline_sign, read_inline
from unrolled.data.tagged.json_lines import is_json, read_json_lines
from unrolled.data.tagged.lines import Lines, is_blank, read_lines, split_fields
from unrolled.data.tagged.missing import Missing, check_words, select_complete
from unrolled.data.tagged.parallel import SLOT_FILES, read_parallel
from unrolled.data.tagged.plain import read_plain
from unrolled.data.tagged.sentence_rows import find_sentence_rows, read_sentence_rows
from unrolled.data.tagged.sentences import Tagged
from unrolled.data.tagged.table import detect_separator, guess_separator, read_table
from unrolled.errors import DataError

ANY = Columns()
CONLLU = "conllu"
NO_TAGS: frozenset[str] = frozenset()
MIN_COLUMN_ROWS = 3
"""Number of lines of equal width from which a file without known tags is read as columns, not plain text."""


@dataclass(frozen=True)
class Reader:
    """Format and tags of the data that a model was trained on."""

    form: str
    """Format of the training data; "" if they came from memory."""
    tags: frozenset[str]


def open_path(source: str | Path) -> Path:
    """Return the path of a file, or of a tagged data set given as ``@name/part``.

    Raises:
        DataError: if the data set is unknown, or its file is not available.
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
    """Open a file of tagged sentences; its format is detected from its extension, else from its lines.

    Formats are CoNLL-U, columns (CoNLL's shared tasks), words followed by their tags (``dog/NN``), one
    sentence per row (``the dog<TAB>DT NN``), tables with a column of sentence numbers, JSON, and two files
    ``words,tags`` or a folder with ``seq.in`` and ``seq.out``.

    Args:
        source: a path, two paths separated by a comma, or a data set.
        columns: the word column and the tag column; "" means that a column is detected.
        encoding: encoding of the text.
        tagged: require tags; if False, plain text is accepted too.
        model: the trained model that reads the file; None to read training data.

    Raises:
        DataError: if the file has none of these formats, or is malformed.
    """
    paths = [open_path(part) for part in split_paths(str(source))]
    if len(paths) == 1 and paths[0].is_dir():
        paths = _get_folder_files(paths[0])
    if len(paths) == 2:
        return check_words(read_parallel(paths[0], paths[1], encoding), tagged=tagged)
    if len(paths) > 2:
        raise DataError(f"{source}: give one file, or two as words,tags; got {len(paths)}")
    lines = read_lines(paths[0], encoding)
    form = _detect_form(lines, _ending(paths[0]), columns, model, tagged=tagged)
    if model is None or model.form == form:
        return check_words(_read(lines, form, columns, tagged=tagged), tagged=tagged)
    if model.form and form == CONLLU:
        raise DataError(
            f"{lines.name}: is CoNLL-U, which has several columns of tags, and the model was trained on "
            "another format; give a file in that format, or train on CoNLL-U (--tag-column)"
        )
    return check_words(_read(lines, form, ANY, tagged=tagged), tagged=tagged)


def read_tagged(
    source: str | Path, columns: Columns = ANY, *, missing: Missing = "error", encoding: str = UTF8
) -> Tagged:
    """Read tagged sentences; see :func:`open_tagged`.

    Raises:
        DataError: see :func:`open_tagged`; or if a word has no tag and ``missing`` is "error".
    """
    sentences, _ = select_complete(open_tagged(source, columns, encoding=encoding), missing)
    return sentences


def _detect_form(lines: Lines, ending: str, columns: Columns, model: Reader | None, *, tagged: bool) -> str:
    """Return the format of a file by its extension, else by its lines."""
    if ending in (".conllu", ".conll-u") or (ending != ".conllup" and is_conllu(lines)):
        return CONLLU
    if ending in (".jsonl", ".json", ".ndjson") or is_json(lines):
        return "json"
    if find_sentence_rows(lines):
        return "rows"
    if ending == ".csv" or detect_separator(lines):
        return "table"
    if (model or not (columns.word or columns.tag)) and _is_inline(lines, model):
        return "inline"
    return "columns" if tagged or _has_columns(lines, model.tags if model else NO_TAGS) else "plain"


def _read(lines: Lines, form: str, columns: Columns, *, tagged: bool) -> TaggedFile:
    if form == CONLLU:
        return read_conllu(lines, columns)
    if form == "json":
        return read_json_lines(lines, columns, tagged=tagged)
    if form == "rows" and (rows := find_sentence_rows(lines)):
        return read_sentence_rows(lines, rows, columns)
    if form == "table":
        return read_table(lines, columns, guess_separator(lines), tagged=tagged)
    if form == "inline":
        return read_inline(lines, inline_sign(lines))
    return read_column_file(lines, columns, tagged=tagged) if form == "columns" else read_plain(lines)


def _is_inline(lines: Lines, model: Reader | None) -> bool:
    sign = inline_sign(lines)
    return bool(sign) and (model is None or bool(model.tags & get_inline_tags(lines, sign)))


def _has_columns(lines: Lines, known_tags: frozenset[str]) -> bool:
    """Return whether a file has columns and is not plain text.

    It has columns if there are tabs, one word per line, or lines of equal width that are many or end in known
    tags.
    """
    rows = [split_fields(line, tabs=False) for line in lines.bodies() if not is_blank(line)]
    widths = {len(row) for row in rows if not row[0].startswith("#")}
    tabs = any("\t" in line.strip() for line in lines.bodies())
    if tabs or widths <= {1}:
        return True
    return len(widths) == 1 and (len(rows) >= MIN_COLUMN_ROWS or {row[-1] for row in rows} <= known_tags)


def _ending(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def _get_folder_files(folder: Path) -> list[Path]:
    paths = [folder / name for name in SLOT_FILES]
    if all(path.is_file() for path in paths):
        return paths
    names = ", ".join(sorted(path.name for path in folder.iterdir())[:5])
    raise DataError(
        f"{folder}: is a folder; give one of its files ({names} …), or a folder with "
        f"{' and '.join(SLOT_FILES)}"
    )
