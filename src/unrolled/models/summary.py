"""A model as a drawing and a table: folded, unrolled, and its parameters."""

from typing import Protocol

from torch import nn

from unrolled.layers import Recurrent, Stack, Window

STEPS = ("1", "2", "3", "T")


class Drawable(Protocol):
    """A model that can tell what stands on what."""

    def parts(self) -> list[str | Stack]:
        """Return lines and stacks of layers from the output down to the input."""


def summarise(model: Drawable) -> str:
    """Return the folded network, the same unrolled through time, its parameters and its paths as text."""
    assert isinstance(model, nn.Module)
    drawn = [_unrolled(part) for part in model.parts() if not isinstance(part, str)]
    paths = ["paths", *path_lines(model)]
    return "\n\n".join((_folded(model.parts()), *drawn, _parameters(model), "\n".join(paths)))


def path_lines(model: nn.Module) -> list[str]:
    """Return a line for each layer of each stack: which code runs it, and why."""
    stacks = {name: m for name, m in model.named_modules() if isinstance(m, Recurrent | Window)}
    lines = []
    for name, stack in stacks.items():
        prefix = f"{name} " if len(stacks) > 1 else ""
        lines += [f"  {prefix}{line}" for line in str(stack.explain()).splitlines()]
    return lines


def _folded(parts: list[str | Stack]) -> str:
    lines: list[str] = []
    for part in parts:
        for line in [part] if isinstance(part, str) else _layers(part):
            lines += ["   ↑", line] if lines else [line]
    return "folded\n" + "\n".join("  " + line for line in lines)


def _layers(r: Stack) -> list[str]:
    """Return a line a layer, the uppermost first."""
    lines = []
    for layer in reversed(range(r.num_layers)):
        size = r.input_size if layer == 0 else r.num_directions * r.output_size
        plus = " + its input" if r.residual and layer else ""
        both = " in both directions" if r.bidirectional else ""
        if isinstance(r, Recurrent):
            extras = [f"h_(t-{r.skip})"] if r.skip else []
            name, loop = type(r.cell).__name__, [f"{s}_(t-1)" for s in r.cell.state_names] + extras
            reads = " ⟲ " + ", ".join(loop)
        else:
            name = f"{r.nonlinearity} of {r.windows[layer]} ×"
            reads = " ← " + _span("h" if layer else "x", r.windows[layer] - 1, r.bidirectional)
        lines.append(f"layer {layer}  {name} {size} → {r.num_directions * r.output_size}{both}{reads}{plus}")
    return lines


def _unrolled(r: Stack) -> str:
    """Draw the same cells side by side: one column a step, one row a layer and direction."""
    up = _columns(["↑"] * len(STEPS), "   ")
    rows = [_columns([f"y_{t}" for t in STEPS], "   "), up]
    if isinstance(r, Recurrent):
        rows += _loops(r, up)
        sight = ""
    else:
        rows += _windows(r)
        reach = sum(n - 1 for n in r.windows)
        sight = f"y_t depends on {_span('x', reach, r.bidirectional)} alone; "
    rows.append(_columns([f"x_{t}" for t in STEPS], "   "))
    shared = "the same weights at every step: their number does not depend on T"
    return "unrolled through time\n" + "\n".join("  " + row for row in rows) + f"\n  ({sight}{shared})"


def _loops(r: Recurrent, up: str) -> list[str]:
    """Return the rows between output and input of a network whose steps are tied from left to right."""
    rows = []
    for layer in reversed(range(r.num_layers)):
        if r.bidirectional:
            rows.append(_columns([f"[{layer}]"] * len(STEPS), "◀──"))
        rows += [_columns([f"[{layer}]"] * len(STEPS), "──▶"), up]
    return rows


def _windows(r: Window) -> list[str]:
    """Return the same where a step reads those below alone: earlier ones, with two directions later ones."""
    rows = []
    for layer, n in reversed(list(enumerate(r.windows))):
        before = [" ", *["↗" if n > 1 else " "] * (len(STEPS) - 1)]
        after = [mark.replace("↗", "↖") if r.bidirectional else " " for mark in reversed(before)]
        arrows = [f"{b}↑{a}" for b, a in zip(before, after, strict=True)]
        rows += [_columns([f"[{layer}]"] * len(STEPS), "   "), _columns(arrows, "   ")]
    return rows


def _span(symbol: str, reach: int, both: bool) -> str:
    """Return what is read from so many steps before t on, with two directions to as many after it."""
    if not reach:
        return f"{symbol}_t"
    return f"{symbol}_(t-{reach}) … {symbol}_" + (f"(t+{reach})" if both else "t")


def _columns(cells: list[str], joint: str) -> str:
    row = joint.join(f"{cell:^5}" for cell in cells[:-1])
    dots = {"   ": " … ", "──▶": "─…▶", "◀──": "◀…─"}[joint]
    return f"{row}{dots}{cells[-1]:^5}"


def _parameters(model: nn.Module) -> str:
    rows = [
        (name, "×".join(str(n) for n in p.shape), p.numel(), "" if p.requires_grad else " (fixed)")
        for name, p in model.named_parameters()
    ]
    width = max(len(name) for name, *_ in rows)
    lines = [f"  {name:<{width}}  {shape:>12}  {count:>12,}{note}" for name, shape, count, note in rows]
    total = sum(count for _, _, count, _ in rows)
    lines.append(f"  {'total':<{width}}  {'':>12}  {total:>12,}")
    return "parameters\n" + "\n".join(lines)
