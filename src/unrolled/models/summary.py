"""A model as a drawing and a table: folded, unrolled, and its parameters."""

from typing import Protocol

from torch import nn

from unrolled.layers import Recurrent

STEPS = ("1", "2", "3", "T")


class Drawable(Protocol):
    """A model that can tell what stands on what."""

    def parts(self) -> list[str | Recurrent]:
        """Return lines and recurrent stacks from the output down to the input."""


def summarise(model: Drawable) -> str:
    """Return the folded network, the same unrolled through time, its parameters and its paths as text."""
    assert isinstance(model, nn.Module)
    drawn = [_unrolled(part) for part in model.parts() if isinstance(part, Recurrent)]
    paths = ["paths", *path_lines(model)]
    return "\n\n".join((_folded(model.parts()), *drawn, _parameters(model), "\n".join(paths)))


def path_lines(model: nn.Module) -> list[str]:
    """Return a line for each recurrent layer: which code runs it, and why."""
    stacks = {name: m for name, m in model.named_modules() if isinstance(m, Recurrent)}
    lines = []
    for name, stack in stacks.items():
        prefix = f"{name} " if len(stacks) > 1 else ""
        lines += [f"  {prefix}{line}" for line in str(stack.explain()).splitlines()]
    return lines


def _folded(parts: list[str | Recurrent]) -> str:
    lines: list[str] = []
    for part in parts:
        for line in [part] if isinstance(part, str) else _layers(part):
            lines += ["   ↑", line] if lines else [line]
    return "folded\n" + "\n".join("  " + line for line in lines)


def _layers(r: Recurrent) -> list[str]:
    """Return a line a layer, the uppermost first."""
    cell = type(r.cell).__name__
    lines = []
    for layer in reversed(range(r.num_layers)):
        size = r.input_size if layer == 0 else r.num_directions * r.output_size
        extras = [f"h_(t-{r.skip})"] if r.skip else []
        loop = " ⟲ " + ", ".join([f"{s}_(t-1)" for s in r.cell.state_names] + extras)
        plus = " + its input" if r.residual and layer else ""
        both = " in both directions" if r.bidirectional else ""
        lines.append(f"layer {layer}  {cell} {size} → {r.num_directions * r.output_size}{both}{loop}{plus}")
    return lines


def _unrolled(r: Recurrent) -> str:
    """Draw the same cells side by side: one column a step, one row a layer and direction."""
    columns = [f"y_{t}" for t in STEPS]
    up = _columns(["↑"] * len(STEPS), "   ")
    rows = [_columns(columns, "   "), up]
    for layer in reversed(range(r.num_layers)):
        if r.bidirectional:
            rows.append(_columns([f"[{layer}]"] * len(STEPS), "◀──"))
        rows += [_columns([f"[{layer}]"] * len(STEPS), "──▶"), up]
    rows.append(_columns([f"x_{t}" for t in STEPS], "   "))
    shared = "the same weights at every step: their number does not depend on T"
    return "unrolled through time\n" + "\n".join("  " + row for row in rows) + f"\n  ({shared})"


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
