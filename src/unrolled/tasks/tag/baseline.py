"""The baseline of a tagger: the most frequent tag of each word."""

from unrolled.baselines import MajorityTag
from unrolled.data.tagged import Tagged
from unrolled.tasks.tag.score import TaggerScore

BASELINE_NAME = "most frequent tag of each word"


def score_baseline(train: Tagged, test: Tagged, tags: list[str]) -> dict[str, float]:
    """Fit the baseline and return its accuracy on ``test``, and its span F1 if there are spans."""
    model = MajorityTag.fit(train.words, train.tags)
    score = TaggerScore(tags, test.tags, model.predict(test.words), float("nan"))
    return {"accuracy": score.accuracy} | ({"span_f1": score.span_f1} if score.has_spans else {})
