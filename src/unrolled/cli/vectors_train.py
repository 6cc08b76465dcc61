"""``unrolled vectors train``: Word2Vec on a text."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from unrolled.cli.arguments import parse
from unrolled.data import open_documents
from unrolled.extras import require_extra
from unrolled.storage.output import check_output, parse_output_path, write_output
from unrolled.text.vectors import write_vectors
from unrolled.text.word2vec import Word2VecConfig, train_word2vec
from unrolled.text.words import split_words
from unrolled.training.progress_display import counting_bar
from unrolled.wording import counted


@dataclass(frozen=True)
class Arguments:
    """Train word vectors on a text with one sentence on each line.

    Models use them with --input vectors --vectors FILE.
    """

    data: str
    """Text: a file, a folder, or a data set such as @ptb/train."""

    out: str
    """File to write, in word2vec's text format."""

    lowercase: bool = False
    """Lower-case all text."""

    split_punctuation: bool = False
    """Treat every punctuation mark as a separate word."""

    overwrite: bool = False
    """Replace the file."""

    config: Word2VecConfig = field(default_factory=Word2VecConfig)


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require_extra("vectors", prog)
    out = parse_output_path(args.out)
    check_output(out, overwrite=args.overwrite)
    lines = (line for document in open_documents(args.data) for line in document.text.split("\n"))
    sentences = [split_words(line, args.lowercase, args.split_punctuation) for line in lines]
    with counting_bar("passes", args.config.passes, shown=True) as report:
        vectors = train_word2vec(filter(None, sentences), args.config, report)
    write_output(out, write_vectors(vectors.index_to_key, vectors.vectors).encode("utf-8"))
    total = sum(map(len, sentences))
    print(
        f"{out}: {counted(len(vectors), 'word')} of {counted(args.config.size, 'value')}, from "
        f"{counted(total, 'word')} of text"
    )
    print(f"next: unrolled vectors neighbours {out} --word WORD")
    return 0
