"""What a benchmark measured: everything, raw times included, as JSON and back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from unrolled.bench.ceiling import Ceiling
from unrolled.bench.timing import Pairs, ratio_of_pairs
from unrolled.errors import RunError
from unrolled.reading import MalformedError, convert
from unrolled.training.files import read_json, write_json

FORMAT = 1
RESULTS = "bench.json"


@dataclass(frozen=True)
class Result:
    """One comparison: this package and a peer on the same work."""

    series: str
    """What is compared over the cases: a line in the plot."""
    case: str
    peer: str
    pairs: Pairs
    flops: int
    """Of one call of ours, by formula."""
    tokens: int
    """Of one call: T·B."""
    path: str
    """Which code of ours ran."""
    difference: float
    """Largest difference of the two sides' numbers, as a share of the largest value."""
    precision: str = "float32"
    """In which ours computed; the peer always computes in float32."""
    extra: dict[str, float] = field(default_factory=dict)

    @property
    def ours(self) -> float:
        """Median seconds of a call of ours."""
        return median(self.pairs.ours)

    @property
    def theirs(self) -> float:
        """Median seconds of a call of the peer."""
        return median(self.pairs.theirs)

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return ratio_of_pairs(self.pairs.ours, self.pairs.theirs)

    @property
    def gflops(self) -> float:
        """GFLOP/s of ours."""
        return self.flops / self.ours / 1e9


@dataclass
class Report:
    """All results of a run, the machine and its ceilings."""

    kind: str
    options: dict[str, Any]
    machine: dict[str, str | int | float]
    ceilings: list[Ceiling]
    results: list[Result] = field(default_factory=list)

    def ceiling(self, precision: str) -> Ceiling:
        """Return the ceiling of that precision."""
        return next(c for c in self.ceilings if c.precision == precision)

    def share(self, result: Result) -> float:
        """Return how much of the ceiling ours reached, in the precision in which it computed.

        The median over pairs of our rate over the ceiling's, where that was measured in turn; else over the
        best rate found before.
        """
        if not result.pairs.ceiling:
            return result.gflops / self.ceiling(result.precision).gflops
        timed = zip(result.pairs.ours, result.pairs.ceiling, strict=True)
        return median(result.flops / seconds / 1e9 / rate for seconds, rate in timed)

    def to_json(self) -> dict[str, Any]:
        """Return everything, with the figures that follow from it beside each result."""
        values = {"format": FORMAT, **asdict(self)}
        for written, result in zip(values["results"], self.results, strict=True):
            written["figures"] = {
                "ours_ms": 1e3 * result.ours,
                "theirs_ms": 1e3 * result.theirs,
                "ratio": result.ratio,
                "gflops": result.gflops,
                "share_of_ceiling": self.share(result),
            }
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any], where: str) -> "Report":
        """Rebuild what :meth:`to_json` returned; ``where`` names the file in errors.

        Raises:
            RunError: if it is of another format, or damaged.
        """
        if values.get("format") != FORMAT:
            raise RunError(f"{where}: format {values.get('format')!r} is not {FORMAT}")
        try:
            return convert(dict(values), cls)
        except MalformedError as error:
            raise RunError(f"{where}: damaged ({error})") from None


def write_report(report: Report, folder: Path) -> Path:
    """Write ``bench.json`` into the folder, in place of an earlier one; return its path."""
    path = folder / RESULTS
    write_json(path, report.to_json())
    return path


def read_report(path: Path) -> Report:
    """Read what :func:`write_report` wrote."""
    return Report.from_json(read_json(path), str(path))
