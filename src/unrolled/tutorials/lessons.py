"""The guided experiments, in the order in which they are listed."""

from unrolled.tutorials import exploding, gates, memory, vanishing

LESSONS = {
    lesson.word: lesson for lesson in (vanishing.LESSON, exploding.LESSON, memory.LESSON, gates.LESSON)
}
"""By the word in ``unrolled learn WORD``."""
