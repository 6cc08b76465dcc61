"""Merging of verdicts: no good verdict on a layer with a worse one, and one value per option."""

from collections.abc import Iterable
from dataclasses import replace

from unrolled.diagnostics.findings.verdict import LEVELS, Remedy, Verdict

LONGEST = ("--chrono", "--forget-bias", "--skip")
"""Options whose value depends on a distance: the value for the longest distance serves all layers."""


def merge(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return the verdicts without contradictions, the worst first.

    A good verdict on a layer is dropped if another verdict warns about that layer. Each option is named once,
    in the worst verdict that it helps with, because it is set for the whole network; later verdicts refer to
    that.
    """
    remaining = list(verdicts)
    warned = {v.where for v in remaining if v.where and v.level != "good"}
    remaining = [v for v in remaining if v.level != "good" or v.where not in warned]
    remaining.sort(key=lambda v: -LEVELS.index(v.level))
    chosen = _choose_remedies(remedy for v in remaining for remedy in v.remedies)
    named = dict[str, str]()
    return tuple(replace(v, remedies=_without_repeats(v, chosen, named)) for v in remaining)


def _choose_remedies(remedies: Iterable[Remedy]) -> dict[str, Remedy]:
    """Return one remedy per option: that for the longest distance, or that of the worst verdict."""
    chosen = dict[str, Remedy]()
    for remedy in remedies:
        option = _option(remedy)
        if option in LONGEST and option in chosen:
            chosen[option] = max(chosen[option], remedy, key=lambda r: float(r.flag.split()[1]))
        else:
            chosen.setdefault(option, remedy)
    return chosen


def _without_repeats(
    verdict: Verdict, chosen: dict[str, Remedy], named: dict[str, str]
) -> tuple[Remedy, ...]:
    """Return the remedies that no earlier verdict names, and references to the earlier ones."""
    new, references = list[Remedy](), dict[str, None]()
    for remedy in verdict.remedies:
        option = _option(remedy)
        if not remedy.flag:
            new.append(remedy)
        elif option in named:
            references[named[option]] = None
        else:
            named[option] = f"{verdict.title} ({verdict.where})" if verdict.where else verdict.title
            new.append(chosen[option])
    return (*new, *(Remedy(f"see the remedies for: {title}") for title in references))


def _option(remedy: Remedy) -> str:
    return remedy.flag.split()[0] if remedy.flag else ""
