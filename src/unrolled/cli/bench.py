"""``unrolled bench layers|step|generate|stream|serve|defaults``: speed, and results without options."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from unrolled.backends import BackendName
from unrolled.bench.custom import custom_plan
from unrolled.bench.defaults import find_sets, measure_defaults
from unrolled.bench.driver import run_benchmark
from unrolled.bench.flops import GATES
from unrolled.bench.generate import GENERATE_PEERS, GENERATION_MODEL, generate_plan
from unrolled.bench.layers import LayerOptions, layer_plan
from unrolled.bench.machine import use_threads
from unrolled.bench.peers import check_peers
from unrolled.bench.plan import Group
from unrolled.bench.point import GRID, parse_points
from unrolled.bench.ragged import ragged_plan
from unrolled.bench.sides import MODES, Mode
from unrolled.bench.step import step_plan
from unrolled.bench.step_models import MODELS
from unrolled.bench.stream import POINTS, ROUNDS, measure_streams, parse_model
from unrolled.bench.stream_table import print_streams, write_streams
from unrolled.cli.arguments import parse
from unrolled.config import require
from unrolled.errors import ConfigError, suggestion
from unrolled.extras import require_extra
from unrolled.terminal import Terminal

Precision = Literal["float32", "bfloat16"]

USAGE = """usage: unrolled bench layers|step|generate|stream|serve|defaults [options]   (bench layers --help)

  layers     layers over a grid of sizes: training step and inference
             --ragged: ragged and padded batches   --custom: a cell for which torch has no kernel
  step       training steps of whole language models: speed, losses and peak memory
  generate   generation of one sequence, token by token
  stream     one sequence on one thread: the runtime, ONNX Runtime and torch; tokens/s and latency
  serve      a server under load: many texts at the same time, each checked; tokens/s, latency and memory
  defaults   results of training without options on public data sets, with simple baselines and times

The first three print ratios: our side and the peer are timed alternately in one run, and the medians over
pairs are compared. Above 1, our side is faster. The next columns compare our side with this machine's fastest
matrix product, measured in the same run."""


@dataclass(frozen=True)
class Common:
    """Options of all speed measurements."""

    pairs: int = 9
    """Number of measurements of each side, taken alternately. Published figures need at least 9."""

    threads: int = 0
    """CPU threads; 0: torch's number."""

    out: str = ""
    """Folder for bench.json (all measured times) and bench.png. Files of an earlier run are replaced."""

    def __post_init__(self) -> None:
        require(self.pairs >= 1, f"--pairs {self.pairs}: must be at least 1")
        require(self.threads >= 0, f"--threads {self.threads}: must not be negative")


@dataclass(frozen=True)
class Layers:
    """Measure layers and compare them with peers, over a grid of sizes."""

    cells: tuple[str, ...] = tuple(GATES)
    """Cells to measure: rnn, gru, lstm."""

    mode: Literal["both", "train", "inference"] = "both"
    """train: forward and backward, with the gradient of the input. inference: forward only."""

    grid: tuple[str, ...] = GRID
    """Sizes to measure, each T,B,I,H: steps, batch rows, input features, hidden units."""

    point: str = ""
    """One size T,B,I,H instead of the grid."""

    peers: tuple[str, ...] = ("torch",)
    """Peers to compare with: torch, compile (torch.compile), jax (lax.scan), onnx (ONNX Runtime, inference
    only)."""

    backend: BackendName = "auto"
    """Backend of our layers."""

    precision: Precision = "float32"
    """Precision of our layers. Peers compute in float32."""

    ragged: bool = False
    """Compare ragged batches with the same batches padded, both run by our layers."""

    custom: bool = False
    """Compare our LSTM with layer normalisation and zoneout with a Python loop in PyTorch (training
    steps)."""

    common: Common = field(default_factory=Common)

    def plan(self) -> list[Group]:
        """Check the options and return the groups to measure."""
        cells = _check_names("--cells", self.cells, tuple(GATES))
        peers = _split_names(self.peers)
        modes: tuple[Mode, ...] = MODES if self.mode == "both" else (self.mode,)
        points = parse_points([self.point] if self.point else self.grid)
        require(bool(points), "--grid: give at least one T,B,I,H")
        options = LayerOptions(self.backend, self.precision, self.common.pairs)
        require(not (self.ragged and self.custom), "--ragged and --custom: give one of the two")
        if self.ragged or self.custom:
            flag = "--ragged" if self.ragged else "--custom"
            require(peers == ("torch",), f"{flag} has a fixed peer: leave --peers out")
        if self.ragged:
            return ragged_plan(cells, modes, points, options)
        if self.custom:
            require(self.mode != "inference", "--custom measures training steps: leave --mode out")
            return custom_plan(points, options)
        check_peers(peers, modes)
        return layer_plan(cells, modes, peers, points, options)


@dataclass(frozen=True)
class Step:
    """Measure training steps of whole language models, compared with the same models in plain PyTorch."""

    models: tuple[str, ...] = tuple(MODELS)
    """Models to measure: ptb-small (words), char-lstm, char-gru, char-rnn."""

    precision: Precision = "float32"
    """Precision of our models. The peer computes in float32."""

    common: Common = field(default_factory=Common)

    def plan(self) -> list[Group]:
        """Check the options and return the groups to measure."""
        names = _check_names("--models", self.models, tuple(MODELS))
        models = [MODELS[name] for name in names]
        for model in models:
            model.config(self.precision)  # an unsupported precision is an error before anything runs
        return step_plan(models, self.precision, self.common.pairs)


