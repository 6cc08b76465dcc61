"""Quantised notes: none is lost, repeated notes stay separate, and the grid fits the piece."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data.midi.grid import GRIDS, choose_steps, quantise
from unrolled.data.midi.notes import Note, Performance


def performance(*notes):
    """Return a piece of (start, end, note) in quarter notes."""
    ticks = [Note(start * 480, end * 480, key) for start, end, key in notes]
    return Performance(sorted(ticks, key=lambda n: (n.start, n.note)), 480, 120, (4, 4))


def line(length, shift=0.0, step=1.0, count=8):
    """Return a rising scale with one note per step."""
    return performance(*((i * step + shift, i * step + shift + length, 60 + i) for i in range(count)))


@pytest.mark.parametrize("length", [1.0, 0.5, 0.4, 0.1, 0.0])
def test_short_notes_last_one_step(length):
    assert quantise(line(length), 1).piece == [(60 + i,) for i in range(8)]


def test_notes_off_the_beat_stay_separate():
    assert quantise(line(1.0, shift=0.5), 1).piece == [(), *((60 + i,) for i in range(8))]


def test_short_notes_over_a_long_one():
    held = performance((0, 4, 40), *((i, i + 0.4, 60 + i) for i in range(4)))
    assert quantise(held, 1).piece == [(40, 60 + i) for i in range(4)]


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ([(0, 2, 60), (2, 4, 60)], [1, 0, 1, 1]),  # repeated note: released for one step
        ([(0, 4, 60), (2, 3, 60)], [1, 0, 1, 1]),  # repeated by the other hand while the first is held
        ([(0, 1, 60), (2, 4, 60)], [1, 0, 1, 1]),
        ([(0, 1, 60), (1, 4, 60)], [1, 1, 1, 1]),  # no step between
    ],
)
def test_repeated_notes(notes, expected):
    steps = quantise(performance(*notes), 1)
    assert [int(60 in step) for step in steps.piece] == expected
    assert steps.notes == 2
    assert steps.merged == (expected == [1, 1, 1, 1])


def test_simultaneous_equal_notes_are_one_note():
    assert quantise(performance((0, 1, 60), (0, 2, 60)), 1)[1:] == (1, 0)


events = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 60), st.integers(60, 64)), min_size=1, max_size=40
)


@given(events, st.integers(1, 12))
def test_no_note_is_lost(events, steps_per_beat):
    played = performance(*((start / 24, (start + length) / 24, key) for start, length, key in events))
    piece, notes, merged = quantise(played, steps_per_beat)
    starts = {(int(n.start * steps_per_beat / 480 + 0.5), n.note) for n in played.notes}
    assert all(key in piece[start] for start, key in starts)
    begun = sum(key not in before for before, step in zip([(), *piece], piece, strict=False) for key in step)
    assert begun == notes - merged


@pytest.mark.parametrize(
    ("step", "expected"), [(1, 1), (2, 1), (1 / 2, 2), (1 / 3, 3), (1 / 4, 4), (1 / 6, 6), (1 / 8, 8)]
)
def test_the_grid_is_the_coarsest_that_keeps_notes_apart(step, expected):
    assert choose_steps([line(step, step=step, count=40)])[0] == expected


def test_the_grid_leaves_room_between_repeated_notes():
    repeated = performance(*((i, i + 1, 60) for i in range(8)))
    steps_per_beat, share = choose_steps([repeated])
    assert (steps_per_beat, share) == (2, 1.0)
    assert quantise(repeated, steps_per_beat).piece == [(60,), ()] * 7 + [(60,), (60,)]


def test_slightly_spread_chords_count_as_one_onset():
    spread = performance(*((i + k * 0.02, i + 1, 60 + 4 * k + i % 2) for i in range(20) for k in range(3)))
    assert choose_steps([spread]) == (1, 1.0)


def test_a_few_fast_notes_do_not_determine_the_grid_of_a_collection():
    slow, trill = line(1, count=40), line(1 / 8, step=1 / 8, count=4)
    assert choose_steps([slow] * 10 + [trill])[0] == 1
    assert choose_steps([trill])[0] == 8


def test_the_finest_grid_is_used_if_none_keeps_notes_apart():
    trill = line(1 / 16, step=1 / 14, count=60)
    steps_per_beat, share = choose_steps([trill])
    assert steps_per_beat == GRIDS[-1]
    assert share < 0.7
