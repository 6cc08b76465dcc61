"""The translator as a tool: it learns, resumes, saves and loads, and refuses what it cannot use."""

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
from unrolled.training import Watcher
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
def learned():
    """A model that has learned to reverse strings."""
    options = {"hidden": 40, "embedding": 24, "lr": 0.015, "epochs": 12, "batch": 32, "threads": 1, "seed": 1}
    return Translator(**options, cell="gru", attention="general", valid_fraction=0.05).fit(
        reversals(1200, letters="abcde"), progress=False
    )


# It learns.


def test_strings_are_reversed_to_the_letter(learned):
    new = reversals(60, seed=99, letters="abcde")
    score = learned.evaluate(new)
    assert score.overlap.exact_match == 100
    assert score.perplexity < 1.05
    assert learned.translate([s for s, _ in new]) == [t for _, t in new]
    assert learned.translate(["abc"], beams=1) == ["cba"]


def test_attention_runs_backwards_over_the_source(learned):
    found = learned.attention("abcde")
    assert found.source == [*"abcde", "<eos>"]
    assert found.target == [*"edcba", "<eos>"]
    assert found.weights.shape == (6, 6)
    assert found.weights.sum(1) == pytest.approx(1.0)


def test_attention_as_a_picture(learned, tmp_path):
    path = learned.plot_attention("abcde", tmp_path / "new" / "a.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(RunError, match=r"could not be written|cannot be made"):
        learned.plot_attention("abcde", path / "a.png")


def test_n_best_are_ranked_and_differ(learned):
    [found] = learned.translate_n_best(["abca"], n_best=3, beams=4, normalisation=0.5)
    assert found[0].text == "acba"
    assert len({h.text for h in found}) == 3
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)
    for h in found:
        assert h.score == pytest.approx(h.log_probability / math.sqrt(len(h.text) + 1))


def test_batching_changes_no_output(learned):
    texts = [s for s, _ in reversals(40, seed=7, letters="abcde", longest=9)]
    together = learned.translate_n_best(texts, n_best=2)
    for text, found in zip(texts, together, strict=True):
        [alone] = learned.translate_n_best([text], n_best=2)
        assert [h.text for h in alone] == [h.text for h in found]
        assert [h.score for h in alone] == pytest.approx([h.score for h in found], abs=1e-5)


def test_a_blank_text_gives_a_blank_one(learned):
    assert learned.translate(["", "ab", "  "]) == ["", "ba", ""]
    assert learned.translate([]) == []


@pytest.mark.parametrize("tokenizer", ["char", "word", "bpe"])
def test_a_blank_text_gives_a_blank_one_whatever_the_tokens(tokenizer):
    pairs = [("ein hund rennt", "a dog runs"), ("eine katze ruht", "a cat rests")] * 20
    made = Translator(**TINY | {"tokenizer": tokenizer, "max_steps": 3}).fit(pairs, progress=False)
    assert made.translate(["", " \t"]) == ["", ""]


def test_options_of_the_search_can_be_changed_and_no_others(learned):
    before = learned.config
    learned.translate(["ab"], beams=2, block_repeats=2)
    assert learned.config == before
    for options, message in (
        ({"beam": 2}, "did you mean 'beams'"),
        ({"hidden": 3}, "only options of the search"),
        ({"beams": 0}, "beams=0"),
        ({"n_best": 6, "beams": 5}, r"n_best=6: must lie in 1\.\.5"),
        ({"n_best": 0}, "n_best=0"),
        ({"copy_unknown": True}, "copy_unknown needs tokenizer='word'"),
    ):
        with pytest.raises(ConfigError, match=message):
            learned.translate_n_best(["ab"], **options)


def test_nothing_is_longer_than_allowed(learned):
    [found] = learned.translate_n_best(["abcdeabcde"], n_best=5, length_ratio=0.1)
    assert max(len(h.text) for h in found) <= 11


def test_outputs_may_be_as_long_as_those_of_training(capsys):
    numbers, letters = " ".join(map(str, range(30))), "a b c d"
    options = {"tokenizer": "word", "hidden": 32, "embedding": 16, "lr": 0.01, "epochs": 40, "threads": 1}
    made = Translator(**options, cell="gru", batch=16).fit(
        [("count", numbers), ("spell", letters)] * 40, progress=False
    )
    assert made.translate(["count", "spell"]) == [numbers, letters]
    assert made.result["valid"]["cut"] == 0
    assert made.translate("count", length_ratio=2.0) == " ".join(map(str, range(12)))
    assert "1 of 1 outputs was cut off" in capsys.readouterr().err


