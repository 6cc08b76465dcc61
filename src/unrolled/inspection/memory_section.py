"""Section and verdict on the memory of a language model."""

from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.diagnostics.memory_context import TOLERANCE
from unrolled.inspection.memory import Memory
from unrolled.pages.charts.memory import context_chart, replacement_chart
from unrolled.pages.parts import Section
from unrolled.wording import counted


def memory_section(memory: Memory) -> Section:
    """Return the section with the charts of both curves."""
    return Section(
        "Memory in practice",
        "Gradients show how far learning reaches; these charts show how far the trained model looks back.",
        (context_chart(memory.context, memory.unit), replacement_chart(memory.replacement, memory.unit)),
    )


def memory_verdict(memory: Memory) -> Verdict:
    """Return the verdict on how much context the model uses, given the errors of the losses."""
    effective, longest = memory.context.effective(), int(memory.context.contexts[-1])
    least, most = memory.context.effective_range()
    span = f"{effective:,}" if least == most else f"{least:,} to {most:,}"
    plural = "" if least == most == 1 else "s"
    more = " or more (longer contexts were not measured)" if most == longest else ""
    reach = memory.replacement.reach()
    replacement_text = (
        f"Replacing a single {memory.unit} has a significant effect up to distance {reach:,}."
        if reach
        else f"Replacing a single {memory.unit} has no significant effect."
    )
    return Verdict(
        f"Effective context: {span} {memory.unit}{plural}",
        "good",
        f"With {span} {memory.unit}{plural} of context{more}, the loss of a {memory.unit} is within "
        f"{TOLERANCE:.0%} of the loss with the longest context ({longest:,}), measured on "
        f"{counted(memory.context.targets, memory.unit)} (for more use --targets). {replacement_text}",
        "",
        float(effective),
        f"{memory.unit}s",
    )
