"""``unrolled bench layers|step|generate|defaults``: speed beside plain PyTorch, and what defaults give."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from unrolled.backends import BackendName
from unrolled.bench.custom import custom_plan
from unrolled.bench.defaults import find_sets, measure_defaults
from unrolled.bench.driver import carry_out
from unrolled.bench.flops import GATES
from unrolled.bench.generate import GENERATE_PEERS, WRITER, generate_plan
from unrolled.bench.layers import LayerOptions, layer_plan
from unrolled.bench.machine import threads
from unrolled.bench.peers import check_peers
from unrolled.bench.plan import Group
from unrolled.bench.point import GRID, parse_points
from unrolled.bench.ragged import ragged_plan
from unrolled.bench.sides import MODES, Mode
from unrolled.bench.step import step_plan
from unrolled.bench.step_models import MODELS
from unrolled.cli.arguments import parse
from unrolled.config import require
from unrolled.errors import ConfigError, suggestion
from unrolled.extras import require_extra
from unrolled.terminal import Terminal

Precision = Literal["float32", "bfloat16"]

USAGE = """usage: unrolled bench layers|step|generate|defaults [options]   (unrolled bench layers --help)

  layers     layers over a grid of sizes: training step and inference
             --ragged: ragged batches beside padded ones   --custom: a cell that torch has no kernel for
  step       the whole training step of language models: speed, losses and peak memory
  generate   token by token for one reader
  defaults   what trainings without options give on public data sets, with simple baselines and times

The first three print ratios: ours and the peer are timed in turn in one run, medians over pairs; above 1
ours is faster. Next to each is the share of this machine's fastest matrix product, taken in the same run."""


@dataclass(frozen=True)
class Common:
    """Options of every measurement of speed."""

    pairs: int = 9
    """Times each side is measured, in turn; a figure takes at least 9."""

    threads: int = 0
    """CPU threads; 0 takes torch's own number."""

    out: str = ""
    """Folder for bench.json (every time measured) and bench.png; those of an earlier run are replaced."""

    def __post_init__(self) -> None:
        require(self.pairs >= 1, f"--pairs {self.pairs}: must be at least 1")
        require(self.threads >= 0, f"--threads {self.threads}: must not be negative")


@dataclass(frozen=True)
class Layers:
    """Measure layers beside a peer over a grid of sizes."""

    cells: tuple[str, ...] = tuple(GATES)
    """Which of rnn, gru, lstm."""

    mode: Literal["both", "train", "inference"] = "both"
    """train is forward and backward, gradient of the input included; inference is forward alone."""

    grid: tuple[str, ...] = GRID
    """Sizes, each T,B,I,H: steps, rows, features in, units."""

    point: str = ""
    """One size T,B,I,H in place of the grid."""

    peers: tuple[str, ...] = ("torch",)
    """Which of torch, compile (torch.compile), jax (lax.scan), onnx (ONNX Runtime, inference)."""

    backend: BackendName = "auto"
    """Path of our layers."""

    precision: Precision = "float32"
    """In which our layers compute; peers compute in float32."""

    ragged: bool = False
    """Measure ragged batches beside the same batches padded, both by our layers."""

    custom: bool = False
    """Measure a training step of an LSTM with layer normalisation and zoneout beside a loop in PyTorch."""

    common: Common = field(default_factory=Common)

    def plan(self) -> list[Group]:
        """Return what is to be measured, after a look at whether it can be."""
        cells = _known("--cells", self.cells, tuple(GATES))
        peers = _split(self.peers)
        modes: tuple[Mode, ...] = MODES if self.mode == "both" else (self.mode,)
        points = parse_points([self.point] if self.point else self.grid)
        require(bool(points), "--grid: give at least one T,B,I,H")
        options = LayerOptions(self.backend, self.precision, self.common.pairs)
        require(not (self.ragged and self.custom), "--ragged and --custom: give one of the two")
        if self.ragged or self.custom:
            flag = "--ragged" if self.ragged else "--custom"
            require(peers == ("torch",), f"{flag} has a peer of its own: leave --peers out")
        if self.ragged:
            return ragged_plan(cells, modes, points, options)
        if self.custom:
            require(self.mode != "inference", "--custom measures training steps: leave --mode out")
            return custom_plan(points, options)
        check_peers(peers, modes)
        return layer_plan(cells, modes, peers, points, options)


