"""How torch's tools work with the layers: each check returns the text of its cell in docs/compatibility.md.

``python tests/compatibility.py`` runs all checks and writes the table. tests/layers/test_compatibility.py
runs each of them and compares the page with what it returns.
"""

import copy
import importlib.util
import io
import multiprocessing
import pickle
import re
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

import unrolled as ur
from unrolled.errors import BackendError

PAGE = Path(__file__).parent.parent / "docs" / "compatibility.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"


class MissingTool(Exception):  # noqa: N818
    """A tool that a check needs is not installed."""


@dataclass(frozen=True)
class Subject:
    """A module under test: its name, how to build it, and the shape of its input."""

    name: str
    make: Callable[[], nn.Module]
    shape: tuple[int, ...] = (5, 3, 4)

    def input(self, seed: int = 0) -> Tensor:
        return torch.rand(self.shape, generator=torch.Generator().manual_seed(seed)) - 0.5

    def output(self, module: Any, x: Tensor) -> Tensor:
        """Return y, or the new h of a single step."""
        result = module(x)
        return result[0] if isinstance(result, tuple) else result

    @property
    def is_step(self) -> bool:
        return len(self.shape) == 2


STANDARD = [
    Subject(kind.__name__, lambda kind=kind: kind(4, 6, 2, bidirectional=True))
    for kind in (ur.RNN, ur.LSTM, ur.GRU)
]
BEYOND = [
    Subject("Jordan", lambda: ur.RNN(4, 6, 2, cell=ur.cells.Jordan(output_features=3))),
    Subject("peepholes", lambda: ur.LSTM(4, 6, 2, cell=ur.cells.LSTM(peepholes=True, layer_norm=True))),
    Subject("reset before", lambda: ur.GRU(4, 6, 2, cell=ur.cells.GRU(reset="before"))),
    Subject("zoneout", lambda: ur.LSTM(4, 6, 2, drop=ur.RecurrentDrop(zoneout=0.2)).eval()),
]
STEPS = [
    Subject(kind.__name__, lambda kind=kind: kind(4, 6), (3, 4))
    for kind in (ur.RNNCell, ur.LSTMCell, ur.GRUCell)
]
COLUMNS = {
    "RNN, LSTM, GRU": STANDARD,
    "other cells, zoneout": BEYOND,
    "RNNCell, LSTMCell, GRUCell": STEPS,
}
Check = Callable[[Subject, nn.Module], str]
CHECKS: dict[str, Check] = {}


def check(title: str) -> Callable[[Check], Check]:
    """Register a row of the table."""

    def register(function: Check) -> Check:
        CHECKS[title] = function
        return function

    return register


def words(title: str, column: str) -> str:
    """Run a check on every subject of a column; return their common result, or the result of each by name."""
    results = {}
    for subject in COLUMNS[column]:
        torch.manual_seed(0)
        torch._dynamo.reset()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results[subject.name] = CHECKS[title](subject, subject.make())
    if len(set(results.values())) == 1:
        return results.popitem()[1]
    return "; ".join(f"{name}: {result}" for name, result in results.items())


def table() -> str:
    """Run every check and return the table in Markdown."""
    lines = ["| | " + " | ".join(COLUMNS) + " |", "| --- |" + " --- |" * len(COLUMNS)]
    lines += [f"| {t} | " + " | ".join(words(t, c) for c in COLUMNS) + " |" for t in CHECKS]
    return "\n".join(lines)


def written() -> dict[str, list[str]]:
    """Return the table in docs/compatibility.md: the cells of each row by its title."""
    text = PAGE.read_text(encoding="utf-8")
    rows = text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip().splitlines()[2:]
    split_rows = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
    return {title: cells for title, *cells in split_rows}


# -- helpers of the checks ---------------------------------------------------------------------------------


