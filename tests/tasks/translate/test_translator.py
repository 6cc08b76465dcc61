"""The translator: training, resuming, saving and loading, and refused options and data."""

import dataclasses
import io
import json
import math
import random

import pytest
import torch

import unrolled
from unrolled import Translator, TranslatorConfig
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.training import Callback
from unrolled.training.log import read_log

TINY = {
    "hidden": 10,
    "embedding": 6,
    "batch": 8,
    "epochs": 3,
    "lr": 0.02,
    "dropout_input": 0.1,
    "threads": 1,
    "seed": 5,
    "valid_fraction": 0.2,
}


def reversals(count, seed=0, letters="abcdef", longest=6):
    rng = random.Random(seed)
    words = ["".join(rng.choices(letters, k=rng.randint(1, longest))) for _ in range(count)]
    return [(w, w[::-1]) for w in words]


def write_tsv(path, pairs):
    path.write_text("source\ttarget\n" + "".join(f"{s}\t{t}\n" for s, t in pairs))
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_tsv(tmp_path_factory.mktemp("pairs") / "pairs.tsv", reversals(60))


@pytest.fixture(scope="module")
def run(tmp_path_factory, table):
    folder = tmp_path_factory.mktemp("translator") / "run"
    Translator(**TINY).fit(table, out=folder, progress=False)
    return folder


@pytest.fixture(scope="module")
def trained_translator():
    """A model trained to reverse strings."""
    options = {"hidden": 40, "embedding": 24, "lr": 0.015, "epochs": 12, "batch": 32, "threads": 1, "seed": 1}
    return Translator(**options, cell="gru", attention="general", valid_fraction=0.05).fit(
        reversals(1200, letters="abcde"), progress=False
    )


# A trained model.


def test_strings_are_reversed_exactly(trained_translator):
    new_pairs = reversals(60, seed=99, letters="abcde")
    score = trained_translator.evaluate(new_pairs)
    assert score.overlap.exact_match == 100
    assert score.perplexity < 1.05
    assert trained_translator.translate([s for s, _ in new_pairs]) == [t for _, t in new_pairs]
    assert trained_translator.translate(["abc"], beams=1) == ["cba"]


def test_attention_runs_backwards_over_the_source(trained_translator):
    result = trained_translator.attention("abcde")
    assert result.source == [*"abcde", "<eos>"]
    assert result.target == [*"edcba", "<eos>"]
    assert result.weights.shape == (6, 6)
    assert result.weights.sum(1) == pytest.approx(1.0)


