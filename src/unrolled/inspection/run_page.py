"""The inspection of a run as a page."""

from collections.abc import Iterator

import numpy as np

from unrolled.diagnostics.findings.merged import merge
from unrolled.diagnostics.findings.training import training_verdicts
from unrolled.diagnostics.findings.values import with_values
from unrolled.inspection.long_row import LongRow
from unrolled.inspection.memory_section import memory_section, memory_verdict
from unrolled.inspection.run import RunInspection
from unrolled.pages.charts.names import stem
from unrolled.pages.charts.training import loss_chart
from unrolled.pages.diagnosis import diagnosis_sections
from unrolled.pages.options import options_table
from unrolled.pages.parts import Page, Section, StateMap, Words
from unrolled.pages.watched import watch_section
from unrolled.wording import counted

MAPS = 4
"""States of layers that are drawn, at most."""


def run_page(seen: RunInspection, title: str = "") -> Page:
    """Return the page of a run; ``title`` replaces its name."""
    config = seen.task.config
    steps = getattr(config.training, "steps", 0)  # of language models alone
    verdicts = [*seen.diagnosis.verdicts, *training_verdicts(seen.task.history, config.optimizer.method)]
    if seen.memory is not None:
        verdicts.append(memory_verdict(seen.memory))
    return Page(
        title or seen.name,
        "gradients and states through time",
        _facts(seen),
        merge(with_values(v, lr=config.optimizer.lr, steps=steps) for v in verdicts),
        tuple(_sections(seen)),
    )


def _facts(seen: RunInspection) -> dict[str, str]:
    task, result = seen.task, seen.task.result
    losses, rows = seen.diagnosis.recording.losses.shape
    facts = {
        "task": task.spec.verb,
        "network": ", ".join(f.layer.name for f in seen.diagnosis.layers),
        "looked at": f"{seen.source}: {counted(rows, 'row')}, {counted(losses, 'loss', 'losses')} each",
        "parameters": f"{sum(p.numel() for p in task.model.parameters()):,}",
    }
    if "steps" in result:
        facts["training"] = (
            f"{counted(result['steps'], 'update')} ({counted(result['epochs'], 'epoch')}), "
            f"{result['training_seconds']:,.0f} s"
        )
    return facts


def _sections(seen: RunInspection) -> Iterator[Section]:
    if any(r["kind"] == "train" for r in seen.task.history):
        chart = loss_chart(seen.task.history, seen.task.unit, seen.task.spec.loss_unit)
        yield Section("Training", "How the loss fell.", (chart,))
    watched = watch_section(seen.task.history)
    if watched is not None:
        yield watched
    first, *rest = diagnosis_sections(seen.diagnosis)
    yield first
    if seen.long is not None:
        yield _states(seen.long)
    if seen.memory is not None:
        yield memory_section(seen.memory)
    yield from rest
    if seen.samples:
        yield Section("Samples", "", (Words("What the model writes", seen.samples),))
    drawing = Words("Folded, and unrolled through time", seen.drawing)
    yield Section("The network", "", (drawing, options_table(seen.config)))


def _states(long: LongRow) -> Section:
    states: dict[str, np.ndarray] = {}
    notes: dict[str, dict[int, str]] = {}
    every = [(p, state) for p in long.recording.passes for state in p.states]
    for p, state in [(p, state) for p, state in every if f"{p.name} {state}" in long.tracking][:MAPS]:
        values = p.states[state][:, 0][p.live[:, 0]].double()
        label = f"{p.name} tanh(c)" if state == "c" else f"{p.name} {state}"
        states[label] = (values.tanh() if state == "c" else values).numpy()
        notes[label] = long.tracking[f"{p.name} {state}"].notes()
    found = StateMap(
        stem("states"),
        "States over the text",
        "Each row is a unit, each column a token. Choose a unit to colour the text by it. Units in the list "
        "follow something that can be seen in the text, by correlation, more than chance would have it.",
        long.tokens,
        states,
        notes,
    )
    return Section("States", "What the network holds while it reads.", (found,))
