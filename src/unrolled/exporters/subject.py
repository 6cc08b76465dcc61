"""The subject of an export: a layer, or the trained model of a task."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from unrolled.config import to_dict
from unrolled.errors import DataError, ExportError, RunError
from unrolled.layers.program_spec import layer_program, spec_of
from unrolled.programs.program import Program
from unrolled.tasks import Task, load
from unrolled.tasks.base.show_notes import show_notes

ROWS, STEPS = 8, 100
TEXT_STEPS = 2000
"""Steps of a text, for the loss of a language model."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A layer or a trained model, in the forms that exporters need."""

    name: str
    """Task of the model, or "layer"."""
    module: nn.Module
    """The module in evaluation mode."""
    task: Task[Any, Any] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Texts that travel with the model: tokenizer, labels, configuration."""

    @cached_property
    def held_out(self) -> Any:
        """A batch of the held-out data of the training; None for a layer, or if they cannot be read any more.

        A note says why they cannot be read.
        """
        if self.task is None:
            return None
        steps = TEXT_STEPS if self.name == "lm" else STEPS
        try:
            return self.task.sample(rows=ROWS, steps=steps)[1].batch
        except (DataError, RunError) as error:
            show_notes([f"compared on random inputs, since there are no held-out data ({error})"])
            return None

    @cached_property
    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Weights by the names of the state dict, in float32."""
        tensors = self.module.state_dict()
        return {name: t.detach().float().cpu().contiguous().numpy() for name, t in tensors.items()}

    @cached_property
    def program(self) -> Program:
        """The step program of the model.

        Raises:
            ExportError: if the model cannot run forwards step by step.
        """
        if self.task is not None:
            return self.task.runtime().step_program()
        spec = spec_of(self.module)
        if spec.bidirectional:
            raise ExportError(
                "a bidirectional layer has no single step: its reverse direction begins at the last one; use "
                "to='onnx' or to='torch', or train with bidirectional=False"
            )
        return layer_program(spec)


def subject_of(model: Any) -> Subject:
    """Return the subject for a layer, a trained model, or the path of its run folder.

    Raises:
        ExportError: if it is none of these.
        RunError: if the folder is not a run.
        NotFittedError: if the model is not trained.
    """
    if isinstance(model, str | Path):
        model = load(model)
    if isinstance(model, Task):
        module: nn.Module = model.model
        return Subject(model.spec.verb, module.eval(), model, _metadata(model))
    if isinstance(model, nn.Module):
        return Subject("layer", model.eval())
    raise ExportError(
        f"{type(model).__name__} cannot be exported: give a trained model, a run folder or a layer"
    )


def _metadata(task: Task[Any, Any]) -> dict[str, str]:
    """Return the configuration and the artifacts of a model as JSON texts."""
    stored = task.artifacts.write()
    texts = {"config": json.dumps(to_dict(task.config)), "artifacts": json.dumps(stored.values)}
    return texts | {
        Path(name).stem: json.dumps(values, ensure_ascii=False) for name, values in stored.files.items()
    }