def test_attention_is_plotted(trained_translator, tmp_path):
    path = trained_translator.plot_attention("abcde", tmp_path / "new" / "a.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(RunError, match=r"could not be written|cannot be made"):
        trained_translator.plot_attention("abcde", path / "a.png")


def test_n_best_outputs_are_ranked_and_distinct(trained_translator):
    [result] = trained_translator.translate_n_best(["abca"], n_best=3, beams=4, normalisation=0.5)
    assert result[0].text == "acba"
    assert len({h.text for h in result}) == 3
    assert [h.score for h in result] == sorted((h.score for h in result), reverse=True)
    for h in result:
        assert h.score == pytest.approx(h.log_probability / math.sqrt(len(h.text) + 1))


def test_batching_changes_no_output(trained_translator):
    texts = [s for s, _ in reversals(40, seed=7, letters="abcde", longest=9)]
    batched = trained_translator.translate_n_best(texts, n_best=2)
    for text, result in zip(texts, batched, strict=True):
        [single] = trained_translator.translate_n_best([text], n_best=2)
        assert [h.text for h in single] == [h.text for h in result]
        assert [h.score for h in single] == pytest.approx([h.score for h in result], abs=1e-5)


def test_a_blank_text_gives_a_blank_output(trained_translator):
    assert trained_translator.translate(["", "ab", "  "]) == ["", "ba", ""]
    assert trained_translator.translate([]) == []


@pytest.mark.parametrize("tokenizer", ["char", "word", "bpe"])
def test_a_blank_text_gives_a_blank_output_with_every_tokenizer(tokenizer):
    pairs = [("ein hund rennt", "a dog runs"), ("eine katze ruht", "a cat rests")] * 20
    translator = Translator(**TINY | {"tokenizer": tokenizer, "max_steps": 3}).fit(pairs, progress=False)
    assert translator.translate(["", " \t"]) == ["", ""]


def test_only_search_options_can_be_changed(trained_translator):
    before = trained_translator.config
    trained_translator.translate(["ab"], beams=2, block_repeats=2)
    assert trained_translator.config == before
    for options, message in (
        ({"beam": 2}, "did you mean 'beams'"),
        ({"hidden": 3}, "only options of the search"),
        ({"beams": 0}, "beams=0"),
        ({"n_best": 6, "beams": 5}, r"n_best=6: must lie in 1\.\.5"),
        ({"n_best": 0}, "n_best=0"),
        ({"copy_unknown": True}, "copy_unknown needs tokenizer='word'"),
    ):
        with pytest.raises(ConfigError, match=message):
            trained_translator.translate_n_best(["ab"], **options)


def test_length_ratio_limits_the_output(trained_translator):
    [result] = trained_translator.translate_n_best(["abcdeabcde"], n_best=5, length_ratio=0.1)
    assert max(len(h.text) for h in result) <= 11


def test_outputs_may_be_as_long_as_training_targets(capsys):
    numbers, letters = " ".join(map(str, range(30))), "a b c d"
    options = {"tokenizer": "word", "hidden": 32, "embedding": 16, "lr": 0.01, "epochs": 40, "threads": 1}
    translator = Translator(**options, cell="gru", batch=16).fit(
        [("count", numbers), ("spell", letters)] * 40, progress=False
    )
    assert translator.translate(["count", "spell"]) == [numbers, letters]
    assert translator.result["valid"]["cut"] == 0
    assert translator.translate("count", length_ratio=2.0) == " ".join(map(str, range(12)))
    assert "1 of 1 outputs was cut off" in capsys.readouterr().err


def test_truncated_outputs_are_counted(table):
    translator = Translator(**TINY | {"length_ratio": 0.01, "max_steps": 1}).fit(table, progress=False)
    result = translator.translate_sources([s for s, _ in reversals(20)])
    score = translator.evaluate(reversals(20))
    assert score.cut == sum(best.cut for best, *_ in result.outputs)
    assert any(f"{score.cut} of 20 outputs were cut off" in note for note in result.notes)
    assert score.to_json()["cut"] == score.cut > 0
    assert f"{score.cut} of 20 outputs were cut off" in str(score)


def test_unknown_characters_are_counted_and_scored(trained_translator, capsys):
    assert len(trained_translator.translate(["ab", "az"])) == 2
    assert "sources: 1 of 4 characters are unknown to the model ('z')" in capsys.readouterr().err
    new_pairs = [("abcd", "dcba"), ("abcd", "dcbz")]
    score = trained_translator.evaluate(new_pairs)
    assert any("given targets: 1 of 8 characters are unknown" in note for note in score.notes)
    # The z costs at least -ln u, where u is the probability that is reserved for unknown tokens.
    assert score.nats >= -math.log(trained_translator.artifacts.unknown_share) - 1
    assert math.isfinite(score.nats)


def test_texts_of_unknown_characters_are_refused(trained_translator):
    with pytest.raises(DataError, match=r"3 of 4 tokens of sources are not in the model's vocabulary"):
        trained_translator.translate(["zz", "za"])
    with pytest.raises(DataError, match="2 of 2 tokens of given targets"):
        trained_translator.evaluate([("ab", "zz")])
    with pytest.raises(DataError, match="blank"):
        trained_translator.attention(" ")


# Every configuration trains, and is the same after saving and loading.

CONFIGURATIONS = [
    {"attention": "none", "cell": "gru"},
    {"attention": "fixed", "layers": 2, "dropout": 0.2, "locked": True},
    {"attention": "dot", "tokenizer": "word", "joint": True},
    {"attention": "additive", "cell": "elman"},
    {"attention": "general", "input_feeding": True, "select": "bleu", "select_pairs": 5},
    {"tokenizer": "bpe", "vocabulary": 270, "joint": True, "tie_weights": True, "share_embeddings": True},
    {"sampling": 0.5, "sampling_epochs": 2, "label_smoothing": 0.1, "bidirectional": False},
    {"max_length": 5, "read_at_most": 4, "beams": 1},
]


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=lambda o: "-".join(map(str, o.values())))
def test_every_configuration_trains_saves_and_loads(tmp_path, options):
    translator = Translator(**TINY | options | {"max_steps": 8}).fit(reversals(60), progress=False)
    translator.save(tmp_path / "run")
    loaded = unrolled.load(tmp_path / "run")
    assert isinstance(loaded, Translator)
    assert (loaded.config, loaded.data_info, loaded.result) == (
        translator.config,
        translator.data_info,
        translator.result,
    )
    initial_state, second_state = translator.model.state_dict(), loaded.model.state_dict()
    assert initial_state.keys() == second_state.keys()
    assert all(torch.equal(initial_state[n], second_state[n]) for n in initial_state)
    new_pairs = reversals(10, seed=3)
    score, loaded_score = (
        dataclasses.replace(t.evaluate(new_pairs), seconds=0.0) for t in (translator, loaded)
    )
    assert score == loaded_score
    assert translator.data_info["too_long"] == (
        sum(len(s) > 5 for s, _ in reversals(60)[:48]) if "max_length" in options else 0
    )