def test_outputs_that_were_cut_off_are_counted(table):
    made = Translator(**TINY | {"length_ratio": 0.01, "max_steps": 1}).fit(table, progress=False)
    found = made.translate_sources([s for s, _ in reversals(20)])
    score = made.evaluate(reversals(20))
    assert score.cut == sum(best.cut for best, *_ in found.outputs)
    assert any(f"{score.cut} of 20 outputs were cut off" in note for note in found.notes)
    assert score.to_json()["cut"] == score.cut > 0
    assert f"{score.cut} of 20 outputs were cut off" in str(score)


def test_letters_that_it_never_saw_are_counted_and_scored(learned, capsys):
    assert len(learned.translate(["ab", "az"])) == 2
    assert "sources: 1 of 4 characters are unknown to the model ('z')" in capsys.readouterr().err
    new = [("abcd", "dcba"), ("abcd", "dcbz")]
    score = learned.evaluate(new)
    assert any("given targets: 1 of 8 characters are unknown" in note for note in score.notes)
    # The z costs at least what a share of u for <unk> leaves: -ln u.
    assert score.nats >= -math.log(learned.artifacts.unknown_share) - 1
    assert math.isfinite(score.nats)


def test_texts_of_another_kind_are_refused(learned):
    with pytest.raises(DataError, match=r"3 of 4 tokens of sources are not in the model's vocabulary"):
        learned.translate(["zz", "za"])
    with pytest.raises(DataError, match="2 of 2 tokens of given targets"):
        learned.evaluate([("ab", "zz")])
    with pytest.raises(DataError, match="blank"):
        learned.attention(" ")


# Every kind of network trains, and is what it was after saving and loading.

KINDS = [
    {"attention": "none", "cell": "gru"},
    {"attention": "fixed", "layers": 2, "dropout": 0.2, "locked": True},
    {"attention": "dot", "tokenizer": "word", "joint": True},
    {"attention": "additive", "cell": "elman"},
    {"attention": "general", "input_feeding": True, "select": "bleu", "select_pairs": 5},
    {"tokenizer": "bpe", "vocabulary": 270, "joint": True, "tie_weights": True, "share_embeddings": True},
    {"sampling": 0.5, "sampling_epochs": 2, "label_smoothing": 0.1, "bidirectional": False},
    {"max_length": 5, "read_at_most": 4, "beams": 1},
]


@pytest.mark.parametrize("options", KINDS, ids=lambda o: "-".join(map(str, o.values())))
def test_every_kind_trains_and_comes_back(tmp_path, options):
    made = Translator(**TINY | options | {"max_steps": 8}).fit(reversals(60), progress=False)
    made.save(tmp_path / "run")
    again = unrolled.load(tmp_path / "run")
    assert isinstance(again, Translator)
    assert (again.config, again.facts, again.result) == (made.config, made.facts, made.result)
    one, two = made.model.state_dict(), again.model.state_dict()
    assert one.keys() == two.keys()
    assert all(torch.equal(one[n], two[n]) for n in one)
    new = reversals(10, seed=3)
    ours, theirs = (dataclasses.replace(t.evaluate(new), seconds=0.0) for t in (made, again))
    assert ours == theirs
    assert made.facts["too_long"] == (
        sum(len(s) > 5 for s, _ in reversals(60)[:48]) if "max_length" in options else 0
    )


