"""The scores of a tagger."""

from rich.console import Console

from unrolled.data.tagged import FIELDS
from unrolled.tasks.tag.task import Tagger


def print_scores(tagger: Tagger, console: Console) -> str:
    """Print the scores; return the command to try next."""
    facts = tagger.facts
    console.print(
        f"{facts['sentences']:,} sentences, {facts['words']:,} words ({facts['unknown']:,} <unk>), "
        f"vocabulary {facts['vocabulary']:,}, {len(facts['tags'])} tags"
    )
    for part, name in (("valid", "held out"), ("test", "test")):
        if part in tagger.result:
            score = tagger.result[part]
            spans = f", span F1 {100 * score['span_f1']:.2f}%" if "span_f1" in score else ""
            console.print(
                f"{name}: accuracy {100 * score['accuracy']:.2f}% of {score['words']:,} words, "
                f"{100 * score['sentence_accuracy']:.2f}% of {score['sentences']:,} sentences{spans}"
            )
    ending = ".conllu" if tagger.config.corpus.columns.word in FIELDS else ""
    return "unrolled predict {run} --data FILE" + ending
