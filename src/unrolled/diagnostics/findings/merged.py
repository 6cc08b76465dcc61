"""Findings as one list: no praise of a layer that another finding blames, and one value for each option."""

from collections.abc import Iterable
from dataclasses import replace

from unrolled.diagnostics.findings.verdict import LEVELS, Remedy, Verdict

LONGEST = ("--chrono", "--forget-bias", "--skip")
"""Options whose value is made for a distance: the one for the longest serves all layers."""


def merge(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return findings, the worst first, that do not contradict each other.

    A good finding about a layer is left out where another one warns of that layer. An option is named once,
    at the worst finding that it helps against, since it is set for the whole network; later ones refer to it.
    """
    kept = list(verdicts)
    warned = {v.where for v in kept if v.where and v.level != "good"}
    kept = [v for v in kept if v.level != "good" or v.where not in warned]
    kept.sort(key=lambda v: -LEVELS.index(v.level))
    chosen = _one_value_each(remedy for v in kept for remedy in v.remedies)
    named = dict[str, str]()
    return tuple(replace(v, remedies=_named_once(v, chosen, named)) for v in kept)


def _one_value_each(remedies: Iterable[Remedy]) -> dict[str, Remedy]:
    """Return the remedy of each option: that for the longest distance, or of the worst finding."""
    chosen = dict[str, Remedy]()
    for remedy in remedies:
        option = _option(remedy)
        if option in LONGEST and option in chosen:
            chosen[option] = max(chosen[option], remedy, key=lambda r: float(r.flag.split()[1]))
        else:
            chosen.setdefault(option, remedy)
    return chosen


def _named_once(verdict: Verdict, chosen: dict[str, Remedy], named: dict[str, str]) -> tuple[Remedy, ...]:
    """Return the remedies that no earlier finding names, and a reference to those that one does."""
    own, others = list[Remedy](), dict[str, None]()
    for remedy in verdict.remedies:
        option = _option(remedy)
        if not remedy.flag:
            own.append(remedy)
        elif option in named:
            others[named[option]] = None
        else:
            named[option] = f"{verdict.title} ({verdict.where})" if verdict.where else verdict.title
            own.append(chosen[option])
    return (*own, *(Remedy(f"what helps against: {title}") for title in others))


def _option(remedy: Remedy) -> str:
    return remedy.flag.split()[0] if remedy.flag else ""
