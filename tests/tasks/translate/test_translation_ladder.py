"""The translation ladder end to end."""

import numpy as np
import pytest
from sacrebleu.metrics import CHRF

import unrolled as ur
from cases import write_pairs
from ladder_runs import check_table, compared, kept, mean_of, times
from unrolled.data.pairs import PairForm, read_pairs
from unrolled.errors import ConfigError, DataError
from unrolled.tasks.translate.ladder import TranslationLadder
from unrolled.tasks.translate.score import compute_overlap


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_pairs(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def pairs(data):
    return read_pairs(data, PairForm())


@pytest.fixture(scope="module")
def ladder_run(tmp_path_factory, data):
    out = tmp_path_factory.mktemp("whole") / "ladder"
    return out, compared("translate", data, out)


@pytest.mark.draws
def test_every_default_rung_runs(ladder_run):
    out, table = ladder_run
    check_table(table, TranslationLadder.rungs, out)
    assert table["mean"].between(0, 100).all()
    assert len(kept(out, "copy")[1].items) == 6


@pytest.mark.parametrize("rung", ["elman", "lstm", "gru+attention"])
def test_networks_score_as_in_their_own_runs(ladder_run, pairs, rung):
    out, table = ladder_run
    model = ur.Translator.load(out / "runs" / f"{rung}-1")
    test = pairs.part(54, 60)
    score = model.evaluate(list(zip(test.sources, test.targets, strict=True)))
    assert mean_of(table, rung) == pytest.approx(score.overlap.bleu)
    assert kept(out, rung)[0].scores == pytest.approx(vars(score.overlap))
    assert model.config.network.attention == ("dot" if "attention" in rung else "none")
    translations = model.translate_sources(test.sources)
    outputs = [best.text for best, *_ in translations.outputs]
    assert kept(out, rung)[0].note == "; ".join(translations.notes)
    expected_losses = [
        100 - CHRF().sentence_score(o, [t]).score for o, t in zip(outputs, test.targets, strict=True)
    ]
    np.testing.assert_allclose(kept(out, rung)[1].losses, expected_losses)


def test_baseline_rungs_copy_the_source(ladder_run, pairs):
    out, table = ladder_run
    test = pairs.part(54, 60)
    copy_score = compute_overlap(test.sources, test.targets, lowercase=False)
    assert mean_of(table, "copy") == copy_score.bleu
    train = pairs.part(0, 48)  # without test and held-out pairs
    lead_length = round(np.mean([len(t.split()) for t in train.targets]))
    lead_score = compute_overlap(
        [" ".join(s.split()[:lead_length]) for s in test.sources], test.targets, lowercase=False
    )
    assert kept(out, "lead")[0].scores == vars(lead_score)
    assert kept(out, "lead")[0].size == 1


def test_finished_rungs_are_not_trained_again(ladder_run, data, monkeypatch):
    out, _ = ladder_run
    earlier_times = times(out)
    monkeypatch.setattr(ur.Translator, "fit", None)
    assert compared("translate", data, out, metric="chrf")["metric"].eq("chrf").all()
    assert times(out) == earlier_times


def test_given_test_pairs(tmp_path, data):
    folder = tmp_path / "test"
    folder.mkdir()
    test, out = write_pairs(folder), tmp_path / "out"
    options = {"test": str(test), "attention": "additive", "bidirectional": False}
    table = compared("translate", data, out, models=["copy", "gru+attention", "jordan"], **options)
    assert len(kept(out, "copy")[1].items) == 60
    model = ur.Translator.load(out / "runs" / "gru+attention-1")
    assert mean_of(table, "gru+attention") == pytest.approx(model.evaluate(str(test)).overlap.bleu)
    assert (model.config.network.attention, model.config.network.bidirectional) == ("additive", False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": ["tdnn"]}, "'tdnn' is no model of translate"),
        ({"models": ["bilstm"]}, "'bilstm' is no model of translate"),
        ({"models": ["lstm+atention"]}, r"did you mean 'lstm\+attention'\?"),
        ({"metric": "perplexity"}, "metric 'perplexity': is not one of bleu"),
    ],
)
def test_invalid_options_are_refused_before_training(tmp_path, data, options, message):
    with pytest.raises(ConfigError, match=message) as error:
        compared("translate", data, tmp_path / "out", **options)
    assert "feed-forward" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_unusable_data_are_refused(tmp_path, data):
    with pytest.raises(ConfigError, match="no training pairs"):
        compared("translate", None, tmp_path / "out")
    (tmp_path / "few.tsv").write_text("source\ttarget\na\tb\n")
    with pytest.raises(DataError, match="too few to hold out"):
        compared("translate", tmp_path / "few.tsv", tmp_path / "out")
