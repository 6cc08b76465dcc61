"""Note-on and note-off events as notes in time; hands, pedal, percussion, tempo and metre."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midi_bytes import midi, note, off, on, pedal, tempo, track
from unrolled.data.midi.events import read_events
from unrolled.data.midi.notes import iter_performances


def read_piece(*tracks, sustain=False, **header):
    (performance,) = iter_performances(
        read_events(midi(*(track(*t) for t in tracks), **header)), sustain=sustain
    )
    return performance


def read_spans(events, **options):
    return [(n.start, n.end) for n in read_piece(events, **options).notes]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([(0, on(60)), (9, off(60))], [(0, 9)]),
        ([(0, on(60)), (9, b"\x90\x3c\x00")], [(0, 9)]),  # velocity 0
        ([(0, on(60)), (5, on(60)), (9, off(60))], [(0, 9), (5, 9)]),  # repeated without a release
        ([(0, on(60)), (5, on(60)), (7, off(60)), (9, off(60))], [(0, 7), (5, 9)]),  # two hands
        (
            [(0, on(60)), (5, on(60)), (5, off(60)), (9, off(60))],
            [(0, 5), (5, 9)],
        ),  # release after note-on at the same tick
        ([(0, on(60)), (5, off(60)), (5, on(60)), (9, off(60))], [(0, 5), (5, 9)]),
        ([(3, on(60)), (3, off(60)), (7, on(60)), (9, off(60))], [(3, 3), (7, 9)]),  # zero length
        ([(0, off(60)), (3, on(60)), (5, off(60)), (6, off(60))], [(3, 5)]),  # releases without a note
        ([(3, on(60)), (9, on(62)), (12, off(62))], [(3, 12), (9, 12)]),  # never released
    ],
)
def test_note_on_and_note_off(events, expected):
    assert read_spans(events) == expected


def test_notes_that_never_end_are_counted():
    assert read_piece([(3, on(60)), (9, on(62)), (12, off(62))]).counts["hanging"] == 1


def test_tracks_and_channels_have_separate_notes():
    hands = [note(0, 8, 60), note(4, 6, 60), note(5, 9, 60, channel=3)]
    assert [(n.start, n.end) for n in read_piece(*hands).notes] == [(0, 8), (4, 6), (5, 9)]


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=30))
def test_every_note_on_is_one_note(events):
    events.sort()
    note_spans = read_spans([(tick, on(60) if is_on else off(60)) for tick, is_on in events])
    assert [start for start, _ in note_spans] == [tick for tick, is_on in events if is_on]
    assert all(start <= end for start, end in note_spans)


def test_percussion_is_left_out_and_counted():
    drums = read_piece(note(0, 9, 36, channel=9) + note(0, 9, 60))
    assert [n.note for n in drums.notes] == [60]
    assert drums.counts["percussion"] == 1


def test_the_pedal_lengthens_notes_only_if_asked():
    events = [*note(0, 5, 60), *note(20, 25, 62), *note(40, 45, 64), (3, pedal(True)), (12, pedal(False))]
    assert read_spans(events) == [(0, 5), (20, 25), (40, 45)]
    assert read_spans(events, sustain=True) == [(0, 12), (20, 25), (40, 45)]
    assert read_piece(events).counts["pedal"] == 1
    other = [*events, (21, pedal(True, channel=2)), (44, pedal(False, channel=2))]
    assert read_spans(other, sustain=True) == [(0, 12), (20, 25), (40, 45)]


def test_the_tempo_is_the_mean_over_the_piece():
    assert read_piece([(0, tempo(97)), *note(0, 480, 60)]).tempo == pytest.approx(97, abs=1e-3)
    assert read_piece(note(0, 480, 60)).tempo == 120
    changing = read_piece([(0, tempo(60)), (480, tempo(120)), *note(0, 960, 60)])
    assert changing.tempo == pytest.approx(80)  # two quarter notes in 1.5 seconds
    assert changing.counts["tempos"] == 2
    early = read_piece([(0, tempo(60)), (100, tempo(120)), *note(480, 960, 60), (2000, tempo(10))])
    assert (early.tempo, early.counts["tempos"]) == (120, 1)


def test_the_first_metre_is_used():
    metre = [(0, b"\xff\x58\x04\x06\x03\x24\x08"), (480, b"\xff\x58\x04\x03\x02\x18\x08")]
    piece = read_piece(metre + note(0, 480, 60))
    assert (piece.metre, piece.counts["metres"]) == ((6, 8), 2)
    assert read_piece(note(0, 480, 60)).metre == (4, 4)


def test_smpte_time_is_read_at_120_quarter_notes_a_minute():
    smpte = read_piece([(0, tempo(60)), *note(0, 1000, 60)], ticks=-25 * 256 + 40)  # 25 frames of 40 ticks
    assert (smpte.beat, smpte.tempo) == (500, 120)
    assert smpte.counts["smpte"] == 1


def test_each_track_of_format_2_is_a_piece():
    raw = midi(track(), track(*note(0, 9, 60)), track(*note(0, 9, 62)), kind=2)
    assert [[n.note for n in p.notes] for p in iter_performances(read_events(raw))] == [[60], [62]]
