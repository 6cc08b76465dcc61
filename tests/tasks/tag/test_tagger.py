"""The tagger: training, predictions, scores and files."""

import json

import pytest
import torch
from seqeval.metrics import f1_score

import unrolled as ur
from cases import WORDS, sentences, write_tagged
from unrolled.data.tagged import Tagged
from unrolled.errors import ConfigError, DataError
from unrolled.models import CellConfig, DropoutConfig, EncoderConfig
from unrolled.models.summary import summarise
from unrolled.models.tagger import CharacterEncoder, RecurrentTagger
from unrolled.tasks.tag.batches import make_batches
from unrolled.tasks.tag.data import EncodedSentences
from unrolled.tasks.tag.score import TaggerScore

QUICK = {"hidden": 8, "embedding": 8, "characters": 6, "epochs": 8, "batch": 8, "lr": 0.03, "threads": 1}
TAGS = {word: label for label, words in WORDS.items() for word in words}


def make_sentences(count, seed):
    words = [words for words, _ in sentences(count, seed)]
    return Tagged(words, [[TAGS.get(w, "other") for w in s] for s in words])


def make_span_sentences(count, seed):
    """Sentences in which fillers after a marked word belong to its span."""
    words, tags = [], []
    for sentence, _ in sentences(count, seed):
        marks, inside = [], ""
        for word in sentence:
            kind = TAGS.get(word)
            marks.append(f"B-{kind}" if kind else f"I-{inside}" if inside else "O")
            inside = kind or ""
        words.append(sentence)
        tags.append(marks)
    return Tagged(words, tags)


@pytest.fixture(scope="module")
def trained():
    return ur.Tagger(**QUICK).fit(make_sentences(100, 1), progress=False)


def test_it_learns_the_tags(trained):
    score = trained.evaluate(make_sentences(50, 2))
    assert score.accuracy > 0.98
    assert trained.predict([["a", "dull", "day"], [], ["warm"]]) == [["other", "bad", "other"], [], ["good"]]


@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_it_learns_spans(output):
    model = ur.Tagger(**QUICK | {"epochs": 20}, output=output, select="span_f1").fit(
        make_span_sentences(100, 3), progress=False
    )
    data = make_span_sentences(50, 4)
    score = model.evaluate(data)
    assert score.span_f1 == f1_score(data.tags, model.predict(data.words)) > 0.9
    assert "span F1" in str(score)
    assert json.loads(json.dumps(score.to_json()))["span_f1"] == score.span_f1


def test_unknown_words_are_tagged_by_their_spelling():
    def words(start, ending, tag):
        return Tagged([[f"{chr(97 + i)}{start}{ending}"] for i in range(20)], [[tag]] * 20)

    parts = [words("o", "ly", "adverb"), words("e", "ing", "verb")]
    train = Tagged(parts[0].words + parts[1].words, parts[0].tags + parts[1].tags)
    options = QUICK | {"epochs": 30, "valid_fraction": 0.0}
    unknown_words = [["zumly"], ["zuming"]]
    assert ur.Tagger(**options).fit(train, progress=False).predict(unknown_words) == [["adverb"], ["verb"]]
    word_only = ur.Tagger(**options | {"characters": 0}).fit(train, progress=False).predict(unknown_words)
    assert word_only[0] == word_only[1]


