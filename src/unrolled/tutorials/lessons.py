"""The list of lessons."""

from unrolled.tutorials import exploding, gates, memory, vanishing

LESSONS = {
    lesson.word: lesson for lesson in (vanishing.LESSON, exploding.LESSON, memory.LESSON, gates.LESSON)
}
"""Lessons by the WORD of ``unrolled learn WORD``, in the order of the list."""
