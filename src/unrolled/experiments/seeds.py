"""Training with one of several seeds, saved as a run folder."""

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
class SeedTrial:
    """Trains one variant of a recipe with one seed."""

    verb: str
    """Command-line name of the task, as in ``unrolled train VERB``."""
    config: Any
    variant: Variant
    number: int
    """The seed."""
    folder: str
    """Run folder to write."""

    def run(self) -> Outcome:
        """Train, and return the scores on the test data or, without test data, on the validation data."""
        start = time.monotonic()
        if PRETRAIN in self.variant.options:
            raise ConfigError(f"{PRETRAIN} works with folds only; with seeds give init_from=RUN")
        spec = spec_of(self.verb)
        config = with_options(self.config, self.variant.options | {"seed": self.number})
        task = spec.task_class(config)
        task.fit(out=Path(self.folder), overwrite=True, progress=False)
        split = next((p for p in ("test", "valid") if p in task.result), None)
        if split is None:
            raise ConfigError("no data to score the seeds on: give test data, or hold out validation data")
        scores = {name: float(task.result[split][name]) for name in spec.metrics}
        return Outcome(self.variant.name, self.number, scores, round(time.monotonic() - start, 1))
