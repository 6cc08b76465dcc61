"""The specification of the music task for the rest of the package."""

from typing import Any

from unrolled.tasks.base.spec import TaskParts, TaskSpec


def _config() -> type[Any]:
    from unrolled.tasks.music.config import MusicModelConfig

    return MusicModelConfig


def _parts() -> TaskParts:
    from unrolled.tasks.music.artifacts import MusicArtifacts
    from unrolled.tasks.music.report import print_scores
    from unrolled.tasks.music.task import MusicModel

    return TaskParts(MusicArtifacts, MusicModel, print_scores)


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
    import_parts=_parts,
)