@pytest.mark.draws
def test_a_run_has_all_files_and_results(run):
    result = json.loads((run / "result.json").read_text())
    assert set(result["valid"]) >= {"bleu", "chrf", "rouge_l", "exact_match", "bleu_signature", "by_length"}
    assert "tok:13a" in result["valid"]["bleu_signature"]
    assert len(result["samples"]) == 10
    assert set(result["samples"][0]) == {"source", "reference", "lead", "output"}
    data_info = json.loads((run / "config.json").read_text())["facts"]
    assert (data_info["pairs"], data_info["held_out_pairs"]) == (48, 12)
    assert (run / "plots" / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_last_pairs_are_held_out_or_test_data(tmp_path, table):
    translator = Translator(**TINY | {"test_fraction": 0.1, "max_steps": 2}).fit(table, progress=False)
    assert translator.data_info["pairs"] == 42
    assert (translator.result["valid"]["pairs"], translator.result["test"]["pairs"]) == (12, 6)
    assert translator.result["samples"][0]["source"] == reversals(60)[54][0]


def test_a_file_of_sources_is_predicted_line_by_line(tmp_path, trained_translator):
    (tmp_path / "in.txt").write_text("ab\n\nedc\n")
    out = io.StringIO()
    trained_translator.predict_file(tmp_path / "in.txt", out)
    assert out.getvalue() == "ba\n\ncde\n"
    assert trained_translator.predict(["ab"]) == ["ba"]


def test_unknown_words_are_copied_by_attention():
    rng = random.Random(0)
    words = [f"w{i}" for i in range(40)]
    pairs = [(" ".join(s), " ".join(s)) for s in ([rng.choice(words) for _ in range(2)] for _ in range(40))]
    options = {"tokenizer": "word", "min_frequency": 3, "copy_unknown": True, "vocabulary": 8}
    translator = Translator(**TINY | options).fit(pairs, progress=False)
    texts = ["zeppelin quark"] * 3
    result = translator.translate_sources(texts)
    assert "6 of 6 words are unknown" in result.notes[0]
    for best, *_ in result.outputs:
        assert "<unk>" not in best.text
        assert "\ufffd" not in best.text
    not_copied = translator.translate_sources(texts, copy_unknown=False).outputs
    assert not any("zeppelin" in best.text or "quark" in best.text for best, *_ in not_copied)
    [[copied_output, *_]] = translator.translate_sources(["zeppelin zeppelin"]).outputs
    assert "zeppelin" in copied_output.text


# Killed and resumed.


class KilledError(Exception):
    pass


class KillAtStep(Callback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, progress, loss, lr):
        if progress.step == self.step:
            raise KilledError


@pytest.mark.parametrize("options", [{}, {"sampling": 0.6, "sampling_epochs": 1, "select": "bleu"}])
def test_a_killed_run_resumes_to_the_same_bits(tmp_path, table, options):
    options = TINY | options | {"checkpoint_steps": 4, "dropout_output": 0.2}
    Translator(**options).fit(table, out=tmp_path / "whole", progress=False)
    with pytest.raises(KilledError):
        Translator(**options).fit(table, out=tmp_path / "run", progress=KillAtStep(10))
    with pytest.raises(KilledError):
        Translator.resume(tmp_path / "run", progress=KillAtStep(15))
    Translator.resume(tmp_path / "run", progress=False)
    trained_models = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "run")]
    assert trained_models[0] == trained_models[1]
    logs = [
        [{k: v for k, v in r.items() if k != "seconds"} for r in read_log(tmp_path / name / "metrics.jsonl")]
        for name in ("whole", "run")
    ]
    assert logs[0] == logs[1]