def same(ours: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


def gradients(subject: Subject, module: Any, x: Tensor) -> list[Tensor]:
    """Return the gradient of a loss with respect to every parameter."""
    total = subject.output(module, x).square().sum()
    return list(torch.autograd.grad(total, list(module.parameters())))


def same_training(subject: Subject, module: nn.Module, other: Any) -> None:
    x = subject.input(1)
    same(subject.output(other, x), subject.output(module, x))
    for ours, expected in zip(gradients(subject, other, x), gradients(subject, module, x), strict=True):
        same(ours, expected)


def path(module: Any) -> str:
    """Return the backend path that the module used last, or would use."""
    explanation = module.explain()
    return str(explanation.paths[0] if hasattr(explanation, "paths") else explanation.path)


# -- rows --------------------------------------------------------------------------------------------------


@check("`torch.compile(fullgraph=True)`")
def _(s: Subject, m: nn.Module) -> str:
    compiled = torch.compile(m, fullgraph=True, backend="aot_eager")
    same(s.output(compiled, s.input()), s.output(m, s.input()))
    same(gradients_of(compiled, m, s), gradients_of(m, m, s))
    return "yes"


def gradients_of(run: Any, m: nn.Module, s: Subject) -> Tensor:
    """Return all gradients as one vector."""
    total = s.output(run, s.input(1)).square().sum()
    return torch.cat([g.flatten() for g in torch.autograd.grad(total, list(m.parameters()))])


@check("`torch.compile` with `lengths=`")
def _(s: Subject, m: nn.Module) -> str:
    if s.is_step:
        return "–"
    lengths = torch.tensor([5, 2, 3])
    torch.manual_seed(1)
    compiled = torch.compile(lambda x, n: m(x, lengths=n)[0], fullgraph=True, backend="aot_eager")
    same(compiled(s.input(), lengths), m(s.input(), lengths=lengths)[0])
    return "yes"


@check("`torch.export`")
def _(s: Subject, m: nn.Module) -> str:
    m.eval()
    program = torch.export.export(m, (s.input(),))
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    same(s.output(torch.export.load(file).module(), s.input(1)), s.output(m, s.input(1)))
    return "yes"


@check("`torch.func`: `functional_call`, `grad`, `vjp`")
def _(s: Subject, m: nn.Module) -> str:
    weights = {n: p.detach() for n, p in m.named_parameters()}

    def total(weights: dict[str, Tensor]) -> Tensor:
        return s.output(lambda x: torch.func.functional_call(m, weights, (x,)), s.input()).square().sum()

    grads = torch.func.grad(total)(weights)
    for ours, expected in zip(grads.values(), gradients(s, m, s.input()), strict=True):
        same(ours, expected)
    same(
        torch.func.vjp(total, weights)[1](torch.ones(()))[0]["bias_ih" if s.is_step else "bias_ih_l0"],
        grads["bias_ih" if s.is_step else "bias_ih_l0"],
    )
    return "yes"


@check("`torch.func.vmap`, gradients of each sample")
def _(s: Subject, m: nn.Module) -> str:
    weights = {n: p.detach() for n, p in m.named_parameters()}
    x = torch.stack([s.input(i) for i in range(3)])

    def total(weights: dict[str, Tensor], x: Tensor) -> Tensor:
        return s.output(lambda x: torch.func.functional_call(m, weights, (x,)), x).square().sum()

    same(torch.func.vmap(lambda x: s.output(m, x))(x), torch.stack([s.output(m, one) for one in x]))
    grads = torch.func.vmap(torch.func.grad(total), (None, 0))(weights, x)
    for i, one in enumerate(x):
        for ours, expected in zip(grads.values(), gradients(s, m, one), strict=True):
            same(ours[i], expected)
    return "yes"


@check("`jacrev`, `jacobian(vectorize=True)`, `is_grads_batched=True`")
def _(s: Subject, m: nn.Module) -> str:
    run = lambda x: s.output(m, x).sum(0)  # noqa: E731
    expected = torch.autograd.functional.jacobian(run, s.input())
    same(torch.func.jacrev(run)(s.input()), expected)
    same(torch.autograd.functional.jacobian(run, s.input(), vectorize=True), expected)
    return "yes"


@check("forward mode: `jvp`, `jacfwd`, dual tensors")
def _(s: Subject, m: nn.Module) -> str:
    x, v = s.input(), s.input(1)
    _, tangent = torch.func.jvp(lambda x: s.output(m, x), (x,), (v,))
    leaf = x.clone().requires_grad_()
    (pulled,) = torch.autograd.grad(s.output(m, leaf).sum(), leaf)
    same(tangent.sum(), (pulled * v).sum())
    torch.func.jacfwd(lambda x: s.output(m, x))(x)
    assert path(m) != "compiled"
    s.output(m, x)
    return "yes, on another path" if path(m) == "compiled" else "yes"


@check("second derivatives (`create_graph=True`, `hessian`)")
def _(s: Subject, m: nn.Module) -> str:
    def second(module: Any) -> Tensor:
        x = s.input().double().requires_grad_()
        (slope,) = torch.autograd.grad(s.output(module, x).square().sum(), x, create_graph=True)
        grads = torch.autograd.grad(slope.square().sum(), list(module.parameters()))
        return torch.cat([g.flatten() for g in grads])

    m.double()
    reference = copy.deepcopy(m)
    reference.backend = "reference"  # type: ignore[assignment]
    same(second(m), second(reference))
    return "yes, through the reference loop" if path(m) == "compiled" else "yes"


@check("output changed in place before backward")
def _(s: Subject, m: nn.Module) -> str:
    expected = torch.autograd.grad(s.output(m, s.input()).mul(2.0).square().sum(), list(m.parameters()))

    def in_place(target: nn.Module) -> tuple[Tensor, ...]:
        return torch.autograd.grad(
            s.output(target, s.input()).mul_(2.0).square().sum(), list(target.parameters())
        )

    try:
        grads = in_place(m)
    except RuntimeError:
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            in_place(m.to_torch())  # type: ignore[operator]
        return "no, as torch's own"
    for ours, other in zip(grads, expected, strict=True):
        same(ours, other)
    return "yes"


@check("`torch.autocast`")
def _(s: Subject, m: nn.Module) -> str:
    expected = s.output(m, s.input())
    with torch.autocast("cpu", torch.bfloat16):
        y = s.output(m, s.input())
        ran = path(m)
    torch.testing.assert_close(y.float(), expected, rtol=0.05, atol=0.05)
    y.float().sum().backward()
    return "yes, on torch's kernels" if ran == "aten" else "yes, in the reference loop"


@check("half precision: `.half()`, `.bfloat16()`")
def _(s: Subject, m: nn.Module) -> str:
    expected = s.output(m, s.input())
    for dtype in (torch.float16, torch.bfloat16):
        small = copy.deepcopy(m).to(dtype)
        y = s.output(small, s.input().to(dtype))
        assert y.dtype == dtype
        torch.testing.assert_close(y.float(), expected, rtol=0.05, atol=0.05)
    return "yes, on torch's kernels" if path(small) == "aten" else "yes, in the reference loop"


@check("meta device, `to_empty`")
def _(s: Subject, m: nn.Module) -> str:
    other = copy.deepcopy(m).to("meta")
    assert s.output(other, s.input().to("meta")).shape == s.output(m, s.input()).shape
    other.to_empty(device="cpu").load_state_dict(m.state_dict())
    same(s.output(other, s.input()), s.output(m, s.input()))
    return "yes"


@check("`torch.jit.trace`")
def _(s: Subject, m: nn.Module) -> str:
    for grad in (True, False):
        with torch.set_grad_enabled(grad):
            traced = torch.jit.trace(m, (s.input(),))
    file = io.BytesIO()
    torch.jit.save(traced, file)
    file.seek(0)
    same(s.output(torch.jit.load(file), s.input(1)), s.output(m, s.input(1)))
    return "yes"


@check("`torch.jit.script` of a model that holds it")
def _(s: Subject, m: nn.Module) -> str:
    try:
        scripted = torch.jit.script(copy.deepcopy(nn.Sequential(m)))
    except BackendError as error:
        return "no; the error says what to use" if "torch.jit.trace" in str(error) else "no"
    same(s.output(scripted, s.input()), s.output(m, s.input()))
    return "yes, as torch's own"


@check("`torch.fx` tracing of a model that holds it")
def _(s: Subject, m: nn.Module) -> str:
    graph = torch.fx.symbolic_trace(nn.Sequential(m))
    assert [n.op for n in graph.graph.nodes] == ["placeholder", "call_module", "output"]
    same(s.output(graph, s.input()), s.output(m, s.input()))
    return "yes, as a leaf"


@check("`to_torch()`: torch's own with these parameters")
def _(s: Subject, m: nn.Module) -> str:
    try:
        other = m.to_torch()  # type: ignore[operator]
    except BackendError:
        return "no: torch has none"
    same_training(s, m, other)
    assert all(a is b for a, b in zip(m.parameters(), other.parameters(), strict=True))
    return "yes"


@check("state dicts to and from `torch.nn`")
def _(s: Subject, m: nn.Module) -> str:
    if not hasattr(nn, s.name):
        return "–"
    options = {} if s.is_step else {"num_layers": 2, "bidirectional": True}
    other = getattr(nn, s.name)(4, 6, **options)
    other.load_state_dict(m.state_dict())
    same(s.output(m, s.input()), s.output(other, s.input()))
    again = s.make()
    again.load_state_dict(other.state_dict())
    same(s.output(again, s.input()), s.output(other, s.input()))
    return "yes"


@check("`isinstance(layer, torch.nn.LSTM)` and the like")
def _(s: Subject, m: nn.Module) -> str:
    assert not isinstance(m, (nn.RNNBase, nn.RNNCellBase))
    return "no"


@check("`quantize_dynamic`")
def _(s: Subject, m: nn.Module) -> str:
    quantize = torch.ao.quantization.quantize_dynamic
    kinds = {nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell, nn.RNNCell}
    assert type(quantize(nn.Sequential(copy.deepcopy(m)), kinds)[0]) is type(m)
    try:
        other = m.to_torch()  # type: ignore[operator]
    except BackendError:
        return "no: left in float"
    quantized = quantize(nn.Sequential(other), kinds)[0]
    assert "quantized" in type(quantized).__module__ or s.name == "RNN"
    return "left in float; through `to_torch()` as torch's"


@check("pruning (`torch.nn.utils.prune`)")
def _(s: Subject, m: nn.Module) -> str:
    name = "weight_hh" if s.is_step else "weight_hh_l0"
    prune.l1_unstructured(m, name, 0.5)
    gradients(s, m, s.input())
    if not s.is_step:
        flat = [w for group in m.all_weights for w in group]  # type: ignore[union-attr, operator]
        assert any(w is getattr(m, name) for w in flat)
    before = s.output(m, s.input())
    prune.remove(m, name)
    same(s.output(m, s.input()), before)
    assert (getattr(m, name) == 0).float().mean() >= 0.5
    return "yes"


@check("parametrisations: weight, spectral and orthogonal norm")
def _(s: Subject, m: nn.Module) -> str:
    name = "weight_hh" if s.is_step else "weight_hh_l0"
    for change in (parametrizations.weight_norm, parametrizations.spectral_norm, parametrizations.orthogonal):
        other = copy.deepcopy(m)
        change(other, name)
        other.eval()
        assert all(g.isfinite().all() for g in gradients(s, other, s.input()))
        torch.nn.utils.parametrize.remove_parametrizations(other, name)
        s.output(other, s.input())
    return "yes"


@check("`copy.deepcopy`, `pickle`, `torch.save`")
def _(s: Subject, m: nn.Module) -> str:
    s.output(m, s.input())
    for other in (copy.deepcopy(m), pickle.loads(pickle.dumps(m))):
        same_training(s, m, other)
    return "yes"


@check("hooks: forward, pre-forward, full backward")
def _(s: Subject, m: nn.Module) -> str:
    calls: list[str] = []
    m.register_forward_pre_hook(lambda *_: calls.append("pre"))
    m.register_forward_hook(lambda *_: calls.append("forward"))
    m.register_full_backward_hook(lambda *_: calls.append("backward"))
    s.output(m, s.input().requires_grad_()).sum().backward()
    assert calls == ["pre", "forward", "backward"]
    return "yes"


@check("`DataParallel`")
def _(s: Subject, m: nn.Module) -> str:
    same(s.output(nn.DataParallel(m), s.input()), s.output(m, s.input()))
    return "yes"


@check("`DistributedDataParallel`")
def _(s: Subject, m: nn.Module) -> str:
    with tempfile.TemporaryDirectory() as folder:
        store = f"file://{folder}/store"
        torch.distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
        try:
            parallel = nn.parallel.DistributedDataParallel(m)
            s.output(parallel, s.input()).square().sum().backward()
            grads = [p.grad.clone() for p in m.parameters() if p.grad is not None]
        finally:
            torch.distributed.destroy_process_group()
    for ours, expected in zip(grads, gradients(s, m, s.input()), strict=True):
        same(ours, expected)
    return "yes"


def _in_child(queue: Any, m: nn.Module, x: Tensor) -> None:
    result = m(x)
    y = result[0] if isinstance(result, tuple) else result
    y.sum().backward()
    queue.put(y.detach().flatten()[:10].tolist())


@check("processes: `fork`, `spawn`")
def _(s: Subject, m: nn.Module) -> str:
    expected = s.output(m, s.input()).flatten()[:10]
    first = any(column[0] is s for column in COLUMNS.values())
    for method in ("fork", "spawn") if first else ("fork",):  # a spawned child takes seconds to begin
        context = multiprocessing.get_context(method)
        queue = context.Queue()
        child = context.Process(target=_in_child, args=(queue, m, s.input()))
        child.start()
        output = torch.tensor(queue.get(timeout=60))
        child.join(60)
        assert child.exitcode == 0
        same(output, expected)
    return "yes"


@check("Lightning")
def _(s: Subject, m: nn.Module) -> str:
    if importlib.util.find_spec("lightning") is None:
        raise MissingTool("Lightning is not installed: pip install lightning")
    import lightning

    class Model(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.inner = m

        def training_step(self, x: Tensor) -> Tensor:
            return s.output(self.inner, x).square().mean()

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    before = [p.detach().clone() for p in m.parameters()]
    with tempfile.TemporaryDirectory() as folder:
        trainer = lightning.Trainer(
            max_steps=2,
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            default_root_dir=folder,
        )
        data = torch.utils.data.DataLoader([s.input(i) for i in range(2)], batch_size=None)
        trainer.fit(Model(), data)
    assert any(not torch.equal(a, b) for a, b in zip(before, m.parameters(), strict=True))
    return "yes"


def main() -> int:
    """Write the table into docs/compatibility.md."""
    text = PAGE.read_text(encoding="utf-8")
    body = f"{BEGIN}\n{table()}\n{END}"
    pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
    PAGE.write_text(pattern.sub(lambda _: body, text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
