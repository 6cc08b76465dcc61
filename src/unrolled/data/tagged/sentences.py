"""Words of sentences, with a tag each."""

from dataclasses import dataclass

from unrolled.errors import DataError


@dataclass(frozen=True)
class Tagged:
    """Words of each sentence, and their tags."""

    words: list[list[str]]
    tags: list[list[str]]

    def take(self, rows: list[int]) -> "Tagged":
        """Return some of the sentences."""
        return Tagged([self.words[i] for i in rows], [self.tags[i] for i in rows])


def check_counts(tagged: Tagged) -> None:
    """Check that every sentence has a tag for each of its words, and no more.

    Raises:
        DataError: if not; it names the first such sentence.
    """
    words, tags = len(tagged.words), len(tagged.tags)
    if words != tags:
        raise DataError(f"there are {words:,} sentences of words, but tags for {tags:,}")
    for number, (sentence, given) in enumerate(zip(tagged.words, tagged.tags, strict=True), 1):
        if len(sentence) != len(given):
            raise DataError(
                f"sentence {number} has {len(sentence)} words and {len(given)} tags; give one tag for each "
                f"word (it begins with {sentence[:3]!r:.60})"
            )
