"""The music model: training, scores, composing, and saving and loading."""

import itertools
import json

import mido
import numpy as np
import pytest
import torch

import unrolled
from unrolled import MusicModel
from unrolled.data.midi import make_midi, read_midi
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.tasks.music.data import cut_windows

TINY = {"hidden": 24, "batch": 4, "epochs": 40, "lr": 0.05, "threads": 1}
CHORDS = [(60, 64, 67), (65, 69, 72), (67, 71, 74), (60, 64, 72)]


def pieces(count, seed=0):
    """Chords in a fixed order, starting with a random one."""
    rng = np.random.default_rng(seed)
    rolls = []
    for _ in range(count):
        first, length = rng.integers(4), rng.integers(6, 14)
        rolls.append([list(CHORDS[(first + i) % 4]) for i in range(length)])
    return rolls


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("music") / "pieces.json"
    path.write_text(json.dumps({"train": pieces(24), "valid": pieces(6, 1), "test": pieces(6, 2)}))
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory, file):
    folder = tmp_path_factory.mktemp("runs") / "music"
    MusicModel(**TINY).fit(file, out=folder, progress=False)
    return folder


@pytest.fixture(scope="module")
def model(run):
    return MusicModel.load(run)


def test_it_beats_the_baseline(model, file):
    test = model.result["test"]
    assert test["nll"] < 0.5 * model.result["baselines"]["test"]["previous"]
    assert model.evaluate(file).to_json() == test
    assert "over 88 keys" in str(model.evaluate(file))
    assert test["steps"] == sum(len(p) - 1 for p in pieces(6, 2))


def test_the_score_sums_over_pieces(model, file, tmp_path):
    one_by_one = []
    for piece in pieces(6, 2):
        (tmp_path / "one.json").write_text(json.dumps([piece]))
        one_by_one.append(model.evaluate(tmp_path / "one.json"))
    score = model.evaluate(file)
    assert score.nats == pytest.approx(sum(s.nats for s in one_by_one), rel=1e-5)
    assert score.steps == sum(s.steps for s in one_by_one)


def test_composing(model):
    piece = model.compose(20, seed=3)
    assert len(piece) == 20
    assert piece[0] in CHORDS
    assert piece == model.compose(20, seed=3)
    assert len({str(model.compose(20, seed=s, temperature=2.0)) for s in range(4)}) > 1
    follows_order = [
        CHORDS[(CHORDS.index(a) + 1) % 4] == b for a, b in itertools.pairwise(piece) if a in CHORDS
    ]
    assert np.mean(follows_order) > 0.5
    opening = [CHORDS[0], CHORDS[1]]
    assert model.compose(3, opening=opening)[:2] == opening
    assert model.compose(0, opening=opening) == opening
    near_greedy = model.compose(8, opening=opening, temperature=0.05)
    assert near_greedy == [CHORDS[i % 4] for i in range(10)]


def test_composing_leaves_the_rng_state_unchanged(model):
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    model.compose(4)
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 0}, "at least 1"),
        ({"length": -1, "opening": [(60,)]}, "at least 0"),
        ({"temperature": 0.0}, "positive"),
    ],
)
def test_invalid_options_are_refused(model, options, message):
    with pytest.raises(ConfigError, match=message):
        model.compose(**options)


def test_pieces_are_written_as_midi(model, tmp_path):
    piece = model.compose(16, temperature=0.5, seed=1)
    while not piece[-1]:
        piece.pop()
    model.write_midi(piece, tmp_path / "piece.mid")
    assert read_midi(tmp_path / "piece.mid") == piece
    assert mido.MidiFile(tmp_path / "piece.mid").length == pytest.approx(len(piece) * 60 / 90)
    model.write_midi(piece, tmp_path / "slow.mid", tempo=30)
    assert mido.MidiFile(tmp_path / "slow.mid").length == pytest.approx(len(piece) * 2)
    with pytest.raises(RunError, match=r"folder .*nowhere does not exist"):
        model.write_midi(piece, tmp_path / "nowhere" / "piece.mid")


def test_a_model_survives_saving_and_loading(model, tmp_path, file):
    model.save(tmp_path / "copy")
    loaded = unrolled.load(tmp_path / "copy")
    assert loaded.compose(8, seed=2) == model.compose(8, seed=2)
    assert loaded.evaluate(file) == model.evaluate(file)


@pytest.mark.draws
def test_a_run_folder_holds_everything(run):
    names = {str(p.relative_to(run)) for p in run.rglob("*") if p.is_file()}
    assert {"openings.json", "plots/piece.png", "plots/curves.png", "result.json"} <= names


