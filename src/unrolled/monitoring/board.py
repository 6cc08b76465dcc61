"""Event files for TensorBoard, where it is installed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import RunError
from unrolled.extras import has_extra
from unrolled.storage.folder import make_inner_folder

BOARD = "tensorboard"
"""Folder of the event files in a run folder."""
BOARD_SUFFIX = ".unrolled"
"""End of the names of our event files, by which a run knows them."""
FLUSH_SECONDS = 30
BINS = 64
"""Bins of a histogram."""
MISSING = (
    "TensorBoard is not installed: what is watched goes to metrics.jsonl alone; for its pictures: "
    "pip install 'unrolled[watch]'"
)


class Board:
    """Writes event files into a folder.

    Args:
        folder: for ``tensorboard --logdir``.
        step: updates made so far; events of later updates, by an earlier process, are hidden.

    Raises:
        RunError: here and in every method, if the folder cannot be written.
    """

    def __init__(self, folder: Path, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._folder = folder
        make_inner_folder(folder)
        with self._writing():
            self._writer: Any = SummaryWriter(
                str(folder),
                purge_step=step + 1 if step else None,
                flush_secs=FLUSH_SECONDS,
                filename_suffix=BOARD_SUFFIX,
            )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn errors of the system, those of TensorBoard's thread too, into the package's."""
        try:
            yield
        except OSError as error:
            raise RunError(f"{self._folder}: could not be written ({error.strerror or error})") from error

    @staticmethod
    def check_folder(folder: Path) -> None:
        """Check that TensorBoard, where it is installed, can write into a folder of that name.

        Raises:
            RunError: if the name is not UTF-8.
        """
        try:
            str(folder).encode()
        except UnicodeEncodeError:
            if Board.installed():
                raise RunError(
                    f"{folder}: TensorBoard needs a name in UTF-8; give another folder, or leave out --watch"
                ) from None

    @staticmethod
    def installed() -> bool:
        """Whether TensorBoard is installed."""
        return has_extra("watch")

    def scalars(self, group: str, values: Mapping[str, float | None], step: int) -> None:
        """Write numbers by name; None is left out."""
        with self._writing():
            for name, value in values.items():
                if value is not None:
                    self._writer.add_scalar(f"{group}/{name}", value, step)

    def histograms(self, group: str, values: Mapping[str, NDArray[Any]], step: int) -> None:
        """Write the distribution of numbers by name; those that are not finite are left out."""
        with self._writing():
            for name, numbers in values.items():
                finite = numbers[np.isfinite(numbers)]
                if finite.size:
                    self._writer.add_histogram(f"{group}/{name}", finite, step, bins=BINS)

    def image(self, name: str, pixels: NDArray[np.uint8], step: int) -> None:
        """Write a picture (height, width, 3)."""
        with self._writing():
            self._writer.add_image(name, pixels, step, dataformats="HWC")

    def text(self, name: str, text: str, step: int) -> None:
        """Write a note."""
        with self._writing():
            self._writer.add_text(name, text, step)

    def close(self) -> None:
        """Write pending events and close the file."""
        with self._writing():
            self._writer.close()
