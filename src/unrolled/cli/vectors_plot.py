"""``unrolled vectors plot``: word vectors in two dimensions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from unrolled.cli.arguments import decode_argument, parse
from unrolled.cli.plain import Positional
from unrolled.cli.vectors_source import open_vectors
from unrolled.config import require
from unrolled.errors import DataError, suggestion
from unrolled.extras import require_extra
from unrolled.storage.folder import make_folder
from unrolled.storage.output import check_output, parse_output_path
from unrolled.text.neighbours import plot_words, project_to_plane
from unrolled.wording import counted

MIN_WORDS = 4


@dataclass(frozen=True)
class Arguments:
    """Plot word vectors, projected to two dimensions."""

    source: Annotated[str, Positional("FILE|RUN")]
    """File of word vectors, or the run folder of a model over words."""

    out: str
    """PNG to write."""

    words: tuple[str, ...] = ()
    """Words to plot; by default the first --count words of the file, which are usually the most frequent."""

    count: int = 200
    """Number of words to plot without --words."""

    method: Literal["pca", "tsne"] = "tsne"
    """pca: the two directions of largest variance. tsne: keeps neighbours together (van der Maaten & Hinton
    2008)."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require_extra("vectors", prog)
    require(args.out.lower().endswith(".png"), f"--out {args.out}: the file name must end with .png")
    out = parse_output_path(args.out)
    make_folder(out.parent)
    check_output(out)
    words, vectors = open_vectors(args.source)
    indices = {word: i for i, word in enumerate(words)}
    plotted_words = [decode_argument(word) for word in args.words] or list(words[: args.count])
    for word in plotted_words:
        if word not in indices:
            raise DataError(f"{word!r} has no vector{suggestion(word, indices)}")
    require(
        len(plotted_words) >= MIN_WORDS,
        f"{counted(len(plotted_words), 'word')}: a plot needs at least {MIN_WORDS}",
    )
    points = project_to_plane(vectors[[indices[word] for word in plotted_words]], args.method)
    print(plot_words(plotted_words, points, out, f"{Path(args.source).name}: {args.method}"))
    return 0
