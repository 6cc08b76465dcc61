"""The specification of the tagging task for the rest of the package."""

from typing import TYPE_CHECKING, Any

from unrolled.tasks.base.spec import TaskParts, TaskSpec

if TYPE_CHECKING:
    from unrolled.tasks.base.ladder import Ladder


def _config() -> type[Any]:
    from unrolled.tasks.tag.config import TaggerConfig

    return TaggerConfig


def _parts() -> TaskParts:
    from unrolled.tasks.tag.artifacts import TaggerArtifacts
    from unrolled.tasks.tag.report import print_scores
    from unrolled.tasks.tag.task import Tagger

    return TaskParts(TaggerArtifacts, Tagger, print_scores)


def _ladder() -> "type[Ladder]":
    from unrolled.tasks.tag.ladder import TaggingLadder

    return TaggingLadder


SPEC = TaskSpec(
    verb="tag",
    summary="train a tagger on sentences with one tag per word",
    description="Train a recurrent tagger on sentences with one tag per word.",
    missing_data="no training data: give --data FILE, --data @ud_english-ewt/train, or --recipe",
    metrics=("accuracy", "sentence_accuracy", "span_f1", "nats"),
    counted="words",
    plots=("confusion_valid", "confusion_test"),
    import_config=_config,
    import_parts=_parts,
    import_ladder=_ladder,
)
