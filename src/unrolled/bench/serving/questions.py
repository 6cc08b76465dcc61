"""Requests with one answer, and what the model answers alone."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from unrolled.bench.serving.scripts import make_prompts
from unrolled.symbols import EOS_ID
from unrolled.tasks.classify.runtime import ClassifierRuntime
from unrolled.tasks.lm.runtime import LanguageRuntime

TOLERANCE = 1e-3
"""Largest difference of a log-probability as a fraction of it, or of a probability."""
TEXT_LENGTH, TOKENS = 200, 20
"""Characters of a text to score, and tokens of a text to classify."""


@dataclass(frozen=True)
class Question:
    """A request with one answer."""

    operation: str
    body: bytes
    find_fault: Callable[[Any], str]
    """Returns what is wrong with an answer; "" if nothing is."""


def score_questions(runtime: LanguageRuntime, count: int) -> list[Question]:
    """Return requests for the score of a text, each of another one."""
    return [
        score_question(text, score_alone(runtime, text)) for text in make_prompts(runtime, count, TEXT_LENGTH)
    ]


def score_question(text: str, expected: float) -> Question:
    """Return a request for the score of a text, which must be as expected."""
    return Question("score", json.dumps({"texts": [text]}).encode(), partial(_check_score, expected))


def _check_score(expected: float, answer: Any) -> str:
    score = answer["scores"][0]["log_probability"]
    return "" if math.isclose(score, expected, rel_tol=TOLERANCE) else f"ln p is {score}, not {expected}"


def score_alone(runtime: LanguageRuntime, text: str) -> float:
    """Return the log-probability of a text, read here token by token."""
    stream, total = runtime.stream(), 0.0
    stream.push([EOS_ID])
    for token in runtime.tokenizer.encode(text).tolist():
        logits = stream.logits[0].astype(float)
        total += logits[token] - math.log(sum(map(math.exp, logits - logits.max()))) - logits.max()
        stream.push([token])
    return total


def label_questions(runtime: ClassifierRuntime, count: int) -> list[Question]:
    """Return requests for the label of a text, each of another one, made of random tokens."""
    tokenizer = runtime.artifacts.tokenizer
    assert tokenizer is not None
    random = np.random.default_rng(0)
    questions = []
    for _ in range(count):
        text = tokenizer.decode(random.integers(2, tokenizer.size, TOKENS).tolist())
        expected = dict(zip(map(str, runtime.classes), runtime.probabilities([text])[0], strict=True))
        check = partial(_check_label, expected)
        questions.append(Question("predict", json.dumps({"texts": [text]}).encode(), check))
    return questions


def _check_label(expected: dict[str, float], answer: Any) -> str:
    prediction = answer["predictions"][0]
    difference = max(abs(p - expected[label]) for label, p in prediction["probabilities"].items())
    return "" if difference < TOLERANCE else f"probabilities differ by {difference:.3g}: {prediction}"