def test_changed_data_are_refused(tmp_path):
    path = write_tsv(tmp_path / "pairs.tsv", reversals(60))
    with pytest.raises(KilledError):
        Translator(**TINY).fit(path, out=tmp_path / "run", progress=KillAtStep(4))
    write_tsv(path, [("abc", "cba"), *reversals(60)[1:]])
    with pytest.raises(DataError, match="has changed since"):
        Translator.resume(tmp_path / "run", progress=False)


def test_pairs_from_memory_cannot_be_resumed(tmp_path):
    with pytest.raises(KilledError):
        Translator(**TINY).fit(reversals(60), out=tmp_path / "run", progress=KillAtStep(4))
    with pytest.raises(RunError, match="data from memory"):
        Translator.resume(tmp_path / "run", progress=False)


# Refused options and data.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attention": "genral"}, "did you mean 'general'"),
        ({"attention": "dot", "encoder_hidden": 4}, "attention='dot' compares"),
        ({"copy_unknown": True, "tokenizer": "char"}, "copy_unknown needs"),
        ({"copy_unknown": True, "attention": "none"}, "copy_unknown needs"),
        ({"input_feeding": True, "dropout_weight": 0.3}, "run one by one"),
        ({"valid_fraction": 0.6, "test_fraction": 0.5}, "together they must leave pairs"),
        ({"sampling": 1.5}, "sampling=1.5"),
        ({"length_ratio": -1.0}, "length_ratio"),
        ({"hiden": 3}, "did you mean 'hidden'"),
    ],
)
def test_invalid_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        Translator(**options).fit(reversals(20), progress=False)


def test_too_few_pairs_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"no training pairs"):
        Translator().fit(progress=False)
    with pytest.raises(DataError, match=r"too few to hold out 0\.1"):
        Translator().fit(reversals(5), progress=False)
    with pytest.raises(DataError, match="longer than --max-length 1"):
        Translator(max_length=1).fit([("ab", "ba")] * 20, progress=False)


def test_an_untrained_model_or_one_without_attention_raises():
    with pytest.raises(RunError, match="has not been trained"):
        Translator().translate(["a"])
    translator = Translator(**TINY | {"attention": "none", "max_steps": 1}).fit(reversals(30), progress=False)
    with pytest.raises(ConfigError, match="no attention to show"):
        translator.attention("ab")


def test_the_default_options_equal_the_default_config():
    assert Translator().config == TranslatorConfig()
