"""The specification of the classification task for the rest of the package."""

from typing import TYPE_CHECKING, Any

from unrolled.tasks.base.spec import TaskParts, TaskSpec

if TYPE_CHECKING:
    from unrolled.tasks.base.artifacts import Artifacts
    from unrolled.tasks.base.ladder import Ladder
    from unrolled.tasks.base.runtime import Runtime
    from unrolled.tasks.base.service import Service


def _config() -> type[Any]:
    from unrolled.tasks.classify.config import ClassifierConfig

    return ClassifierConfig


def _artifacts() -> "type[Artifacts]":
    from unrolled.tasks.classify.artifacts import ClassifierArtifacts

    return ClassifierArtifacts


def _parts() -> TaskParts:
    from unrolled.tasks.classify.report import print_scores
    from unrolled.tasks.classify.task import Classifier

    return TaskParts(Classifier, print_scores)


def _runtime() -> "type[Runtime[Any, Any]]":
    from unrolled.tasks.classify.runtime import ClassifierRuntime

    return ClassifierRuntime


def _service() -> "type[Service[Any]]":
    from unrolled.tasks.classify.service import ClassifierService

    return ClassifierService


def _ladder() -> "type[Ladder]":
    from unrolled.tasks.classify.ladder import ClassificationLadder

    return ClassificationLadder


SPEC = TaskSpec(
    verb="classify",
    summary="train a classifier on labelled texts or sequences",
    description="Train a recurrent classifier on labelled texts or sequences of vectors.",
    missing_data="no training data: give --data FILE_OR_FOLDER, --data @rt-polarity, or --recipe",
    metrics=("accuracy", "macro_f1", "nats"),
    counted="texts",
    plots=("confusion_valid", "confusion_test"),
    import_config=_config,
    import_artifacts=_artifacts,
    import_parts=_parts,
    import_runtime=_runtime,
    import_service=_service,
    import_ladder=_ladder,
)