@pytest.mark.draws
def test_a_run_holds_everything(run):
    result = json.loads((run / "result.json").read_text())
    assert set(result["valid"]) >= {"bleu", "chrf", "rouge_l", "exact_match", "bleu_signature", "by_length"}
    assert "tok:13a" in result["valid"]["bleu_signature"]
    assert len(result["samples"]) == 10
    assert set(result["samples"][0]) == {"source", "reference", "lead", "output"}
    facts = json.loads((run / "config.json").read_text())["facts"]
    assert (facts["pairs"], facts["held_out_pairs"]) == (48, 12)
    assert (run / "plots" / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_last_pairs_are_held_out_and_tested(tmp_path, table):
    made = Translator(**TINY | {"test_fraction": 0.1, "max_steps": 2}).fit(table, progress=False)
    assert made.facts["pairs"] == 42
    assert (made.result["valid"]["pairs"], made.result["test"]["pairs"]) == (12, 6)
    assert made.result["samples"][0]["source"] == reversals(60)[54][0]


def test_a_file_of_sources_is_predicted_line_by_line(tmp_path, learned):
    (tmp_path / "in.txt").write_text("ab\n\nedc\n")
    out = io.StringIO()
    learned.predict_file(tmp_path / "in.txt", out)
    assert out.getvalue() == "ba\n\ncde\n"
    assert learned.predict(["ab"]) == ["ba"]


def test_unknown_words_are_copied_from_where_attention_lies():
    rng = random.Random(0)
    words = [f"w{i}" for i in range(40)]
    pairs = [(" ".join(s), " ".join(s)) for s in ([rng.choice(words) for _ in range(2)] for _ in range(40))]
    options = {"tokenizer": "word", "min_frequency": 3, "copy_unknown": True, "vocabulary": 8}
    made = Translator(**TINY | options).fit(pairs, progress=False)
    texts = ["zeppelin quark"] * 3
    found = made.translate_sources(texts)
    assert "6 of 6 words are unknown" in found.notes[0]
    for best, *_ in found.outputs:
        assert "<unk>" not in best.text
        assert "\ufffd" not in best.text
    free = made.translate_sources(texts, copy_unknown=False).outputs
    assert not any("zeppelin" in best.text or "quark" in best.text for best, *_ in free)
    [[copied, *_]] = made.translate_sources(["zeppelin zeppelin"]).outputs
    assert "zeppelin" in copied.text


# Killed and resumed.


class KilledError(Exception):
    pass


class Kill(Watcher):
    def __init__(self, step):
        self.step = step

    def stepped(self, progress, loss, lr):
        if progress.step == self.step:
            raise KilledError


@pytest.mark.parametrize("options", [{}, {"sampling": 0.6, "sampling_epochs": 1, "select": "bleu"}])
def test_a_killed_run_ends_with_the_same_bits(tmp_path, table, options):
    options = TINY | options | {"checkpoint_steps": 4, "dropout_output": 0.2}
    Translator(**options).fit(table, out=tmp_path / "whole", progress=False)
    with pytest.raises(KilledError):
        Translator(**options).fit(table, out=tmp_path / "run", progress=Kill(10))
    with pytest.raises(KilledError):
        Translator.resume(tmp_path / "run", progress=Kill(15))
    Translator.resume(tmp_path / "run", progress=False)
    ended = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "run")]
    assert ended[0] == ended[1]
    logs = [
        [{k: v for k, v in r.items() if k != "seconds"} for r in read_log(tmp_path / name / "metrics.jsonl")]
        for name in ("whole", "run")
    ]
    assert logs[0] == logs[1]


def test_data_that_have_changed_are_refused(tmp_path):
    path = write_tsv(tmp_path / "pairs.tsv", reversals(60))
    with pytest.raises(KilledError):
        Translator(**TINY).fit(path, out=tmp_path / "run", progress=Kill(4))
    write_tsv(path, [("abc", "cba"), *reversals(60)[1:]])
    with pytest.raises(DataError, match="has changed since"):
        Translator.resume(tmp_path / "run", progress=False)


def test_pairs_from_memory_cannot_be_resumed(tmp_path):
    with pytest.raises(KilledError):
        Translator(**TINY).fit(reversals(60), out=tmp_path / "run", progress=Kill(4))
    with pytest.raises(RunError, match="data from memory"):
        Translator.resume(tmp_path / "run", progress=False)


# What cannot be used.


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
def test_wrong_options(options, message):
    with pytest.raises(ConfigError, match=message):
        Translator(**options).fit(reversals(20), progress=False)


def test_too_little_to_learn_from(tmp_path):
    with pytest.raises(ConfigError, match=r"no training pairs"):
        Translator().fit(progress=False)
    with pytest.raises(DataError, match=r"too few to hold out 0\.1"):
        Translator().fit(reversals(5), progress=False)
    with pytest.raises(DataError, match="longer than --max-length 1"):
        Translator(max_length=1).fit([("ab", "ba")] * 20, progress=False)


def test_what_needs_training_or_attention():
    with pytest.raises(RunError, match="has not been trained"):
        Translator().translate(["a"])
    made = Translator(**TINY | {"attention": "none", "max_steps": 1}).fit(reversals(30), progress=False)
    with pytest.raises(ConfigError, match="no attention to show"):
        made.attention("ab")


def test_the_default_configuration_is_plain_data():
    assert Translator().config == TranslatorConfig()
