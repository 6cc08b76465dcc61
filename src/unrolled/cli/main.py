"""``unrolled VERB …``: finds the verb's module and turns errors into one line and an exit status."""

import importlib
import os
import sys
from collections.abc import Sequence

from unrolled.errors import ConfigError, UnrolledError, suggestion
from unrolled.threads import settle_waiting
from unrolled.visible import visible_output

VERBS = {
    "train lm": ("train_lm", "train a language model on a text"),
    "train classify": ("train_classify", "train a classifier on labelled texts or sequences"),
    "train tag": ("train_tag", "train a tagger on sentences whose words have a tag each"),
    "train forecast": ("train_forecast", "train a forecaster on series of numbers"),
    "train music": ("train_music", "train a model of polyphonic music on piano rolls"),
    "train translate": ("train_translate", "train a model from texts to texts on pairs"),
    "resume": ("resume", "go on with a run that was stopped"),
    "evaluate": ("evaluate", "score data with a trained model"),
    "predict": ("predict", "predict for each item of a file with a trained model"),
    "generate": ("generate", "write text with a trained model"),
    "compose": ("compose", "write music with a trained model, as a MIDI file"),
    "next": ("next_token", "show the distribution of the next token"),
    "compare": ("compare", "models from counting to recurrence side by side on one data set"),
    "ngram": ("ngram", "count n-grams: estimate, score, write text, read and write ARPA files"),
    "repeat": ("repeat", "train a recipe over folds or seeds, with variants and a baseline"),
    "vectors train": ("vectors_train", "train word vectors (Word2Vec) on a text"),
    "vectors neighbours": ("vectors_neighbours", "show which words have like vectors"),
    "vectors plot": ("vectors_plot", "draw words where their vectors lie"),
    "translate": ("translate", "write an output for each line with a trained translator"),
    "summary": ("summary", "draw a run's network and count its parameters"),
    "inspect": ("inspect", "see gradients and states through time: numbers, plots, a verdict, as a page"),
    "learn": ("learn", "guided experiments on gradients and memory, and problems that need memory"),
    "explain": ("explain", "which path runs each layer of a run, and why"),
    "recipes": ("recipes", "list the recipes, their targets and what was measured"),
    "bench": ("bench", "speed beside plain PyTorch and this machine's ceiling"),
    "info": ("info", "versions, threads and the compiled core, for bug reports"),
}
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    with visible_output():
        return _guarded(words)


def _guarded(words: list[str]) -> int:
    """Run a command; errors raised on purpose are one line."""
    try:
        return _run(words)
    except UnrolledError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (a pager, head): nothing more to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(_usage())
        return 0 if words else 2
    if words[0] == "--version":
        from unrolled.version import __version__

        print(__version__)
        return 0
    for length in (2, 1):
        verb = " ".join(words[:length])
        if verb in VERBS:
            if verb != "bench":  # which measures what a program of the user's own would have
                settle_waiting()  # before the verb's module loads torch
            module = importlib.import_module(f"unrolled.cli.{VERBS[verb][0]}")
            return int(module.run(words[length:], f"unrolled {verb}"))
    known = [verb.partition(" ")[2] for verb in VERBS if verb.startswith(words[0] + " ")]
    if known:
        what = words[1] if len(words) > 1 else "nothing"
        raise ConfigError(
            f"{words[0]}: what? There are {', '.join(known)}; got {what!r}{suggestion(what, known)}"
        )
    raise ConfigError(f"no command {words[0]!r}{suggestion(words[0], VERBS)}; unrolled --help lists them")


def _usage() -> str:
    lines = ["usage: unrolled COMMAND [options]   (unrolled COMMAND --help shows its options)", ""]
    width = max(len(verb) for verb in VERBS)
    lines += [f"  {verb:<{width}} {what}" for verb, (_, what) in VERBS.items()]
    return "\n".join(lines)