@dataclass(frozen=True)
class Step:
    """Measure the whole training step of language models beside the same models in plain PyTorch."""

    models: tuple[str, ...] = tuple(MODELS)
    """Which of ptb-small (words), char-lstm, char-gru, char-rnn."""

    precision: Precision = "float32"
    """In which our models compute; the peer computes in float32."""

    common: Common = field(default_factory=Common)

    def plan(self) -> list[Group]:
        """Return what is to be measured."""
        names = _known("--models", self.models, tuple(MODELS))
        models = [MODELS[name] for name in names]
        for model in models:
            model.config(self.precision)  # a precision that does not exist is said at once
        return step_plan(models, self.precision, self.common.pairs)


@dataclass(frozen=True)
class Generate:
    """Measure writing, one token at a time for one reader, beside the same in plain PyTorch."""

    peers: tuple[str, ...] = ("torch",)
    """Which of torch, onnx (ONNX Runtime)."""

    common: Common = field(default_factory=Common)

    def plan(self) -> list[Group]:
        """Return what is to be measured, after a look at whether it can be."""
        peers = _split(self.peers)
        check_peers(peers, ("inference",), GENERATE_PEERS)
        return generate_plan(WRITER, peers, self.common.pairs)


@dataclass(frozen=True)
class Defaults:
    """Train without options on every public data set, and compare with simple baselines.

    The data are read from the folder that the environment variable UNROLLED_DATA names. What is done is kept:
    the same command goes on where it was stopped.
    """

    out: str
    """Folder for the runs, the table (defaults.md) and the figures (defaults.json)."""

    sets: tuple[str, ...] = ()
    """Which sets; all by default. A wrong name lists them."""

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


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    if not argv or argv[0] in ("-h", "--help"):
        print(USAGE)
        return 0 if argv else 2
    kind = argv[0]
    if kind == DEFAULTS:
        return _run_defaults(parse(Defaults, argv[1:], prog=f"{prog} {kind}"))
    if kind not in KINDS:
        known = [*KINDS, DEFAULTS]
        raise ConfigError(f"bench {kind}: is not one of {', '.join(known)}{suggestion(kind, known)}")
    args = parse(KINDS[kind], argv[1:], prog=f"{prog} {kind}")
    if args.common.out:
        require_extra("plots", "--out (a picture of the figures)")
    groups = args.plan()
    folder = Path(args.common.out) if args.common.out else None
    console = Terminal(highlight=False, soft_wrap=True, markup=False)
    with threads(args.common.threads):
        carry_out(kind, dataclasses.asdict(args), groups, folder, console)
    return 0


def _run_defaults(args: Defaults) -> int:
    sets = find_sets(_split(args.sets))
    console = Terminal(highlight=False, soft_wrap=True, markup=False)
    return 0 if measure_defaults(sets, Path(args.out), console, threads=args.threads) else 1


def _split(words: Sequence[str]) -> tuple[str, ...]:
    """Return names given as several words or with commas between them."""
    return tuple(dict.fromkeys(name for word in words for name in word.split(",") if name))


def _known(flag: str, words: Sequence[str], known: tuple[str, ...]) -> tuple[str, ...]:
    names = _split(words)
    require(bool(names), f"{flag}: name at least one of {', '.join(known)}")
    for name in names:
        if name not in known:
            near = suggestion(name, known)
            raise ConfigError(f"{flag} {name}: is not one of {', '.join(known)}{near}")
    return names
