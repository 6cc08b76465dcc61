"""A file that is replaced as a whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path

from unrolled.errors import RunError


def write_atomically(path: Path, data: bytes) -> None:
    """Write to a temporary name in the same folder, flush to disk, rename.

    Raises:
        RunError: if it cannot be written; what was at ``path`` before stands unchanged.
    """
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=path.name + ".", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        if isinstance(error, OSError):
            if not path.parent.is_dir():
                raise RunError(f"{path}: the folder {path.parent} does not exist") from error
            kept = f"; the earlier {path.name} stands" if path.exists() else ""
            raise RunError(
                f"{path}: could not be written ({error.strerror}){kept}; "
                "free space or rights there, then resume"
            ) from error
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
