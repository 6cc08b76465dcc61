"""Tables and file of ``unrolled bench serve``."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from unrolled.bench.machine import describe_machine
from unrolled.bench.serving.latencies import Latencies
from unrolled.bench.serving.measure import Rate, ServeResult, Side
from unrolled.bench.serving.streams import Faults, StreamResult
from unrolled.console import print_table
from unrolled.training.tensor_files import write_json

RESULTS = "serve.json"
PERCENTILES = (50, 99, 99.9)
Row = tuple[str, Callable[[Side], str]]


def print_serving(result: ServeResult, console: Console) -> None:
    """Print what was measured."""
    engine = result.engine
    if engine is not None:
        console.print(
            f"engine alone, {result.load.streams} rows, one core: {engine.per_second:,.0f} tokens/s; "
            f"{engine.per_cpu_second:,.0f} per second of CPU time"
        )
    table = Table(title=f"{result.load.streams} clients", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("", justify="left")
    for side in result.sides:
        table.add_column(side.name, justify="right")
    for head, value in [*(_stream_rows(engine) if engine else []), *ONE_SHOT_ROWS]:
        table.add_row(head, *(value(side) for side in result.sides))
    print_table(table, console)
    if len(result.sides) == 2:
        batched, alone = result.sides
        gain = f"{_ratio(_answer_rate(batched), _answer_rate(alone))} times the answers/s"
        if engine is not None:
            gain = f"{_ratio(_token_rate(batched), _token_rate(alone))} times the tokens/s, {gain}"
        console.print(f"batches: {gain}")
    for side in result.sides:
        _print_faults(side, console)


def _stream_rows(engine: Rate) -> list[Row]:
    return [
        ("tokens/s", lambda s: f"{_token_rate(s):,.0f}"),
        ("  of the engine alone", lambda s: f"{_token_rate(s) / engine.per_second:.0%}"),
        ("  per CPU second of the model's thread, of the engine alone", lambda s: _share_of_cpu(s, engine)),
        ("ms per token, p50 / p99 / p99.9", lambda s: _percentiles(_streams(s).per_token, "{:.2f}")),
        ("ms between events", lambda s: _percentiles(_streams(s).gaps)),
        ("ms to the first tokens", lambda s: _percentiles(_streams(s).first)),
        ("tokens an event", lambda s: f"{_streams(s).tokens / max(1, _streams(s).events):.1f}"),
        ("requests, all right", lambda s: f"{_streams(s).requests:,}"),
        ("  cut off at the end, right so far", lambda s: f"{_streams(s).cut:,}"),
        ("wrong texts", lambda s: f"{_streams(s).wrong.count:,}"),
        ("errors", lambda s: f"{_streams(s).errors.count:,}"),
        ("cores: HTTP / model / clients", _cores),
        ("CPU µs per token: HTTP / model / clients", _cpu),
        ("resident MB: first, last, most", _memory),
    ]


ONE_SHOT_ROWS: list[Row] = [
    ("answers/s", lambda s: f"{_answer_rate(s):,.0f}"),
    ("ms per answer, p50 / p99 / p99.9", lambda s: _percentiles(s.one_shots.latencies)),
    ("wrong answers, errors", lambda s: f"{s.one_shots.wrong.count:,}, {s.one_shots.errors.count:,}"),
]


def write_serving(result: ServeResult, folder: Path) -> Path:
    """Write what was measured to ``serve.json``. Returns its path."""
    path = folder / RESULTS
    sides = [_side_values(side) for side in result.sides]
    engine = asdict(result.engine) if result.engine else None
    values = {"load": asdict(result.load), "engine": engine, "sides": sides}
    write_json(path, {"machine": describe_machine(), **values})
    return path


def _side_values(side: Side) -> dict[str, Any]:
    values = dict(vars(side))
    for name in ("streams", "one_shots"):
        if values[name] is not None:
            values[name] = {key: _plain(value) for key, value in vars(values[name]).items()}
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, Latencies):
        return {f"p{which}": value.percentile(which) for which in PERCENTILES} if value.count else {}
    return asdict(value) if isinstance(value, Faults) else value


def _token_rate(side: Side) -> float:
    return _streams(side).tokens / _streams(side).seconds


def _answer_rate(side: Side) -> float:
    return side.one_shots.requests / side.one_shots.seconds


def _streams(side: Side) -> StreamResult:
    assert side.streams is not None
    return side.streams


def _share_of_cpu(side: Side, engine: Rate) -> str:
    return f"{_ratio(_token_rate(side), side.model_cores * engine.per_cpu_second)}"


def _ratio(value: float, other: float) -> str:
    return f"{value / other:.2f}" if other else "–"


def _percentiles(latencies: Latencies, form: str = "{:.1f}") -> str:
    if not latencies.count:
        return "–"
    return " / ".join(form.format(1e3 * latencies.percentile(which)) for which in PERCENTILES)


def _cores(side: Side) -> str:
    return f"{side.http_cores:.2f} / {side.model_cores:.2f} / {side.client_cores:.2f}"


def _cpu(side: Side) -> str:
    rate = max(1.0, _token_rate(side))
    return " / ".join(
        f"{1e6 * cores / rate:.1f}" for cores in (side.http_cores, side.model_cores, side.client_cores)
    )


def _memory(side: Side) -> str:
    megabytes = [value for _, value in side.memory]
    return f"{megabytes[0]:.0f}, {megabytes[-1]:.0f}, {max(megabytes):.0f}"


def _print_faults(side: Side, console: Console) -> None:
    for result in (side.streams, side.one_shots):
        for example in result.wrong.examples if result else []:
            console.print(f"{side.name}: wrong: {example}")
        for example in result.errors.examples if result else []:
            console.print(f"{side.name}: error: {example}")