@dataclass(frozen=True)
class Generate:
    """Measure generation of one sequence, token by token, compared with the same model in plain PyTorch."""

    peers: tuple[str, ...] = ("torch",)
    """Peers to compare with: torch, onnx (ONNX Runtime)."""

    common: Common = field(default_factory=Common)

    def plan(self) -> list[Group]:
        """Check the options and return the groups to measure."""
        peers = _split_names(self.peers)
        check_peers(peers, ("inference",), GENERATE_PEERS)
        return generate_plan(GENERATION_MODEL, peers, self.common.pairs)


@dataclass(frozen=True)
class Streams:
    """Measure the runtime on one sequence, token by token, with ONNX Runtime and torch. One thread.

    Every round measures each side in turn; the table shows medians over rounds. Sampling is included in
    tokens/s and left out of steps/s. Latencies are those of single steps. The share of the bandwidth is
    that of one core reading as many bytes as a step does, again and again in the same order; steps alternate
    their order and can exceed it.
    """

    points: tuple[str, ...] = POINTS
    """Models to measure, each V,E,H,L: vocabulary, embedding, hidden units, layers."""

    rounds: int = ROUNDS
    """Number of rounds. Published figures need at least 9."""

    out: str = ""
    """Folder for stream.json with all measured times; a file of an earlier run is replaced."""

    def __post_init__(self) -> None:
        require(self.rounds >= 1, f"--rounds {self.rounds}: must be at least 1")
        require(bool(self.points), "--points: give at least one V,E,H,L")


@dataclass(frozen=True)
class Defaults:
    """Train without options on every public data set, and compare with simple baselines.

    The data are read from the folder in the environment variable UNROLLED_DATA. Finished trainings are kept:
    after an interruption, the same command continues.
    """

    out: str
    """Folder for the runs, the table (defaults.md) and the figures (defaults.json)."""

    sets: tuple[str, ...] = ()
    """Data sets to train on; all by default. An unknown name lists them."""

    threads: int = 1
    """CPU threads of each training."""

    def __post_init__(self) -> None:
        require(self.threads >= 1, f"--threads {self.threads}: must be at least 1")


KINDS: dict[str, type[Layers] | type[Step] | type[Generate]] = {
    "layers": Layers,
    "step": Step,
    "generate": Generate,
}
DEFAULTS = "defaults"
STREAM = "stream"
SERVE = "serve"


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    if not argv or argv[0] in ("-h", "--help"):
        print(USAGE)
        return 0 if argv else 2
    kind = argv[0]
    if kind == DEFAULTS:
        return _run_defaults(parse(Defaults, argv[1:], prog=f"{prog} {kind}"))
    if kind == STREAM:
        return _run_streams(parse(Streams, argv[1:], prog=f"{prog} {kind}"))
    if kind == SERVE:
        from unrolled.cli import bench_serve

        return bench_serve.run(argv[1:], f"{prog} {kind}")
    if kind not in KINDS:
        valid_names = [*KINDS, STREAM, SERVE, DEFAULTS]
        raise ConfigError(
            f"bench {kind}: is not one of {', '.join(valid_names)}{suggestion(kind, valid_names)}"
        )
    args = parse(KINDS[kind], argv[1:], prog=f"{prog} {kind}")
    if args.common.out:
        require_extra("plots", "--out (a plot of the figures)")
    groups = args.plan()
    folder = Path(args.common.out) if args.common.out else None
    console = Terminal(highlight=False, soft_wrap=True, markup=False)
    with use_threads(args.common.threads):
        run_benchmark(kind, dataclasses.asdict(args), groups, folder, console)
    return 0


def _run_streams(args: Streams) -> int:
    models = [parse_model(point) for point in args.points]
    console = Terminal(highlight=False, soft_wrap=True, markup=False)
    results = {}
    with use_threads(1):
        for model in models:
            results[model.name] = measure_streams(model, args.rounds)
            print_streams(model.name, results[model.name], console)
    if args.out:
        folder = Path(args.out)
        folder.mkdir(parents=True, exist_ok=True)
        console.print(f"written: {write_streams(results, folder)}")
    return 0


def _run_defaults(args: Defaults) -> int:
    sets = find_sets(_split_names(args.sets))
    console = Terminal(highlight=False, soft_wrap=True, markup=False)
    return 0 if measure_defaults(sets, Path(args.out), console, threads=args.threads) else 1


def _split_names(words: Sequence[str]) -> tuple[str, ...]:
    """Return the names in the words. A word may hold several names, separated by commas."""
    return tuple(dict.fromkeys(name for word in words for name in word.split(",") if name))


def _check_names(flag: str, words: Sequence[str], valid_names: tuple[str, ...]) -> tuple[str, ...]:
    names = _split_names(words)
    require(bool(names), f"{flag}: name at least one of {', '.join(valid_names)}")
    for name in names:
        if name not in valid_names:
            hint = suggestion(name, valid_names)
            raise ConfigError(f"{flag} {name}: is not one of {', '.join(valid_names)}{hint}")
    return names
