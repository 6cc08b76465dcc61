"""Load a language model for a command: in the native runtime if it can do the job, else under torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from unrolled.config import require
from unrolled.engine.core import is_built

if TYPE_CHECKING:
    from unrolled.tasks.lm.runtime import LanguageRuntime
    from unrolled.tasks.lm.task import LanguageModel

Precision = Literal["float32", "bfloat16", "int8"]


def load_language_model(
    run: str, precision: Precision, *, needs_torch: str = ""
) -> "LanguageRuntime | LanguageModel":
    """Load the language model of a run folder.

    Args:
        run: run folder.
        precision: precision of the products.
        needs_torch: what the runtime cannot do, for messages; empty if it can do the job.
    """
    if needs_torch or not is_built():
        reason = f"{needs_torch} needs torch" if needs_torch else "there is no compiled extension"
        require(precision == "float32", f"--precision {precision}: {reason}, and computes in float32 only")
        from unrolled.tasks.lm.task import LanguageModel

        return LanguageModel.load(run)
    from unrolled.runtime.load import load_runtime
    from unrolled.tasks.lm.runtime import LanguageRuntime
    from unrolled.tasks.lm.spec import SPEC

    runtime = load_runtime(Path(run), SPEC, precision)
    assert isinstance(runtime, LanguageRuntime)
    return runtime
