"""The specification of the music task for the rest of the package."""

from typing import TYPE_CHECKING, Any

from unrolled.tasks.base.spec import TaskParts, TaskSpec

if TYPE_CHECKING:
    from unrolled.tasks.base.artifacts import Artifacts
    from unrolled.tasks.base.runtime import Runtime
    from unrolled.tasks.base.service import Service


def _config() -> type[Any]:
    from unrolled.tasks.music.config import MusicModelConfig

    return MusicModelConfig


def _artifacts() -> "type[Artifacts]":
    from unrolled.tasks.music.artifacts import MusicArtifacts

    return MusicArtifacts


def _parts() -> TaskParts:
    from unrolled.tasks.music.report import print_scores
    from unrolled.tasks.music.task import MusicModel

    return TaskParts(MusicModel, print_scores)


def _runtime() -> "type[Runtime[Any, Any]]":
    from unrolled.tasks.music.runtime import MusicRuntime

    return MusicRuntime


def _service() -> "type[Service[Any]]":
    from unrolled.tasks.music.service import MusicService

    return MusicService


SPEC = TaskSpec(
    verb="music",
    summary="train a model of polyphonic music on piano rolls",
    description="Train a recurrent model of piano rolls.",
    missing_data="no pieces: give --data FOLDER_OR_FILE.mid, --data @music/jsb-chorales, or --recipe",
    metrics=("nll",),
    counted="steps",
    used_by=("compose",),
    files=("openings.json",),
    plots=("piece",),
    import_config=_config,
    import_artifacts=_artifacts,
    import_parts=_parts,
    import_runtime=_runtime,
    import_service=_service,
)
