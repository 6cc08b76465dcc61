"""``unrolled vectors plot``: words in the plane."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from unrolled.cli.arguments import parse, utf8
from unrolled.cli.vectors_source import open_vectors
from unrolled.config import require
from unrolled.errors import DataError, suggestion
from unrolled.extras import require_extra
from unrolled.storage.folder import make_folder
from unrolled.storage.output import check_output, named_file
from unrolled.text.neighbours import plane, plot_words

FEWEST = 4


@dataclass(frozen=True)
class Arguments:
    """Draw words where their vectors lie, brought down to the plane."""

    source: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="FILE|RUN")]]
    """File of word vectors, or the run folder of a model over words."""

    out: str
    """PNG to write."""

    words: tuple[str, ...] = ()
    """Words to draw; by default the first --count of the file, which are usually the most frequent."""

    count: int = 200
    """How many words to draw where none are named."""

    method: Literal["pca", "tsne"] = "tsne"
    """pca: the two directions of largest variance; tsne: neighbours stay neighbours (van der Maaten & Hinton
    2008)."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require_extra("vectors", prog)
    require(args.out.lower().endswith(".png"), f"--out {args.out}: the picture is a PNG; name it so")
    out = named_file(args.out)
    make_folder(out.parent)
    check_output(out)
    words, vectors = open_vectors(args.source)
    places = {word: i for i, word in enumerate(words)}
    chosen = [utf8(word) for word in args.words] or list(words[: args.count])
    for word in chosen:
        if word not in places:
            raise DataError(f"{word!r} has no vector{suggestion(word, places)}")
    require(len(chosen) >= FEWEST, f"{len(chosen)} words: at least {FEWEST} are needed for a picture")
    points = plane(vectors[[places[word] for word in chosen]], args.method)
    print(plot_words(chosen, points, out, f"{Path(args.source).name}: {args.method}"))
    return 0
