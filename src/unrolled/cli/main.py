"""``unrolled VERB …``: find the module of a verb and run it."""

import importlib
import sys
from collections.abc import Sequence

from unrolled.cli import INTERRUPTED
from unrolled.errors import ConfigError, suggestion
from unrolled.tasks import registry

VERBS = {
    "resume": ("resume", "continue a run that was stopped"),
    "evaluate": ("evaluate", "score data with a trained model"),
    "score": ("score", "compute the log-probability of each sentence, line or token with a language model"),
    "predict": ("predict", "predict for each item of a file with a trained model"),
    "generate": ("generate", "generate text with a trained model"),
    "compose": ("compose", "generate music with a trained model, as a MIDI file"),
    "next": ("next_token", "show the distribution of the next token"),
    "compare": ("compare", "train and compare models on one data set, from n-grams to recurrent networks"),
    "ngram": ("ngram", "n-gram models: estimate, score, generate text, read and write ARPA files"),
    "repeat": ("repeat", "train a recipe over folds or seeds, with variants and a baseline"),
    "vectors train": ("vectors_train", "train word vectors (Word2Vec) on a text"),
    "vectors neighbours": ("vectors_neighbours", "show the words with the most similar vectors"),
    "vectors plot": ("vectors_plot", "plot word vectors in two dimensions"),
    "translate": ("translate", "write the output for each line with a trained translator"),
    "export": ("export", "write a trained model for other programs: ONNX, C, torch, audio plug-ins"),
    "serve": ("serve", "serve trained models over HTTP, with a page for each"),
    "summary": ("summary", "draw a run's network and count its parameters"),
    "inspect": (
        "inspect",
        "analyse gradients and states through time: numbers, plots and findings, as a page",
    ),
    "learn": ("learn", "guided experiments on gradients and memory, and problems that need memory"),
    "explain": ("explain", "show which backend runs each layer of a run, and why"),
    "recipes": ("recipes", "list the recipes, their targets and measured results"),
    "bench": ("bench", "measure speed compared with plain PyTorch and this machine's ceiling"),
    "info": ("info", "show versions, threads and the compiled core, for bug reports"),
}
"""Module and summary of each verb. ``train TASK`` is not listed here; the task registry has these verbs."""
TRAIN = "train"
GROUPS = (TRAIN, "vectors")
"""First words of the two-word verbs."""


def summaries() -> dict[str, str]:
    """Return a one-line summary of each verb."""
    training_summaries = {f"{TRAIN} {spec.verb}": spec.summary for spec in registry.TASKS}
    return training_summaries | {verb: summary for verb, (_, summary) in VERBS.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        # Imported inside try, so that Ctrl-C during the imports prints no traceback.
        from unrolled.cli.guard import run_guarded

        return run_guarded(lambda: _run(words))
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
    commands = summaries()
    for length in (2, 1):
        verb = " ".join(words[:length])
        if verb in commands:
            return _run_verb(verb, words[length:])
    if words[0] in GROUPS:
        return _run_group(words[0], words[1:])
    raise ConfigError(
        f"no command {words[0]!r}{suggestion(words[0], commands, 0.6)}; unrolled --help lists them"
    )


def _run_verb(verb: str, words: list[str]) -> int:
    if verb != "bench":  # bench measures torch as in a user's own program
        from unrolled.threads import set_thread_waiting

        set_thread_waiting()  # before the verb's module loads torch
    group, _, task = verb.partition(" ")
    if group == TRAIN:
        from unrolled.cli import train

        return train.run(registry.spec_of(task), words, f"unrolled {verb}")
    module = importlib.import_module(f"unrolled.cli.{VERBS[verb][0]}")
    return int(module.run(words, f"unrolled {verb}"))


def _run_group(group: str, words: list[str]) -> int:
    """Handle a command without its second word, such as ``unrolled train --help``."""
    commands = [verb.partition(" ")[2] for verb in summaries() if verb.startswith(f"{group} ")]
    if words and words[0] in ("-h", "--help"):
        print(_usage(group))
        return 0
    got = f"; got {words[0]!r}{suggestion(words[0], commands)}" if words else ""
    raise ConfigError(f"{group}: give one of {', '.join(commands)}{got}; unrolled {group} --help lists them")


def _usage(group: str = "") -> str:
    command = f"{group} COMMAND".strip()
    lines = [f"usage: unrolled {command} [options]   (unrolled {command} --help shows its options)", ""]
    verb_summaries = {
        verb: summary for verb, summary in summaries().items() if verb.startswith(f"{group} ".lstrip())
    }
    width = max(map(len, verb_summaries))
    lines += [f"  {verb:<{width}} {summary}" for verb, summary in verb_summaries.items()]
    return "\n".join(lines)
