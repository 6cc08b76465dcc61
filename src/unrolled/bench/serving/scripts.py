"""Requests of each stream, and the texts that the model writes alone with the same seeds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from unrolled.symbols import UNK_ID
from unrolled.tasks.lm.runtime import LanguageRuntime

PROMPT_LENGTH = 32
CONTINUED_PARTS = 4
"""Number of requests of a script that continues a session or a state."""
Kind = Literal["alone", "session", "state"]
KINDS: tuple[Kind, ...] = ("alone", "session", "alone", "state")
"""Kinds of scripts in turn: half of them are one request, a quarter uses sessions, and a quarter states."""


@dataclass(frozen=True)
class Part:
    """One request of a script, and the text that it must get."""

    seed: int
    length: int
    expected: str


@dataclass(frozen=True)
class Script:
    """Requests that one stream repeats: a single one, or several of which each continues the one before."""

    kind: Kind
    prompt: str
    parts: tuple[Part, ...]


def make_scripts(runtime: LanguageRuntime, count: int, length: int) -> list[Script]:
    """Return scripts with different prompts, seeds and lengths, which the model writes here one by one.

    The lengths are between 3/4 and 5/4 of ``length``, so that the streams do not start and end together.
    """
    prompts = list(make_prompts(runtime, count))
    scripts = []
    for number, prompt in enumerate(prompts):
        kind = KINDS[number % len(KINDS)]
        total = max(CONTINUED_PARTS, round(length * (0.75 + 0.5 * number / count)))
        pieces = 1 if kind == "alone" else CONTINUED_PARTS
        requests = [(CONTINUED_PARTS * number + k, total // pieces) for k in range(pieces)]
        scripts.append(Script(kind, prompt, tuple(write_alone(runtime, prompt, requests))))
    return scripts


def make_prompts(runtime: LanguageRuntime, count: int, length: int = PROMPT_LENGTH) -> Iterator[str]:
    """Yield pieces of a text that the model writes."""
    text = "".join(runtime.stream_text("", count * length, seed=0))
    for begin in range(0, count * length, length):
        yield text[begin : begin + length]


def write_alone(runtime: LanguageRuntime, prompt: str, requests: Sequence[tuple[int, int]]) -> Iterator[Part]:
    """Yield what the model writes in one long generation, which gets the seed of each request at its start.

    Args:
        runtime: the model.
        prompt: text that is continued.
        requests: seed and length of each request.
    """
    stream = runtime.read(prompt)
    for seed, length in requests:
        ids = stream.generate(length, seed=seed, banned=(UNK_ID,))[:, 0]
        yield Part(seed, length, runtime.tokenizer.decode(ids.tolist()))
