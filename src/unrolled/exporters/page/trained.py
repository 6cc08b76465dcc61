"""The page of a trained model."""

from pathlib import PurePath

from unrolled.exporters.page.text import TITLE, PageText, find_obstacle
from unrolled.exporters.subject import Subject
from unrolled.tasks.lm.start import read_first
from unrolled.tasks.lm.task import LanguageModel


def page_text(subject: Subject) -> tuple[PageText | None, tuple[str, ...]]:
    """Return what the page of a model needs, or None if it gets no page, and notes on why not."""
    task = subject.task
    if not isinstance(task, LanguageModel):
        return None, ()
    obstacle = find_obstacle(task.tokenizer)
    if obstacle:
        return None, (f"no page.html: {obstacle}",)
    start = tuple(read_first(task.tokenizer, task.data_info).tolist())
    corpus = task.config.corpus
    return PageText(task.tokenizer, start, corpus.mode == "sentence", _title(corpus.data)), ()


def _title(source: str) -> str:
    """Return the name of the training text without its folder; neutral for several texts and for none."""
    return TITLE if not source or set(source) & set("*?[,") else PurePath(source.removeprefix("@")).stem
