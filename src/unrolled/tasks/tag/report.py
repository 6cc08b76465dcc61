"""The printed scores of a tagger."""

from typing import Any

from rich.console import Console

from unrolled.tasks.tag.task import Tagger
from unrolled.wording import counted


def print_scores(tagger: Tagger, console: Console) -> str:
    """Print the scores; return the command to try next."""
    data_info = tagger.data_info
    console.print(
        f"{counted(data_info['sentences'], 'sentence')}, {counted(data_info['words'], 'word')} "
        f"({data_info['unknown']:,} <unk>), vocabulary {data_info['vocabulary']:,}, "
        f"{counted(len(data_info['tags']), 'tag')}"
    )
    for part, name in (("valid", "held out"), ("test", "test")):
        if part in tagger.result:
            score = tagger.result[part]
            console.print(
                f"{name}: accuracy {100 * score['accuracy']:.2f}% of {counted(score['words'], 'word')}, "
                f"{100 * score['sentence_accuracy']:.2f}% of {counted(score['sentences'], 'sentence')}"
                f"{_spans(score)}"
            )
            for baseline, parts in tagger.result.get("baselines", {}).items():
                scores = parts[part]
                console.print(f"  {baseline}: accuracy {100 * scores['accuracy']:.2f}%{_spans(scores)}")
    ending = ".conllu" if tagger.data_info.get("form") == "conllu" else ""
    return "unrolled predict {run} --data FILE" + ending


def _spans(scores: dict[str, Any]) -> str:
    return f", span F1 {100 * scores['span_f1']:.2f}%" if "span_f1" in scores else ""
