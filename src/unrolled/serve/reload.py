"""Reload runs that were trained again."""

import asyncio
import logging
from pathlib import Path

from unrolled.errors import UnrolledError
from unrolled.serve.metrics import Metrics
from unrolled.serve.models import Models, ServedModel
from unrolled.serve.responses import one_line
from unrolled.tasks.base.folder import CONFIG
from unrolled.training import MODEL

logger = logging.getLogger("unrolled.serve")
Stamp = tuple[tuple[int, int, int] | None, ...]


def stamp(folder: Path) -> Stamp:
    """Return time, size and inode of the files that training writes; None for a missing file."""
    return tuple(_file_stamp(folder / name) for name in (CONFIG, MODEL))


def _file_stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


class Reloader:
    """Checks the folders of all models regularly, and reloads runs that have changed.

    A run is reloaded when two checks in a row find the same files. The old model answers until the new one is
    loaded, and also if the new one cannot be read.
    """

    def __init__(self, models: Models, metrics: Metrics, seconds: float) -> None:
        self._models, self._metrics, self._seconds = models, metrics, seconds
        self._served = {model.name: stamp(model.folder) for model in models}
        self._seen = dict(self._served)
        self._problems: dict[str, str] = {}
        """Why the run as it is now could not be loaded."""

    async def run(self) -> None:
        """Check all folders, again and again."""
        while True:
            await asyncio.sleep(self._seconds)
            for model in self._models:
                await self.look(model)

    async def look(self, model: ServedModel) -> None:
        """Check one folder."""
        now = await asyncio.to_thread(stamp, model.folder)
        settled, self._seen[model.name] = now == self._seen[model.name], now
        if None in now:
            self._note(
                model,
                f"{model.folder}: the run folder is gone; the model is still served from memory. Put the "
                "folder back, or restart the server without it",
            )
        elif now == self._served[model.name]:
            self._note(model, self._problems.get(model.name, ""))
        elif settled:
            self._served[model.name] = now
            self._problems.pop(model.name, None)
            await self._reload(model)

    async def _reload(self, model: ServedModel) -> None:
        try:
            loaded = await asyncio.to_thread(model.load)
            if loaded.spec is not model.loaded.spec:
                raise _other_task(model, loaded.spec.verb)
            if loaded.fingerprint != model.loaded.fingerprint:
                model.replace(loaded, asyncio.get_running_loop())
                self._metrics.reloads.labels(model.name, "loaded").inc()
                logger.info(
                    "%s: was trained again; the new model is loaded, and its sessions have ended", model.name
                )
                model.note = ""
        except UnrolledError as error:
            self._fail(model, str(error))
            return
        except Exception:  # the other runs are still looked at, and this one again when it changes
            logger.exception("%s: a fault of the server", model.folder)
            self._fail(model, f"{model.folder}: a fault of the server, which its log describes")
            return
        self._note(model, "")

    def _fail(self, model: ServedModel, problem: str) -> None:
        self._problems[model.name] = f"{problem}; the old model is still served"
        self._note(model, self._problems[model.name])
        self._metrics.reloads.labels(model.name, "failed").inc()

    def _note(self, model: ServedModel, note: str) -> None:
        note = one_line(note)
        if note and note != model.note:
            logger.warning("%s", note)
        elif model.note and not note:
            logger.info("%s: the run folder is back", model.name)
        model.note = note


def _other_task(model: ServedModel, verb: str) -> UnrolledError:
    task = model.loaded.spec.verb
    return UnrolledError(
        f"{model.folder}: is now a run of {verb}, not {task}; restart the server to serve it"
    )
