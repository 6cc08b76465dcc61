"""Memory in practice as a section and a verdict."""

from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.diagnostics.memory_context import TOLERANCE
from unrolled.inspection.memory import Memory
from unrolled.pages.charts.memory import context_chart, replacement_chart
from unrolled.pages.parts import Section


def memory_section(found: Memory) -> Section:
    """Return the charts of both curves."""
    return Section(
        "Memory in practice",
        "Gradients say how far learning reaches; this says how far the trained model looks back.",
        (context_chart(found.context, found.unit), replacement_chart(found.replacement, found.unit)),
    )


def memory_verdict(found: Memory) -> Verdict:
    """Return the verdict on how much context the model uses, as far as the errors of the losses tell it."""
    effective, longest = found.context.effective(), int(found.context.contexts[-1])
    least, most = found.context.effective_range()
    span = f"{effective:,}" if least == most else f"{least:,} to {most:,}"
    plural = "" if least == most == 1 else "s"
    more = " or more: longer was not tried" if most == longest else ""
    reach = found.replacement.reach()
    single = (
        f"A single other {found.unit} makes a difference up to distance {reach:,}."
        if reach
        else f"What a single other {found.unit} changes cannot be told from zero here."
    )
    return Verdict(
        f"Effective context: {span} {found.unit}{plural}",
        "good",
        f"With {span} {found.unit}{plural} before it{more}, the loss of a {found.unit} is within "
        f"{TOLERANCE:.0%} of what the longest tried, {longest:,}, give, by {found.context.targets:,} losses "
        f"and their errors (more: --targets). {single}",
        "",
        float(effective),
        f"{found.unit}s",
    )
