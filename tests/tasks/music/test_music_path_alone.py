"""``unrolled train music --data FILE`` without other options, for every documented format; ``compose``."""

import gzip
import json

import mido
import pytest

from midi_bytes import midi, note, tempo, track
from unrolled import MusicModel
from unrolled.cli.main import main
from unrolled.data.midi import read_midi

SHORT = ["--max-steps", "2", "--hidden", "8", "--threads", "1"]


def song(seed=0, beats=24):
    """Return a melody in eighth notes over long notes in the bass, at 100 quarter notes a minute, in 3/4."""
    melody = [e for i in range(2 * beats) for e in note(i * 240, i * 240 + 200, 60 + (7 * i + seed) % 12)]
    bass = [e for i in range(0, beats, 3) for e in note(i * 480, i * 480 + 1440, 40 + i % 5)]
    metre = (0, b"\xff\x58\x04\x03\x02\x18\x08")
    return midi(track((0, tempo(100)), metre, *melody), track(*bass))


def chorale():
    return [[60 + i % 3, 64] for i in range(12)]


def write_data(folder, name):
    """Write data in a format; return the path."""
    path = folder / name
    if name == "folder":
        path.mkdir()
        for number in range(12):
            (path / f"{number}.mid").write_bytes(song(number))
    elif name == "parts":
        for part in ("train", "valid", "test"):
            (path / part).mkdir(parents=True)
            (path / part / "a.mid").write_bytes(song())
    elif "json" in name:
        lists = [chorale() for _ in range(12)]
        values = {"train": lists, "valid": lists[:2], "test": lists[:2]} if "parts" in name else lists
        raw = json.dumps(values).encode()
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    else:
        path.write_bytes(gzip.compress(song()) if name.endswith(".gz") else song())
    return path


FORMATS = ("a.mid", "a.mid.gz", "folder", "parts", "list.json", "parts.json", "list.json.gz")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_trains_from_its_path(tmp_path, capsys, name):
    data, run = write_data(tmp_path, name), tmp_path / "run"
    assert main(["train", "music", "--data", str(data), "--out", str(run), *SHORT]) == 0
    out, err = capsys.readouterr()
    if "json" not in name:
        assert "steps: 2 to a quarter note" in err.splitlines()[0]
        assert "tempo: 100 quarter notes a minute" in err
    if name in ("folder", "list.json"):
        assert "held out: the last 1 of 12 pieces (--valid-fraction)" in err
    if name == "a.mid":
        assert "held out: the last 10% of the steps of the piece (--valid-fraction)" in err
    assert "each key after itself" in out
    assert main(["evaluate", str(run), "--data", str(data)]) == 0
    assert "NLL" in capsys.readouterr().out


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    (folder / "a.mid").write_bytes(song())
    MusicModel(hidden=8, max_steps=2, threads=1).fit(folder / "a.mid", out=folder / "run", progress=False)
    return folder / "run"


def duration(path):
    return mido.MidiFile(path).length


@pytest.mark.parametrize(
    ("options", "expected"), [([], 8 * 60 / 100 / 2), (["--tempo", "50"], 8 * 60 / 50 / 2)]
)
def test_tempo_and_metre_of_the_data_are_kept(run, tmp_path, options, expected):
    out = tmp_path / "x.mid"
    assert main(["compose", str(run), "--out", str(out), "--length", "8", *options]) == 0
    assert duration(out) == pytest.approx(expected, rel=1e-4)
    (metre,) = (m for m in mido.MidiFile(out).tracks[0] if m.type == "time_signature")
    assert (metre.numerator, metre.denominator) == (3, 4)


def test_an_opening_keeps_its_tempo_and_comes_first(run, tmp_path, capsys):
    opening, out = tmp_path / "o.mid", tmp_path / "x.mid"
    opening.write_bytes(midi(track((0, tempo(150)), *note(0, 240, 60), *note(0, 240, 36, channel=9))))
    arguments = ["compose", str(run), "--out", str(out), "--length", "7", "--opening", str(opening)]
    assert main(arguments) == 1  # a piece needs two steps
    assert "one step" in capsys.readouterr().err
    events = [*note(0, 240, 60), *note(240, 480, 62), *note(0, 240, 36, channel=9)]
    opening.write_bytes(midi(track((0, tempo(150)), *events)))
    assert main(arguments) == 0
    out_text, err = capsys.readouterr()
    assert "9 steps, of which 2 are the opening" in out_text
    assert "percussion" in err
    assert read_midi(out)[:2] == [(60,), (62,)]
    assert duration(out) == pytest.approx(9 * 60 / 150 / 2, rel=1e-4)


def test_several_pieces_as_an_opening_are_refused(run, tmp_path, capsys):
    data = write_data(tmp_path, "list.json")
    arguments = ["compose", str(run), "--out", str(tmp_path / "x.mid"), "--opening", str(data)]
    assert main(arguments) == 1
    assert f"--opening {data}: has 12 pieces; give a file with one" in capsys.readouterr().err


def test_files_of_one_name_are_held_out_together(tmp_path, capsys):
    songs, run = tmp_path / "songs", tmp_path / "run"
    for folder in (songs, songs / "melody", songs / "chords"):
        folder.mkdir()
        for number in range(12):
            (folder / f"{number:02}.mid").write_bytes(song(number))
    assert main(["train", "music", "--data", str(songs), "--out", str(run), *SHORT]) == 0
    err = capsys.readouterr().err
    assert "files of 3 folders are read: the folder itself 12, chords 12, melody 12" in err
    assert "held out: the last 3 of 36 pieces" in err
    assert "held out together (12 names)" in err
    counts = MusicModel(hidden=8, max_steps=1).fit(songs).data_info["pieces"]
    assert counts == {"train": 33, "valid": 3, "test": 0}


def test_other_notations_are_refused_with_advice(tmp_path, capsys):
    (tmp_path / "tunes").mkdir()
    tune = tmp_path / "tunes" / "a.abc"
    tune.write_text("X:1\nT:A tune\nK:G\nGABc|\n")
    for path in (tune, tune.parent):
        assert main(["train", "music", "--data", str(path), "--out", str(tmp_path / "run"), *SHORT]) != 0
        assert "ABC notation is not read: turn it into MIDI first" in capsys.readouterr().err
