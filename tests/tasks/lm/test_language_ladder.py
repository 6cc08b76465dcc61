"""The language model ladder end to end."""

import json
import math

import numpy as np
import pytest

import unrolled as ur
from ladder_runs import BUDGET, check_table, compared, kept, mean_of, run_of, times
from unrolled.baselines.interpolation import fit_weights, mix
from unrolled.data import open_documents
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.tasks.lm import ladder
from unrolled.tasks.lm.job import LanguageJob
from unrolled.tasks.lm.ladder import LanguageLadder

pytestmark = pytest.mark.filterwarnings("ignore::unrolled.baselines.ngram.DiscountWarning")


@pytest.fixture(scope="module")
def data(tmp_path_factory, write_english):
    path = tmp_path_factory.mktemp("data") / "text.txt"
    path.write_text(write_english(90, 5))
    return path


@pytest.fixture(scope="module")
def ladder_run(tmp_path_factory, data):
    """Run folder and table of the default rungs, on a text that the comparison splits itself."""
    out = tmp_path_factory.mktemp("whole") / "ladder"
    return out, compared("lm", data, out)


@pytest.fixture(scope="module")
def trained_lm(ladder_run):
    """A trained model whose tokenizer is that of the ladder."""
    return ur.LanguageModel.load(ladder_run[0] / "runs" / "lstm-1")


@pytest.mark.draws
def test_every_default_rung_runs(ladder_run):
    out, table = ladder_run
    check_table(table, LanguageLadder.rungs, out)
    assert set(table["metric"]) == {"perplexity"}
    assert table.set_index("model")["epochs"].notna().sum() == 7
    assert (table["mean"] >= 1).all()


