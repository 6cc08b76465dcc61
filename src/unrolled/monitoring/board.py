"""Event files for TensorBoard, if it is installed."""

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
"""Suffix of our event files, by which a run recognises them."""
FLUSH_SECONDS = 30
BINS = 64
"""Number of bins of a histogram."""
MISSING = (
    "TensorBoard is not installed: watch records go only to metrics.jsonl; to see them in TensorBoard: "
    "pip install 'unrolled[watch]'"
)


class Board:
    """Writes event files to a folder.

    Args:
        folder: the folder, for ``tensorboard --logdir``.
        step: steps done so far; events of later steps, written by an earlier process, are hidden.

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
        """Turn OSErrors, also those of TensorBoard's thread, into RunErrors."""
        try:
            yield
        except OSError as error:
            raise RunError(f"{self._folder}: could not be written ({error.strerror or error})") from error

    @staticmethod
    def check_folder(folder: Path) -> None:
        """Check that TensorBoard, if it is installed, can write to a folder of that name.

        Raises:
            RunError: if the name is not UTF-8.
        """
        try:
            str(folder).encode()
        except UnicodeEncodeError:
            if Board.is_installed():
                raise RunError(
                    f"{folder}: TensorBoard needs a UTF-8 name; give another folder, or omit --watch"
                ) from None

    @staticmethod
    def is_installed() -> bool:
        """Return whether TensorBoard is installed."""
        return has_extra("watch")

    def scalars(self, group: str, values: Mapping[str, float | None], step: int) -> None:
        """Write scalars by name; None is skipped."""
        with self._writing():
            for name, value in values.items():
                if value is not None:
                    self._writer.add_scalar(f"{group}/{name}", value, step)

    def histograms(self, group: str, values: Mapping[str, NDArray[Any]], step: int) -> None:
        """Write histograms by name; non-finite numbers are skipped."""
        with self._writing():
            for name, array in values.items():
                finite = array[np.isfinite(array)]
                if finite.size:
                    self._writer.add_histogram(f"{group}/{name}", finite, step, bins=BINS)

    def image(self, name: str, pixels: NDArray[np.uint8], step: int) -> None:
        """Write an image (height, width, 3)."""
        with self._writing():
            self._writer.add_image(name, pixels, step, dataformats="HWC")

    def text(self, name: str, text: str, step: int) -> None:
        """Write a text."""
        with self._writing():
            self._writer.add_text(name, text, step)

    def close(self) -> None:
        """Write pending events and close the file."""
        with self._writing():
            self._writer.close()
