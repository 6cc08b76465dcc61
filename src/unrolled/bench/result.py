"""Results of a benchmark, with all raw times, and their JSON file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from unrolled.bench.ceiling import Ceiling
from unrolled.bench.timing import Pairs, ratio_of_pairs
from unrolled.errors import RunError
from unrolled.reading import MalformedError, convert
from unrolled.training.tensor_files import read_json, write_json

FORMAT = 1
RESULTS = "bench.json"


@dataclass(frozen=True)
class Result:
    """One comparison: this package and a peer on the same work."""

    series: str
    """Name of the comparison, such as cell and mode: one line in the plot."""
    case: str
    """Sizes of a layer, or name of a model."""
    peer: str
    pairs: Pairs
    flops: int
    """Number of operations in one call of our side, by formula."""
    tokens: int
    """Tokens in one call, T·B."""
    path: str
    """Backend that ran our side."""
    difference: float
    """Largest difference between the two sides, as a fraction of the largest value."""
    precision: str = "float32"
    """Precision of our side. The peer always computes in float32."""
    extra: dict[str, float] = field(default_factory=dict)
    """Further figures: losses, number of updates and peak memory of a training step."""

    @property
    def ours(self) -> float:
        """Median seconds per call of our side."""
        return median(self.pairs.ours)

    @property
    def theirs(self) -> float:
        """Median seconds per call of the peer."""
        return median(self.pairs.theirs)

    @property
    def ratio(self) -> float:
        """How many times faster our side is."""
        return ratio_of_pairs(self.pairs.ours, self.pairs.theirs)

    @property
    def gflops(self) -> float:
        """GFLOP/s of our side."""
        return self.flops / self.ours / 1e9


@dataclass
class Report:
    """All results of a benchmark run, the machine and its ceilings."""

    kind: str
    options: dict[str, Any]
    machine: dict[str, str | int | float]
    ceilings: list[Ceiling]
    results: list[Result] = field(default_factory=list)

    def ceiling(self, precision: str) -> Ceiling:
        """Return the ceiling of a precision."""
        return next(c for c in self.ceilings if c.precision == precision)

    def share_of_ceiling(self, result: Result) -> float:
        """Return the fraction of the ceiling that our side reached, for its precision.

        If the ceiling was measured with each pair, this is the median over pairs of our rate divided by the
        ceiling's. Otherwise it is our rate divided by the ceiling measured at the start.
        """
        if not result.pairs.ceiling:
            return result.gflops / self.ceiling(result.precision).gflops
        pairs = zip(result.pairs.ours, result.pairs.ceiling, strict=True)
        return median(result.flops / seconds / 1e9 / rate for seconds, rate in pairs)

    def to_json(self) -> dict[str, Any]:
        """Return the report as a dict, with the figures derived from each result."""
        values = {"format": FORMAT, **asdict(self)}
        for result_values, result in zip(values["results"], self.results, strict=True):
            result_values["figures"] = {
                "ours_ms": 1e3 * result.ours,
                "theirs_ms": 1e3 * result.theirs,
                "ratio": result.ratio,
                "gflops": result.gflops,
                "share_of_ceiling": self.share_of_ceiling(result),
            }
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any], where: str) -> "Report":
        """Rebuild a report from :meth:`to_json`. ``where`` is the file name for errors.

        Raises:
            RunError: if the format is unknown or the values are damaged.
        """
        if values.get("format") != FORMAT:
            raise RunError(f"{where}: format {values.get('format')!r} is not {FORMAT}")
        try:
            return convert(dict(values), cls)
        except MalformedError as error:
            raise RunError(f"{where}: damaged ({error})") from None


def write_report(report: Report, folder: Path) -> Path:
    """Write ``bench.json`` to the folder, replacing an earlier one. Returns its path."""
    path = folder / RESULTS
    write_json(path, report.to_json())
    return path


def read_report(path: Path) -> Report:
    """Read a report that :func:`write_report` wrote."""
    return Report.from_json(read_json(path), str(path))
