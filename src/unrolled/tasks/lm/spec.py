"""Specification of the language modelling task."""

from typing import TYPE_CHECKING, Any

from unrolled.tasks.base.spec import TaskParts, TaskSpec

if TYPE_CHECKING:
    from unrolled.tasks.base.artifacts import Artifacts
    from unrolled.tasks.base.ladder import Ladder
    from unrolled.tasks.base.runtime import Runtime
    from unrolled.tasks.base.service import Service


def _config() -> type[Any]:
    from unrolled.tasks.lm.config import LanguageModelConfig

    return LanguageModelConfig


def _artifacts() -> "type[Artifacts]":
    from unrolled.tasks.lm.artifacts import LanguageArtifacts

    return LanguageArtifacts


def _parts() -> TaskParts:
    from unrolled.tasks.lm.report import print_scores
    from unrolled.tasks.lm.task import LanguageModel

    return TaskParts(LanguageModel, print_scores)


def _runtime() -> "type[Runtime[Any, Any]]":
    from unrolled.tasks.lm.runtime import LanguageRuntime

    return LanguageRuntime


def _service() -> "type[Service[Any]]":
    from unrolled.tasks.lm.service import LanguageService

    return LanguageService


def _message_before_training(config: Any) -> str:
    """Return the Python version if the corpus is its standard library, which depends on it."""
    if config.corpus.data != "@stdlib":
        return ""
    import platform

    return f"corpus: standard library of Python {platform.python_version()}"


def _ladder() -> "type[Ladder]":
    from unrolled.tasks.lm.ladder import LanguageLadder

    return LanguageLadder


FORMER = {"corpus": {"hold_out": "end"}}
"""Earlier versions held out the end of all documents joined."""

SPEC = TaskSpec(
    verb="lm",
    summary="train a language model on a text",
    description="Train a recurrent language model on a text.",
    missing_data="no training text: give --data FILE_OR_FOLDER, 'books/*.txt' or @stdlib, or --recipe",
    metrics=("nats_per_token", "perplexity", "bits_per_character"),
    used_by=("next", "generate", "score"),
    message_before_training=_message_before_training,
    old_defaults=FORMER,
    import_config=_config,
    import_artifacts=_artifacts,
    import_parts=_parts,
    import_runtime=_runtime,
    import_service=_service,
    import_ladder=_ladder,
)
