"""Texts to try, written for this purpose, by data set."""

_EXAMPLES = {
    "ud_english-ewt": (
        "Dr. Novak's well-tested e-mail filter costs $3.50. Not bad!",
        "The old man the boats while the crew sleeps on deck.",
        "I saw her duck, but she didn't see mine.",
        "They refuse to permit us to obtain the refuse permit, which is a pity.",
        "Wow, that's a surprisingly good read; can I book a second book?",
    ),
}


def example_texts(data: str) -> list[str]:
    """Return texts for training data such as ``@ud_english-ewt/train``; none for other data."""
    return list(_EXAMPLES.get(data[1:].partition("/")[0], ())) if data.startswith("@") else []
