"""A model as a drawing and a table: folded, unrolled, and its parameters."""

from torch import nn

from unrolled.layers import Recurrent
from unrolled.models.adaptive import AdaptiveOutput
from unrolled.models.language_model import RecurrentLanguageModel

STEPS = ("1", "2", "3", "T")


def summarise(model: RecurrentLanguageModel) -> str:
    """Return the folded network, the same unrolled through time, its parameters and its paths as text."""
    paths = "paths\n" + "\n".join(f"  {line}" for line in str(model.recurrent.explain()).splitlines())
    return "\n\n".join((_folded(model), _unrolled(model.recurrent), _parameters(model), paths))


def _folded(model: RecurrentLanguageModel) -> str:
    r = model.recurrent
    cell = type(r.cell).__name__
    lines = [f"output   y_t = {_formula(model.output)}   {r.output_size} → {model.output.vocabulary}"]
    for layer in reversed(range(r.num_layers)):
        size = r.input_size if layer == 0 else r.output_size
        extras = [f"h_(t-{r.skip})"] if r.skip else []
        loop = " ⟲ " + ", ".join([f"{s}_(t-1)" for s in r.cell.state_names] + extras)
        plus = " + its input" if r.residual and layer else ""
        lines += ["   ↑", f"layer {layer}  {cell} {size} → {r.output_size}{loop}{plus}"]
    source = type(model.input).__name__
    lines += ["   ↑", f"input    x_t = {source}(token_t)   {model.output.vocabulary} → {r.input_size}"]
    return "folded\n" + "\n".join("  " + line for line in lines)


def _formula(output: nn.Module) -> str:
    if isinstance(output, AdaptiveOutput):
        return f"adaptive softmax of h_t, groups from 0, {', '.join(map(str, output.cutoffs))}"
    return "softmax(V h_t + c)"


def _unrolled(r: Recurrent) -> str:
    """Draw the same cells side by side: one column a step, one row a layer."""
    columns = [f"y_{t}" for t in STEPS]
    rows = [_columns(columns, "   "), _columns(["↑"] * len(STEPS), "   ")]
    for layer in reversed(range(r.num_layers)):
        rows.append(_columns([f"[{layer}]"] * len(STEPS), "──▶"))
        rows.append(_columns(["↑"] * len(STEPS), "   "))
    rows.append(_columns([f"x_{t}" for t in STEPS], "   "))
    shared = "the same weights at every step: their number does not depend on T"
    return "unrolled through time\n" + "\n".join("  " + row for row in rows) + f"\n  ({shared})"


def _columns(cells: list[str], joint: str) -> str:
    row = joint.join(f"{cell:^5}" for cell in cells[:-1])
    dots = " … " if joint == "   " else "─…▶"
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