@pytest.mark.parametrize("rung", ["feed-forward", "tdnn", "elman", "jordan", "gru", "lstm"])
def test_networks_score_as_in_their_own_runs(ladder_run, rung):
    out, table = ladder_run
    model = ur.LanguageModel.load(out / "runs" / f"{rung}-1")
    test = out / "data" / "test.txt"
    assert mean_of(table, rung) == pytest.approx(model.evaluate(test).perplexity, rel=1e-5)
    outcome, units, extra = kept(out, rung)
    np.testing.assert_allclose(extra["test"], model.score(model.tokens(test)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        extra["valid"], model.score(model.tokens(out / "data" / "valid.txt")), atol=1e-4
    )
    assert outcome.size == sum(p.numel() for p in model.model.parameters())
    assert outcome.bytes == 4 * outcome.size
    assert units.losses.sum() == pytest.approx(model.evaluate(test).nats, rel=1e-5)
    assert model.config.training.minutes == BUDGET
    assert model.config.training.seed == 1


@pytest.mark.parametrize(
    ("rung", "model"),
    [
        ("unigram", ur.NGram(1, "add-k")),
        ("bigram", ur.NGram(2)),
        ("trigram", ur.NGram(3)),
        ("kn5", ur.NGram(5)),
    ],
)
def test_counting_rungs_equal_ngram_models(ladder_run, trained_lm, rung, model):
    out, table = ladder_run
    model.fit(trained_lm.tokens(out / "data" / "train.txt"))
    test = trained_lm.tokens(out / "data" / "test.txt")
    assert mean_of(table, rung) == pytest.approx(model.perplexity(test), rel=1e-9)
    outcome, _, extra = kept(out, rung)
    np.testing.assert_allclose(extra["test"], model.score(test))
    assert outcome.size == sum(g.distinct for g in model.growth)
    assert outcome.bytes == sum(g.bytes for g in model.growth)


def test_scored_units_are_lines(ladder_run):
    out, _ = ladder_run
    lines = (out / "data" / "test.txt").read_text().splitlines()
    _, units, _ = kept(out, "kn5")
    assert len(units.items) == len(lines)
    # Each line has its words and the end of the line.
    assert units.weights.sum() == len(kept(out, "kn5")[2]["test"])
    np.testing.assert_array_equal(units.weights, [len(row.split()) + 1 for row in lines])


def test_a_mixture_combines_its_parts(ladder_run):
    out, table = ladder_run
    parts = [kept(out, rung) for rung in ("lstm", "kn5")]
    outcome, _, extra = kept(out, "lstm+kn5")
    weights = fit_weights([e["valid"] for *_, e in parts])
    assert weights.sum() == pytest.approx(1)
    for part in ("valid", "test"):
        np.testing.assert_allclose(extra[part], mix([e[part] for *_, e in parts], weights))
    likelihoods = [e["valid"].sum() for *_, e in parts]
    assert extra["valid"].sum() >= max(likelihoods) - 1e-4
    assert outcome.note == f"{weights[0]:.2f} lstm + {weights[1]:.2f} kn5"
    assert mean_of(table, "lstm+kn5") == pytest.approx(math.exp(-extra["test"].mean()))
    assert outcome.size == sum(o.size for o, *_ in parts)
    assert outcome.bytes == sum(o.bytes for o, *_ in parts)
    assert outcome.counted == "parameters + n-grams"
    assert outcome.rate < min(o.rate for o, *_ in parts)


def test_finished_rungs_are_not_trained_again(ladder_run, data, monkeypatch):
    out, table = ladder_run
    earlier_times = times(out)
    monkeypatch.setattr(ur.LanguageModel, "fit", None)
    repeated = compared("lm", data, out)
    assert times(out) == earlier_times
    assert repeated.equals(table)
    two_rungs = compared("lm", data, out, models=["kn5", "lstm"], metric="nats_per_token")
    assert times(out) == earlier_times
    assert two_rungs["mean"].tolist() == [math.log(mean_of(table, rung)) for rung in ("kn5", "lstm")]


def test_rungs_and_seeds_can_be_added(tmp_path, data):
    out = tmp_path / "ladder"
    first = compared("lm", data, out, models=["unigram", "gru"])
    earlier_times = times(out)
    table = compared("lm", data, out, models=["mle-1", "unigram", "gru", "gru+unigram+cache"], seeds=2)
    later_times = times(out)
    assert {name: later_times[name] for name in earlier_times} == earlier_times
    values = [kept(out, "gru", seed)[0].scores["perplexity"] for seed in (1, 2)]
    assert values[0] != values[1]
    row = table.set_index("model").loc["gru"]
    assert row["mean"] == pytest.approx(np.mean(values))
    assert row["sd"] == pytest.approx(np.std(values, ddof=1))
    assert mean_of(first, "gru") == values[0]
    # Counting models do not depend on the seed; a mixture with a network does.
    assert table["seeds"].tolist() == [1, 1, 2, 2]
    assert np.isnan(table["sd"].iloc[1])
    assert not (out / "outcomes" / "unigram-2.safetensors").exists()
    # The difference is between the mean losses over the seeds.
    losses = [kept(out, "gru", seed)[1].losses for seed in (1, 2)]
    units = kept(out, "unigram")[1]
    expected = (np.mean(losses, axis=0) - units.losses).sum() / units.weights.sum()
    assert row["difference"] == pytest.approx(expected)
    weights = [float(part.split()[0]) for part in kept(out, "gru+unigram+cache", 2)[0].note.split(" + ")]
    assert sum(weights) == pytest.approx(1, abs=0.016)


def test_another_budget_or_configuration_is_refused(ladder_run, data):
    out, _ = ladder_run
    for options, changed in (({"budget": 2 * BUDGET}, "budget"), ({"hidden": 7}, "config")):
        with pytest.raises(RunError, match=rf"holds another comparison \({changed} "):
            compared("lm", data, out, **options)


def test_overwriting_trains_again(tmp_path, data):
    out = tmp_path / "ladder"
    compared("lm", data, out, models=["elman"])
    compared("lm", data, out, models=["elman"], hidden=7, overwrite=True)
    assert ur.LanguageModel.load(out / "runs" / "elman-1").config.network.hidden == 7
    assert kept(out, "elman")[0].size == sum(
        p.numel() for p in ur.LanguageModel.load(out / "runs" / "elman-1").model.parameters()
    )


def test_changed_data_are_refused(tmp_path, write_english):
    data, out = tmp_path / "text.txt", tmp_path / "ladder"
    data.write_text(write_english(40, 1))
    compared("lm", data, out, models=["unigram"])
    data.write_text(write_english(40, 2))
    with pytest.raises(RunError, match="data have changed"):
        compared("lm", data, out, models=["unigram", "bigram"])


def test_a_data_error_does_not_occupy_the_folder(tmp_path, data):
    out = tmp_path / "ladder"
    with pytest.raises(DataError):
        compared("lm", tmp_path / "typo.txt", out, models=["unigram"])
    assert len(compared("lm", data, out, models=["unigram"])) == 1


def test_arpa_files_score_as_the_models_that_wrote_them(tmp_path, ladder_run, data, trained_lm):
    out, _ = ladder_run
    model = ur.NGram(3).fit(trained_lm.tokens(out / "data" / "train.txt"))
    (tmp_path / "other").mkdir()
    paths = [tmp_path / "mine.arpa", tmp_path / "other" / "mine.arpa"]
    model.save_arpa(paths[0])
    ur.NGram(2).fit(trained_lm.tokens(out / "data" / "train.txt")).save_arpa(paths[1])
    rungs = ["trigram", str(paths[0]), "bigram", str(paths[1]), f"lstm+{paths[0]}"]
    table = compared("lm", data, out, models=rungs)
    assert table["model"].tolist() == rungs
    means = table["mean"].tolist()
    assert means[1] == pytest.approx(means[0], rel=1e-4)
    assert means[3] == pytest.approx(means[2], rel=1e-4)
    np.testing.assert_allclose(
        kept(out, str(paths[0]))[2]["test"], kept(out, "trigram")[2]["test"], atol=1e-3
    )


def test_arpa_files_of_sentences(tmp_path, data):
    out = tmp_path / "ladder"
    options = {"mode": "sentence"}
    compared("lm", data, out, models=["elman"], **options)
    model = ur.LanguageModel.load(out / "runs" / "elman-1")
    tokens = model.tokens(out / "data" / "train.txt")
    sentences = [s.split() for s in " ".join(tokens).split("<eos>") if s.strip()]
    # Reversed: the order of words in the file differs from the order of token ids.
    ur.NGram(2).fit(sentences[::-1]).save_arpa(tmp_path / "mine.arpa")
    table = compared("lm", data, out, models=["elman", "bigram", f"{tmp_path}/mine.arpa"], **options)
    assert mean_of(table, f"{tmp_path}/mine.arpa") == pytest.approx(mean_of(table, "bigram"), rel=1e-4)
    expected = model.evaluate(out / "data" / "test.txt").perplexity
    assert mean_of(table, "elman") == pytest.approx(expected, rel=1e-5)
    _, units, _ = kept(out, "elman")
    assert len(units.items) == len((out / "data" / "test.txt").read_text().splitlines())


def test_arpa_files_of_other_tokens_or_another_mode_are_refused(tmp_path, ladder_run, data, trained_lm):
    out, _ = ladder_run
    tokens = trained_lm.tokens(out / "data" / "train.txt")
    cases = {
        "more": ([*tokens, "zebra"], "'zebra'"),
        "fewer": ([t for t in tokens if t != "the"], "'the'"),
        "sentences": ([tokens[: tokens.index("<eos>")]], "mode='sentence'"),
    }
    for name, (training_tokens, message) in cases.items():
        path = tmp_path / f"{name}.arpa"
        ur.NGram(1).fit(training_tokens).save_arpa(path)
        with pytest.raises(DataError, match=message):
            compared("lm", data, out, models=[str(path)])
    (tmp_path / "damaged.arpa").write_text("nothing")
    with pytest.raises(DataError, match=r"damaged\.arpa"):
        compared("lm", data, out, models=[str(tmp_path / "damaged.arpa")])


def test_zero_probability_gives_infinite_perplexity(tmp_path, data):
    out = tmp_path / "ladder"
    table = compared("lm", data, out, models=["unigram", "mle-3", "bigram", "mle-3+unigram"])
    assert table["mean"].map(math.isinf).tolist() == [False, True, False, False]
    assert table["difference"].isna().tolist() == [True, True, True, False]
    assert "∞" in (out / "table.md").read_text()
    assert compared("lm", data, out, models=["mle-3"])["mean"].tolist() == [math.inf]
    with pytest.raises(DataError, match="no model gives it any probability"):
        compared("lm", data, out, models=["mle-3+mle-2"])


@pytest.mark.draws
def test_an_interrupted_comparison_resumes(tmp_path, data, monkeypatch):
    out, rungs = tmp_path / "ladder", ["bigram", "elman", "gru"]
    fits, fit = [], ur.LanguageModel.fit

    def counting_fit(self, *args, **options):
        fits.append(self.config.cell.cell)
        if len(fits) == 2:
            raise KeyboardInterrupt
        return fit(self, *args, **options)

    monkeypatch.setattr(ur.LanguageModel, "fit", counting_fit)
    with pytest.raises(KeyboardInterrupt):
        compared("lm", data, out, models=rungs)
    earlier_times = times(out)
    table = compared("lm", data, out, models=rungs)
    assert fits == ["elman", "gru", "gru"]
    assert {name: times(out)[name] for name in earlier_times} == earlier_times
    check_table(table, tuple(rungs), out)


def test_a_network_interrupted_in_training_resumes(tmp_path, data, monkeypatch):
    out, options = (
        tmp_path / "ladder",
        {"models": ["gru"], "max_steps": 9, "checkpoint_steps": 3, "budget": 1.0},
    )
    uninterrupted = compared("lm", data, tmp_path / "whole", **options)
    steps, loss = [], LanguageJob.loss

    def interrupted_loss(self, batch, state):
        steps.append(1)
        if len(steps) == 6:
            raise KeyboardInterrupt
        return loss(self, batch, state)

    monkeypatch.setattr(LanguageJob, "loss", interrupted_loss)
    with pytest.raises(KeyboardInterrupt):
        compared("lm", data, out, **options)
    monkeypatch.setattr(ur.LanguageModel, "fit", None)
    table = compared("lm", data, out, **options)
    assert len(steps) < 6 + 9
    assert mean_of(table, "gru") == mean_of(uninterrupted, "gru")


@pytest.mark.draws
def test_a_network_interrupted_in_scoring_is_not_trained_again(tmp_path, data, monkeypatch):
    out = tmp_path / "ladder"
    score = ladder.score_tokens

    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(ladder, "score_tokens", stop)
    with pytest.raises(KeyboardInterrupt):
        compared("lm", data, out, models=["gru"])
    monkeypatch.setattr(ladder, "score_tokens", score)
    monkeypatch.setattr(ur.LanguageModel, "fit", None)
    check_table(compared("lm", data, out, models=["gru"]), ("gru",), out)


def test_character_models_are_compared_in_bits_per_character(tmp_path, data):
    out, options = tmp_path / "ladder", {"tokenizer": "char", "min_frequency": 1}
    table = compared("lm", data, out, models=["bigram", "elman"], **options)
    assert set(table["metric"]) == {"bits_per_character"}
    score = ur.LanguageModel.load(out / "runs" / "elman-1").evaluate(out / "data" / "test.txt")
    assert mean_of(table, "elman") == pytest.approx(score.bits_per_character, rel=1e-5)
    # Lines do not end with <eos>, so a unit is a block of characters.
    _, units, _ = kept(out, "elman")
    assert set(units.weights[:-1]) == {ladder.BLOCK_TOKENS}
    assert units.weights.sum() == score.tokens
    by_perplexity = compared("lm", data, out, models=["bigram", "elman"], metric="perplexity", **options)
    assert set(by_perplexity["metric"]) == {"perplexity"}
    assert mean_of(by_perplexity, "elman") == pytest.approx(score.perplexity, rel=1e-5)


def test_given_test_and_held_out_text(tmp_path, data, write_english):
    paths = {name: tmp_path / f"{name}.txt" for name in ("valid", "test")}
    for seed, path in enumerate(paths.values()):
        path.write_text(write_english(12, 20 + seed))
    out = tmp_path / "ladder"
    texts = {name: str(path) for name, path in paths.items()}
    table = compared("lm", data, out, models=["trigram", "elman"], **texts)
    assert not (out / "data").exists()
    model = ur.LanguageModel.load(out / "runs" / "elman-1")
    assert mean_of(table, "elman") == pytest.approx(model.evaluate(paths["test"]).perplexity, rel=1e-5)
    trigram = ur.NGram(3).fit(model.tokens(data))
    assert mean_of(table, "trigram") == pytest.approx(trigram.perplexity(model.tokens(paths["test"])))
    np.testing.assert_allclose(kept(out, "trigram")[2]["valid"], trigram.score(model.tokens(paths["valid"])))


def test_documents_are_scored_independently(tmp_path, data, write_english):
    test = tmp_path / "test"
    test.mkdir()
    for number in range(3):
        (test / f"{number}.txt").write_text(write_english(2 + number, 30 + number))
    out = tmp_path / "ladder"
    table = compared("lm", data, out, models=["trigram", "elman"], test=str(test))
    model = ur.LanguageModel.load(out / "runs" / "elman-1")
    assert mean_of(table, "elman") == pytest.approx(model.evaluate(test).perplexity, rel=1e-5)
    log_probabilities = np.concatenate([model.score(model.tokens(d)) for d in sorted(test.iterdir())])
    np.testing.assert_allclose(kept(out, "elman")[2]["test"], log_probabilities, atol=1e-5)
    assert len(open_documents(str(test))) == 3


def test_the_plan_is_readable_json(ladder_run):
    out, _ = ladder_run
    plan = json.loads((out / "plan.json").read_text())
    assert (plan["task"], plan["budget"]) == ("lm", BUDGET)
    assert len(plan["data"]) == 64


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": "lstm"}, r"models='lstm': give a list"),
        ({"models": ["lstm", "lstm"]}, "'lstm' is given twice"),
        ({"models": ["ltsm"]}, r"did you mean 'lstm'\?"),
        ({"models": ["kn0"]}, "'kn0' is no model of lm"),
        ({"models": ["cache"]}, "'cache' is no model of lm"),
        ({"models": ["kn5+kn5"]}, r"'kn5\+kn5' is no model"),
        ({"models": ["kn5+"]}, r"'kn5\+' is no model"),
        ({"models": ["nowhere.arpa"]}, r"nowhere\.arpa: no such file"),
        ({"models": ["kn5+nowhere.arpa"]}, r"nowhere\.arpa: no such file"),
        ({"metric": "perplexty"}, r"did you mean 'perplexity'\?"),
        ({"seeds": 0}, "seeds=0: must be at least 1"),
        ({"budget": 0}, "budget=0: must be a positive"),
        ({"budget": math.nan}, "budget=nan: must be a positive"),
        ({"seed": 3}, "seed: .* give their number as seeds"),
        ({"minutes": 3.0}, "minutes: give budget"),
        ({"model": "lstm"}, "model: give models"),
        ({"hiden": 3}, r"did you mean 'hidden'\?"),
        ({"recipe": "names"}, "recipe 'names': is of task 'classify', not 'lm'"),
        ({"valid_fraction": 0.0, "test": "DATA"}, "need held-out text"),
    ],
)
def test_invalid_options_are_refused_before_training(tmp_path, data, options, message, monkeypatch):
    monkeypatch.setattr(ur.LanguageModel, "fit", None)
    options = {name: str(data) if value == "DATA" else value for name, value in options.items()}
    with pytest.raises(ConfigError, match=message):
        compared("lm", data, tmp_path / "out", **options)
    assert not list(tmp_path.glob("out/outcomes/*"))