def test_tags_do_not_depend_on_the_batch(trained):
    words = make_sentences(20, 5).words
    encoded = EncodedSentences(words, trained.vocabularies)
    for _, batch in make_batches(encoded, 20):
        together = trained.model(batch.sentences)
    for rows, batch in make_batches(encoded, 1):
        alone = trained.model(batch.sentences)
        order = [r for b in make_batches(encoded, 20) for r in b[0]]
        column = order.index(rows[0])
        torch.testing.assert_close(together[: len(alone), column], alone[:, 0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("crf", [False, True])
def test_the_loss_sums_over_words_and_gradients_are_correct(crf):
    torch.manual_seed(0)
    spelling = CharacterEncoder(9, 3, 2, 0.0)
    network = EncoderConfig(hidden=3, embedding=3)
    model = RecurrentTagger(7, 4, CellConfig(), network, DropoutConfig(), spelling, crf=crf).double()
    data = EncodedSentences.__new__(EncodedSentences)
    data.words = [torch.randint(7, (n,)).numpy() for n in (4, 2, 3)]
    data.tags = [torch.randint(4, (n,)).numpy() for n in (4, 2, 3)]
    data._spelling_ids = [w % 5 for w in data.words]
    data._spellings = [torch.randint(9, (n,)).numpy() for n in (3, 1, 4, 2, 2)]
    ((_, batch),) = make_batches(data, 3)
    total = model.loss(batch.sentences, batch.tags, ignore=-100, label_smoothing=0.0)
    parts = [
        model.loss(b.sentences, b.tags, ignore=-100, label_smoothing=0.0) for _, b in make_batches(data, 1)
    ]
    torch.testing.assert_close(total, sum(parts))
    total.backward()
    for p in model.parameters():
        index = tuple(int(torch.randint(n, ())) for n in p.shape)
        slope = float(p.grad[index])
        with torch.no_grad():
            values = []
            for step in (1e-6, -2e-6):
                p[index] += step
                values.append(model.loss(batch.sentences, batch.tags, ignore=-100, label_smoothing=0.0))
            p[index] += 1e-6
        assert float(values[0] - values[1]) / 2e-6 == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_the_summary_shows_the_network(trained):
    text = summarise(trained.model)
    assert "last states over its characters (12)" in text
    assert "softmax(V h_t + c)   16 → 3" in text


# -- files ---------------------------------------------------------------------------------------------

CONLLU = (
    "# text = A dull day\n1\tA\ta\t_\t_\t_\t3\tdet\t_\t_\n2-3\tdullday\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "2\tdull\tdull\tbad\t_\t_\t3\tamod\t_\t_\n3\tday\tday\t_\t_\t_\t0\troot\t_\t_\n\n"
)


def test_conllu_predictions_change_only_the_tags(trained, tmp_path, command):
    trained.save(tmp_path / "run")
    (tmp_path / "t.conllu").write_text(CONLLU, encoding="utf-8")
    out = command("predict", tmp_path / "run", "--data", tmp_path / "t.conllu").out
    lines = [line.split("\t") for line in out.splitlines()]
    assert [line[3] for line in lines if len(line) == 10] == ["other", "_", "bad", "other"]
    for line, expected in zip(lines, (b.split("\t") for b in CONLLU.splitlines()), strict=True):
        assert line[:3] + line[4:] == expected[:3] + expected[4:]


def test_predictions_of_columns(trained, tmp_path, command):
    trained.save(tmp_path / "run")
    (tmp_path / "t.txt").write_text("a\nwarm\n\nday\n", encoding="utf-8")
    assert command("predict", tmp_path / "run", "--data", tmp_path / "t.txt").out == (
        "a\tother\nwarm\tgood\n\nday\tother\n"
    )


def test_files_in_another_format_than_the_training_data(trained, tmp_path, command):
    trained.save(tmp_path / "conllu")
    (tmp_path / "plain.txt").write_text("a warm day\n", encoding="utf-8")
    outcome = command("predict", tmp_path / "conllu", "--data", tmp_path / "plain.txt")
    assert outcome.out == "a\tother\nwarm\tgood\nday\tother\n\n"
    assert "plain text: each line is a sentence" in outcome.err
    columns = ur.Tagger(**QUICK | {"epochs": 1}, word_column="1", tag_column="2")
    columns.fit(write_tagged(tmp_path), progress=False)
    columns.save(tmp_path / "columns")
    (tmp_path / "t.conllu").write_text(CONLLU, encoding="utf-8")
    outcome = command("predict", tmp_path / "columns", "--data", tmp_path / "t.conllu")
    assert "is CoNLL-U, which has several columns of tags" in outcome.error


@pytest.mark.draws
def test_the_train_command(tmp_path, command):
    data = write_tagged(tmp_path)
    flags = [w for name, v in QUICK.items() for w in ("--" + name, v)]
    outcome = command(
        "train", "tag", "--data", data, "--out", tmp_path / "run", "--word-column", 1, "--tag-column", 2,
        "--test", data, *flags,
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "held out: accuracy" in outcome.out
    assert "test: accuracy" in outcome.out
    assert f"unrolled predict {tmp_path / 'run'} --data FILE\n" in outcome.out
    assert (tmp_path / "run" / "plots" / "confusion_test.png").stat().st_size > 5000
    assert "accuracy" in command("evaluate", tmp_path / "run", "--data", data).out


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"output": "crf", "label_smoothing": 0.1}, ConfigError, "label_smoothing is for output='softmax'"),
        ({"select": "span_f1"}, ConfigError, "select='span_f1' needs tags that mark spans"),
        ({"scheme": "bio"}, ConfigError, "scheme='bio': is for tags that mark spans"),
    ],
)
def test_contradicting_options_are_refused(options, kind, message):
    with pytest.raises(kind, match=message):
        ur.Tagger(**QUICK | options).fit(make_sentences(100, 1), progress=False)


def test_unknown_tags_and_untokenized_sentences_are_refused(trained):
    with pytest.raises(
        DataError,
        match=r"tags that the training data lack \(odd\); the known tags are bad, good, other",
    ):
        trained.evaluate(Tagged([["a"]], [["odd"]]))
    with pytest.raises(ConfigError, match="split the text first"):
        trained.predict(["a dull day"])


def test_span_f1_counts_complete_spans():
    true = [["B-X", "I-X", "O", "B-Y"]]
    score = TaggerScore(["B-X", "B-Y", "I-X", "O"], true, [["B-X", "O", "O", "B-Y"]], 0.5)
    assert score.accuracy == 0.75
    assert score.sentence_accuracy == 0
    assert score.span_f1 == pytest.approx(0.5)