def test_training_on_midi_files(tmp_path):
    for number, piece in enumerate(pieces(10)):
        make_midi([tuple(s) for s in piece]).save(tmp_path / f"{number:02d}.mid")
    model = MusicModel(**TINY | {"epochs": 1}).fit(tmp_path, progress=False)
    assert model.data_info["pieces"] == {"train": 9, "valid": 1, "test": 0}
    assert model.config.pieces.steps_per_beat == 1
    MusicModel(**TINY | {"epochs": 1}, valid_fraction=0.05).fit(tmp_path, progress=False)


def test_few_pieces_are_held_out_by_their_ends(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps([pieces(1)[0] * 4, [[60]] * 3, pieces(1)[0] * 2]))
    model = MusicModel(**TINY | {"epochs": 1}, valid_fraction=0.3).fit(tmp_path / "p.json", progress=False)
    length = len(pieces(1)[0])
    assert model.data_info["pieces"] == {"train": 3, "valid": 2, "test": 0}
    assert model.data_info["steps"]["valid"] == round(0.3 * 4 * length) + round(0.3 * 2 * length)
    assert model.data_info["steps"]["train"] + model.data_info["steps"]["valid"] == 6 * length + 3
    assert model.notes[-1] == "held out: the last 30% of the steps of each of 3 pieces (--valid-fraction)"
    (tmp_path / "p.json").write_text(json.dumps([[[60]] * 3]))
    with pytest.raises(DataError, match="too short to hold out a part"):
        MusicModel(**TINY).fit(tmp_path / "p.json", progress=False)


def test_held_out_pieces_can_be_given(tmp_path, file):
    (tmp_path / "more.json").write_text(json.dumps(pieces(3, 9)))
    model = MusicModel(**TINY | {"epochs": 1}).fit(file, valid=tmp_path / "more.json", progress=False)
    assert model.data_info["pieces"]["valid"] == 3
    assert model.sources() == (str(file), str(tmp_path / "more.json"))


def test_long_pieces_are_trained_in_windows(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps([CHORDS * 150, CHORDS * 2]))
    model = MusicModel(**TINY | {"epochs": 1, "batch": 1}).fit(tmp_path / "p.json", progress=False)
    assert model.config.pieces.window == 256
    assert model.result["steps"] == 3 + 1  # of 540 and 6 steps
    assert "1 of 2 pieces is longer than 256 steps and cut into windows (--window)" in model.notes
    wide = MusicModel(**TINY | {"epochs": 1, "batch": 1}, window=1000).fit(
        tmp_path / "p.json", progress=False
    )
    assert wide.result["steps"] == 2


def test_every_step_of_a_window_is_predicted_once():
    rolls = [np.arange(n, dtype=np.float32)[:, None] for n in (2, 9, 10, 11)]
    for steps in (1, 2, 3, 10, 20):
        predicted_steps = [float(v) for window in cut_windows(rolls, steps) for v in window[1:, 0]]
        assert predicted_steps == [float(v) for roll in rolls for v in roll[1:, 0]]
        assert all(2 <= len(window) <= steps + 1 for window in cut_windows(rolls, steps))
    assert cut_windows(rolls, 0) == rolls


def test_a_better_baseline_is_reported(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps(pieces(20)))
    untrained = MusicModel(**TINY | {"max_steps": 1, "lr": 1e-9}).fit(tmp_path / "p.json", progress=False)
    assert untrained.result["better_baseline"].startswith("each key after itself is the better choice here")


def test_an_interrupted_run_resumes_to_the_same_bits(file, tmp_path):
    class StopAtStep8(unrolled.training.Callback):
        def on_step_end(self, progress, loss, lr):
            if progress.step == 8:
                raise KeyboardInterrupt

    options = TINY | {"epochs": 3, "checkpoint_steps": 3, "dropout_output": 0.2}
    MusicModel(**options).fit(file, out=tmp_path / "whole", progress=False)
    with pytest.raises(KeyboardInterrupt):
        MusicModel(**options).fit(file, out=tmp_path / "cut", progress=StopAtStep8())
    MusicModel.resume(tmp_path / "cut", progress=False)
    trained_models = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "cut")]
    assert trained_models[0] == trained_models[1]


def test_missing_data_are_refused():
    with pytest.raises(ConfigError, match="no pieces: give arrays"):
        MusicModel().fit()
    with pytest.raises(RunError, match="call fit first"):
        MusicModel().compose()
