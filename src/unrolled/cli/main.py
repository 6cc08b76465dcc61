"""``unrolled VERB …``: finds the verb's module and runs it."""

import importlib
import sys
from collections.abc import Sequence

from unrolled.cli import INTERRUPTED
from unrolled.errors import ConfigError, suggestion
from unrolled.tasks import registry

VERBS = {
    "resume": ("resume", "go on with a run that was stopped"),
    "evaluate": ("evaluate", "score data with a trained model"),
    "score": ("score", "the log-probability of each sentence, line or token by a language model"),
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
"""Module and summary of each verb; ``train`` has one more word for each task."""
TRAIN = "train"
GROUPS = (TRAIN, "vectors")
"""First words of verbs of two words."""


def summaries() -> dict[str, str]:
    """Return what each verb does, in one line."""
    trainings = {f"{TRAIN} {spec.verb}": spec.summary for spec in registry.TASKS}
    return trainings | {verb: summary for verb, (_, summary) in VERBS.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        from unrolled.cli.guard import guarded  # here, so that Ctrl-C during the imports is no traceback

        return guarded(lambda: _run(words))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _run(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(_usage())
        return 0 if words else 2
    if words[0] == "--version":
        from unrolled.version import __version__

        print(__version__)
        return 0
    known = summaries()
    for length in (2, 1):
        verb = " ".join(words[:length])
        if verb in known:
            return _run_verb(verb, words[length:])
    if words[0] in GROUPS:
        return _run_group(words[0], words[1:])
    raise ConfigError(
        f"no command {words[0]!r}{suggestion(words[0], known, 0.6)}; unrolled --help lists them"
    )


def _run_verb(verb: str, words: list[str]) -> int:
    if verb != "bench":  # which measures what a program of the user's own would have
        from unrolled.threads import settle_waiting

        settle_waiting()  # before the verb's module loads torch
    group, _, task = verb.partition(" ")
    if group == TRAIN:
        from unrolled.cli import train

        return train.run(registry.spec_of(task), words, f"unrolled {verb}")
    module = importlib.import_module(f"unrolled.cli.{VERBS[verb][0]}")
    return int(module.run(words, f"unrolled {verb}"))


def _run_group(group: str, words: list[str]) -> int:
    """Answer a command that lacks its second word, such as ``unrolled train --help``."""
    known = [verb.partition(" ")[2] for verb in summaries() if verb.startswith(f"{group} ")]
    if words and words[0] in ("-h", "--help"):
        print(_usage(group))
        return 0
    got = f"; got {words[0]!r}{suggestion(words[0], known)}" if words else ""
    raise ConfigError(f"{group}: give one of {', '.join(known)}{got}; unrolled {group} --help lists them")


def _usage(group: str = "") -> str:
    command = f"{group} COMMAND".strip()
    lines = [f"usage: unrolled {command} [options]   (unrolled {command} --help shows its options)", ""]
    shown = {verb: what for verb, what in summaries().items() if verb.startswith(f"{group} ".lstrip())}
    width = max(map(len, shown))
    lines += [f"  {verb:<{width}} {what}" for verb, what in shown.items()]
    return "\n".join(lines)
