"""Summary of a model as text: drawings of the folded and the unrolled network, and a parameter table."""

from typing import Protocol

from torch import nn

from unrolled.layers import Recurrent, Stack, Window

STEPS = ("1", "2", "3", "T")


class Drawable(Protocol):
    """A model that lists its parts for a drawing."""

    def parts(self) -> list[str | Stack]:
        """Return the parts from the output down to the input: lines of text and stacks of layers."""


def summarise(model: Drawable) -> str:
    """Return the folded and the unrolled network, the parameters, and the backends as text."""
    assert isinstance(model, nn.Module)
    unrolled = [_draw_unrolled(part) for part in model.parts() if not isinstance(part, str)]
    paths = ["paths", *path_lines(model)]
    folded, parameters = _draw_folded(model.parts()), _parameter_table(model)
    return "\n\n".join((folded, *unrolled, parameters, "\n".join(paths)))


def path_lines(model: nn.Module) -> list[str]:
    """Return a line for each layer of each stack with the backend that runs it and the reason."""
    stacks = {name: m for name, m in model.named_modules() if isinstance(m, Recurrent | Window)}
    lines = []
    for name, stack in stacks.items():
        prefix = f"{name} " if len(stacks) > 1 else ""
        lines += [f"  {prefix}{line}" for line in str(stack.explain()).splitlines()]
    return lines


def _draw_folded(parts: list[str | Stack]) -> str:
    lines: list[str] = []
    for part in parts:
        for line in [part] if isinstance(part, str) else _layer_lines(part):
            lines += ["   ↑", line] if lines else [line]
    return "folded\n" + "\n".join("  " + line for line in lines)


def _layer_lines(r: Stack) -> list[str]:
    """Return a line for each layer, the top layer first."""
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


def _draw_unrolled(r: Stack) -> str:
    """Draw the stack with one column per step and one row per layer and direction."""
    up = _columns(["↑"] * len(STEPS), "   ")
    rows = [_columns([f"y_{t}" for t in STEPS], "   "), up]
    if isinstance(r, Recurrent):
        rows += _recurrent_rows(r, up)
        context = ""
    else:
        rows += _window_rows(r)
        reach = sum(n - 1 for n in r.windows)
        context = f"y_t depends on {_span('x', reach, r.bidirectional)} alone; "
    rows.append(_columns([f"x_{t}" for t in STEPS], "   "))
    shared = "the same weights at every step: their number does not depend on T"
    return "unrolled through time\n" + "\n".join("  " + row for row in rows) + f"\n  ({context}{shared})"


def _recurrent_rows(r: Recurrent, up: str) -> list[str]:
    """Return the rows between output and input of a recurrent network, with arrows from step to step."""
    rows = []
    for layer in reversed(range(r.num_layers)):
        if r.bidirectional:
            rows.append(_columns([f"[{layer}]"] * len(STEPS), "◀──"))
        rows += [_columns([f"[{layer}]"] * len(STEPS), "──▶"), up]
    return rows


def _window_rows(r: Window) -> list[str]:
    """Return the rows of a window network, with arrows from earlier (if bidirectional, also later) steps."""
    rows = []
    for layer, n in reversed(list(enumerate(r.windows))):
        before = [" ", *["↗" if n > 1 else " "] * (len(STEPS) - 1)]
        after = [mark.replace("↗", "↖") if r.bidirectional else " " for mark in reversed(before)]
        arrows = [f"{b}↑{a}" for b, a in zip(before, after, strict=True)]
        rows += [_columns([f"[{layer}]"] * len(STEPS), "   "), _columns(arrows, "   ")]
    return rows


def _span(symbol: str, reach: int, both: bool) -> str:
    """Return the range of steps that step t reads: ``reach`` steps back, and with ``both`` as many ahead."""
    if not reach:
        return f"{symbol}_t"
    return f"{symbol}_(t-{reach}) … {symbol}_" + (f"(t+{reach})" if both else "t")


def _columns(cells: list[str], joint: str) -> str:
    """Join the cells of a row, with dots before the last one."""
    row = joint.join(f"{cell:^5}" for cell in cells[:-1])
    dots = {"   ": " … ", "──▶": "─…▶", "◀──": "◀…─"}[joint]
    return f"{row}{dots}{cells[-1]:^5}"


def _parameter_table(model: nn.Module) -> str:
    rows = [
        (name, "×".join(str(n) for n in p.shape), p.numel(), "" if p.requires_grad else " (fixed)")
        for name, p in model.named_parameters()
    ]
    width = max(len(name) for name, *_ in rows)
    lines = [f"  {name:<{width}}  {shape:>12}  {count:>12,}{note}" for name, shape, count, note in rows]
    total = sum(count for _, _, count, _ in rows)
    lines.append(f"  {'total':<{width}}  {'':>12}  {total:>12,}")
    return "parameters\n" + "\n".join(lines)
