"""Report page of the inspection of a run."""

from collections.abc import Iterator

import numpy as np

from unrolled.diagnostics.findings.merged import merge
from unrolled.diagnostics.findings.training import training_verdicts
from unrolled.diagnostics.findings.values import fill_in_values
from unrolled.inspection.long_row import LongRow
from unrolled.inspection.memory_section import memory_section, memory_verdict
from unrolled.inspection.run import RunInspection
from unrolled.pages.charts.names import file_stem
from unrolled.pages.charts.training import loss_chart
from unrolled.pages.diagnosis import diagnosis_sections
from unrolled.pages.options import options_table
from unrolled.pages.parts import Page, Section, StateMap, Words
from unrolled.pages.watch_section import watch_section
from unrolled.wording import counted

MAX_MAPS = 4
"""Maximum number of states in the state map."""


def run_page(inspection: RunInspection, title: str = "") -> Page:
    """Return the report page of a run; ``title`` replaces the name of the run."""
    config = inspection.task.config
    steps = getattr(config.training, "steps", 0)  # language models only
    verdicts = [
        *inspection.diagnosis.verdicts,
        *training_verdicts(inspection.task.history, config.optimizer.method),
    ]
    if inspection.memory is not None:
        verdicts.append(memory_verdict(inspection.memory))
    return Page(
        title or inspection.name,
        "gradients and states through time",
        _facts(inspection),
        merge(fill_in_values(v, lr=config.optimizer.lr, steps=steps) for v in verdicts),
        tuple(_sections(inspection)),
    )


def _facts(inspection: RunInspection) -> dict[str, str]:
    task, result = inspection.task, inspection.task.result
    losses, rows = inspection.diagnosis.recording.losses.shape
    facts = {
        "task": task.spec.verb,
        "network": ", ".join(f.layer.name for f in inspection.diagnosis.layers),
        "looked at": f"{inspection.source}: {counted(rows, 'row')}, {counted(losses, 'loss', 'losses')} each",
        "parameters": f"{sum(p.numel() for p in task.model.parameters()):,}",
    }
    if "steps" in result:
        facts["training"] = (
            f"{counted(result['steps'], 'update')} ({counted(result['epochs'], 'epoch')}), "
            f"{result['training_seconds']:,.0f} s"
        )
    return facts


def _sections(inspection: RunInspection) -> Iterator[Section]:
    if any(r["kind"] == "train" for r in inspection.task.history):
        chart = loss_chart(inspection.task.history, inspection.task.unit, inspection.task.spec.loss_unit)
        yield Section("Training", "The loss during training.", (chart,))
    watch_charts = watch_section(inspection.task.history)
    if watch_charts is not None:
        yield watch_charts
    first, *rest = diagnosis_sections(inspection.diagnosis)
    yield first
    if inspection.long is not None:
        yield _states(inspection.long)
    if inspection.memory is not None:
        yield memory_section(inspection.memory)
    yield from rest
    if inspection.samples:
        yield Section("Samples", "", (Words("Generated text", inspection.samples),))
    drawing = Words("Folded, and unrolled through time", inspection.drawing)
    yield Section("The network", "", (drawing, options_table(inspection.config)))


def _states(long: LongRow) -> Section:
    states: dict[str, np.ndarray] = {}
    notes: dict[str, dict[int, str]] = {}
    all_states = [(p, state) for p in long.recording.passes for state in p.states]
    for p, state in [(p, state) for p, state in all_states if f"{p.name} {state}" in long.tracking][
        :MAX_MAPS
    ]:
        values = p.states[state][:, 0][p.live[:, 0]].double()
        label = f"{p.name} tanh(c)" if state == "c" else f"{p.name} {state}"
        states[label] = (values.tanh() if state == "c" else values).numpy()
        notes[label] = long.tracking[f"{p.name} {state}"].notes()
    state_map = StateMap(
        file_stem("states"),
        "States over the text",
        "Each row is a unit, each column a token. Select a unit to colour the text by its values. Units in "
        "the list track a visible feature of the text: their correlation is above the chance level.",
        long.tokens,
        states,
        notes,
    )
    return Section("States", "The states of the network while it reads the text.", (state_map,))
