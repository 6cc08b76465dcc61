"""The most frequent tag of each word, scored as a tagger is."""

from unrolled.baselines import MajorityTag
from unrolled.data.tagged import Tagged
from unrolled.tasks.tag.score import TaggerScore

NAME = "most frequent tag of each word"


def baseline_figures(train: Tagged, tested: Tagged, tags: list[str]) -> dict[str, float]:
    """Return accuracy, and F1 of spans where there are spans, of each word's most frequent tag."""
    model = MajorityTag.fit(train.words, train.tags)
    score = TaggerScore(tags, tested.tags, model.predict(tested.words), float("nan"))
    return {"accuracy": score.accuracy} | ({"span_f1": score.span_f1} if score.has_spans else {})
