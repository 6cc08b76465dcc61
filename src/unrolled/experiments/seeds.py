"""A training with one of several seeds, kept as a run folder."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.config import with_options
from unrolled.errors import ConfigError
from unrolled.experiments.variant import PRETRAIN, Variant
from unrolled.tasks import spec_of
from unrolled.tasks.base.outcome import Outcome


@dataclass(frozen=True)
class Seed:
    """One training with a seed."""

    verb: str
    """Of the task, as in ``unrolled train VERB``."""
    config: Any
    variant: Variant
    number: int
    """The seed."""
    folder: str
    """Run folder to make."""

    def run(self) -> Outcome:
        """Train, and return the scores on the test data; without test data, on the held-out data."""
        began = time.monotonic()
        if PRETRAIN in self.variant.options:
            raise ConfigError(f"{PRETRAIN} is for folds; with seeds give init_from=RUN")
        spec = spec_of(self.verb)
        config = with_options(self.config, self.variant.options | {"seed": self.number})
        task = spec.tool(config)
        task.fit(out=Path(self.folder), overwrite=True, progress=False)
        part = next((p for p in ("test", "valid") if p in task.result), None)
        if part is None:
            raise ConfigError("nothing to compare seeds by: give test data, or hold some out")
        scores = {name: float(task.result[part][name]) for name in spec.metrics}
        return Outcome(self.variant.name, self.number, scores, round(time.monotonic() - began, 1))
