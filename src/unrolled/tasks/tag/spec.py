"""The specification of the tagging task for the rest of the package."""

from typing import TYPE_CHECKING, Any

from unrolled.tasks.base.spec import TaskParts, TaskSpec

if TYPE_CHECKING:
    from unrolled.tasks.base.artifacts import Artifacts
    from unrolled.tasks.base.ladder import Ladder
    from unrolled.tasks.base.runtime import Runtime
    from unrolled.tasks.base.service import Service


def _config() -> type[Any]:
    from unrolled.tasks.tag.config import TaggerConfig

    return TaggerConfig


def _artifacts() -> "type[Artifacts]":
    from unrolled.tasks.tag.artifacts import TaggerArtifacts

    return TaggerArtifacts


def _parts() -> TaskParts:
    from unrolled.tasks.tag.report import print_scores
    from unrolled.tasks.tag.task import Tagger

    return TaskParts(Tagger, print_scores)


def _runtime() -> "type[Runtime[Any, Any]]":
    from unrolled.tasks.tag.runtime import TaggerRuntime

    return TaggerRuntime


def _service() -> "type[Service[Any]]":
    from unrolled.tasks.tag.service import TaggerService

    return TaggerService


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
    import_artifacts=_artifacts,
    import_parts=_parts,
    import_runtime=_runtime,
    import_service=_service,
    import_ladder=_ladder,
)
