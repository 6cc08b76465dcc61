"""Samples of the text that a model generates."""

from functools import singledispatch
from typing import Any

from unrolled.tasks import LanguageModel, Task
from unrolled.tasks.base.sample import Sample

LENGTH = {"char": 400, "word": 60, "bpe": 120}


@singledispatch
def generate_samples(task: Task[Any, Any], sample: Sample) -> str:
    """Generate sample text; return "" for tasks that generate none."""
    return ""


@generate_samples.register
def _(task: LanguageModel, sample: Sample) -> str:
    length = LENGTH[task.config.text.tokenizer]
    texts = [task.generate("", length, temperature=0.8, seed=seed).strip("\n") for seed in (1, 2)]
    return "\n\n———\n\n".join(texts)