def test_missing_or_invalid_task_and_data_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"task 'language': is not one of lm, .* 'lm'|task 'language'"):
        ur.compare("language", tmp_path)
    with pytest.raises(ConfigError, match="task 'music': is not one of"):
        ur.compare("music", tmp_path)
    with pytest.raises(ConfigError, match="data: give the name of a file or data set, not a list"):
        ur.compare("lm", [["a", "b"]])
    with pytest.raises(ConfigError, match="no text to train on"):
        ur.compare("lm", progress=False)


def test_a_rung_may_set_options(tmp_path, data):
    out, rungs = tmp_path / "ladder", ["elman", "elman:hidden=4,lr=0.05", "elman:hidden=4,lr=0.05+unigram"]
    table = compared("lm", data, out, models=rungs)
    assert table["model"].tolist() == rungs
    small = ur.LanguageModel.load(run_of(out, rungs[1]))
    assert (small.config.network.hidden, small.config.optimizer.lr) == (4, 0.05)
    expected = small.evaluate(out / "data" / "test.txt").perplexity
    assert mean_of(table, rungs[1]) == pytest.approx(expected, rel=1e-5)
    assert kept(out, rungs[1])[0].size < kept(out, "elman")[0].size


@pytest.mark.parametrize(
    ("rung", "message"),
    [
        ("elman:lrr=0.1", r"unknown option 'lrr' \(did you mean 'lr'\?\)"),
        ("elman:hidden=0", "hidden=0: must be at least 1"),
        ("elman:lr", "'lr' is not OPTION=VALUE"),
        ("elman:", "no option after the colon"),
        ("elman:peepholes=true", "peepholes=True is an option of lstm"),
        ("kn5:hidden=3", "only networks have options"),
        ("unigram+elman:lrr=0.1", "unknown option 'lrr'"),
        ("elman:data=other.txt", "data is the same for all"),
        ("elman:tokenizer=char", "tokenizer is the same for all"),
        ("elman:seed=3", "seed is the same for all"),
        ("elman:cell=gru", "cell is the same for all"),
        ("unigram+elman:minutes=3", "minutes is the same for all"),
    ],
)
def test_invalid_options_of_a_rung_are_refused(tmp_path, data, rung, message):
    with pytest.raises(ConfigError, match=message):
        compared("lm", data, tmp_path / "out", models=[rung])
    assert not (tmp_path / "out").exists()


def test_without_a_folder_no_files_are_left(tmp_path, data, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    table = ur.compare("lm", data, models=["bigram"], progress=False, tokenizer="word", min_frequency=2)
    assert table["model"].tolist() == ["bigram"]
    assert not list(tmp_path.iterdir())
