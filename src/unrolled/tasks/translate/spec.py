"""The specification of the translation task for the rest of the package."""

from typing import TYPE_CHECKING, Any

from unrolled.tasks.base.spec import TaskParts, TaskSpec

if TYPE_CHECKING:
    from unrolled.tasks.base.artifacts import Artifacts
    from unrolled.tasks.base.ladder import Ladder
    from unrolled.tasks.base.runtime import Runtime
    from unrolled.tasks.base.service import Service


def _config() -> type[Any]:
    from unrolled.tasks.translate.config import TranslatorConfig

    return TranslatorConfig


def _artifacts() -> "type[Artifacts]":
    from unrolled.tasks.translate.artifacts import TranslatorArtifacts

    return TranslatorArtifacts


def _parts() -> TaskParts:
    from unrolled.tasks.translate.report import print_scores
    from unrolled.tasks.translate.task import Translator

    return TaskParts(Translator, print_scores)


def _runtime() -> "type[Runtime[Any, Any]]":
    from unrolled.tasks.translate.runtime import TranslatorRuntime

    return TranslatorRuntime


def _service() -> "type[Service[Any]]":
    from unrolled.tasks.translate.service import TranslatorService

    return TranslatorService


def _ladder() -> "type[Ladder]":
    from unrolled.tasks.translate.ladder import TranslationLadder

    return TranslationLadder


SPEC = TaskSpec(
    verb="translate",
    summary="train a model from text to text on pairs",
    description=(
        "Train an encoder-decoder on pairs of texts: a sentence and its translation, an article and its "
        "summary."
    ),
    missing_data="no training pairs: give --data train.de,train.en, --data TABLE, or --recipe",
    metrics=("bleu", "chrf", "rouge1", "rouge2", "rouge_l", "exact_match", "nats_per_token", "perplexity"),
    counted="target tokens",
    renamed_options={
        "corpus.separator": ("table.separator", {}),
        "corpus.blank": ("corpus.missing", {"refuse": "error"}),
    },
    import_config=_config,
    import_artifacts=_artifacts,
    import_parts=_parts,
    import_runtime=_runtime,
    import_service=_service,
    import_ladder=_ladder,
)
