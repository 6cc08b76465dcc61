"""Training a language model: seeds, losses, held-out text, word vectors and refused options."""

import json
from itertools import pairwise

import pytest
import torch

from unrolled import LanguageModel
from unrolled.data import IGNORE, Sentences, TokenStream, open_documents
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.tasks.lm.data import Corpus, tokenize
from unrolled.tasks.lm.job import LanguageJob

REGULARISED = [
    {"layers": 2, "dropout": 0.3, "dropout_input": 0.2, "dropout_output": 0.2},
    {
        "layers": 2,
        "dropout": 0.3,
        "locked": True,
        "dropout_weight": 0.2,
        "dropout_candidate": 0.1,
        "zoneout": 0.1,
        "zoneout_cell": 0.1,
    },
    {"cell": "gru", "dropout_weight": 0.3, "mode": "sentence", "tokenizer": "word"},
]


def get_weights(lm):
    return lm.model.state_dict()


def are_equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)


@pytest.mark.parametrize("options", REGULARISED, ids=["dropout", "regularised lstm", "sentences"])
def test_the_same_seed_gives_the_same_bits(english_file, tiny_options, options):
    def fit_with_seed(seed):
        torch.manual_seed(torch.seed() % 1000)  # the RNG state of the caller must not matter
        lm = LanguageModel(**tiny_options | {"max_steps": 40, "seed": seed} | options)
        return lm.fit(english_file, progress=False)

    first, second, other = fit_with_seed(5), fit_with_seed(5), fit_with_seed(6)
    assert are_equal(get_weights(first), get_weights(second))
    assert [r["loss"] for r in first.history] == [r["loss"] for r in second.history]
    assert first.result["valid"] == second.result["valid"]
    assert not are_equal(get_weights(first), get_weights(other))


def test_fit_restores_rng_state_and_threads(english_file, tiny_options):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    lm = LanguageModel(**tiny_options | {"threads": 2, "max_steps": 3})
    lm.fit(english_file, progress=False)
    assert torch.equal(torch.rand(4), expected)
    assert torch.get_num_threads() == 1


def test_training_beats_the_baselines(tiny_lm):
    baselines = tiny_lm.result["baselines"]
    assert baselines["uniform"] == pytest.approx(torch.tensor(tiny_lm.tokenizer.size).log().item())
    assert tiny_lm.result["valid"]["nats_per_token"] < baselines["unigram"] < baselines["uniform"]
    valid = [r["loss"] for r in tiny_lm.history if r["kind"] == "valid"]
    assert len(valid) >= 2
    assert tiny_lm.result["best_step"] > 0


def test_result_counts_are_consistent(tiny_lm, tiny_options):
    result, data_info = tiny_lm.result, tiny_lm.data_info
    assert result["valid"]["tokens"] == data_info["held_out_tokens"]
    steps_per_epoch = -(-(data_info["tokens"] // tiny_options["batch"]) // tiny_options["steps"])
    assert result["steps"] == 2 * steps_per_epoch
    assert result["epochs"] == 2
    assert result["threads"] == 1
    assert result["tokens_per_second"] > 0


@pytest.mark.parametrize(
    "options",
    [
        {"tokenizer": "word", "min_frequency": 3},
        {"tokenizer": "bpe", "vocabulary": 280},
        {"mode": "sentence"},
        {"mode": "sentence", "tokenizer": "word", "loss": "token"},
        {"loss": "steps", "lr": 0.002},
        {"cell": "gru", "reset": "before"},
        {"cell": "elman", "nonlinearity": "relu"},
        {"cell": "jordan"},
        {"projection": 5, "peepholes": True},
        {"input": "one-hot", "lowercase": True},
        {"tie_weights": True, "embedding": 12},
        {"layers": 3, "residual": True, "skip": 3},
        {"layer_norm": True, "recurrent_init": "orthogonal", "forget_bias": 1.0},
        {"optimizer": "nt-asgd", "lr": 1.0, "schedule": "constant", "average_after": 1},
        {"optimizer": "sgd", "lr": 1.0, "schedule": "step", "clip_norm": 0.25},
        {"optimizer": "rmsprop", "schedule": "plateau", "l1": 1e-5, "l2": 1e-5},
        {"valid_fraction": 0.0},
        {"label_smoothing": 0.1},
        {"label_smoothing": 0.1, "mode": "sentence", "tokenizer": "word"},
        {"adaptive_softmax": (9,), "tokenizer": "word"},
        {"adaptive_softmax": (5, 20), "tokenizer": "word", "hidden": 16, "mode": "sentence"},
    ],
    ids=lambda o: "-".join(str(v) for v in o.values()),
)
def test_every_configuration_trains_scores_and_generates(english_file, tiny_options, options):
    lm = LanguageModel(**tiny_options | {"epochs": 1, "validate_every": 0} | options)
    lm.fit(english_file, progress=False)
    train = [r["loss"] for r in lm.history if r["kind"] == "train"]
    assert sum(train[-5:]) < sum(train[:5])
    score = lm.evaluate(english_file)
    assert score.nats_per_token < torch.tensor(float(lm.tokenizer.size)).log()
    assert ("valid" in lm.result) == (options.get("valid_fraction") != 0.0)
    assert len(lm.generate("", 20)) > 0


# -- losses ----------------------------------------------------------------------------------------


def make_job(lm, path, mode, **options):
    tokens = tokenize(open_documents(path), lm.tokenizer, mode)
    config = LanguageModel(lm.config, mode=mode, **options).config
    return LanguageJob(lm.model.eval(), Corpus(tokens, None, {}), config), tokens


def test_the_sentence_loss_is_a_mean_of_sentence_means(tiny_words, english_file):
    job, tokens = make_job(tiny_words, english_file, "sentence", batch=7)
    assert isinstance(tokens, Sentences)
    for batch in job.batches(0):
        expected = []
        for column, length in enumerate(batch.lengths.tolist()):
            ids = [0, *batch.targets[:length, column].tolist()]
            total, state = 0.0, None
            for x, target in pairwise(ids):
                logits, state = tiny_words.model(torch.tensor([[x]]), state)
                total += -float(logits[0, 0].log_softmax(-1)[target].detach())
            expected.append(total / length)  # E = (1/T) Σ E_t
        step_loss = job.loss(batch, None)
        assert float(step_loss.loss.detach()) == pytest.approx(sum(expected) / len(expected), rel=1e-5)
        assert step_loss.tokens == int(batch.lengths.sum())
        assert step_loss.state is None


@pytest.mark.parametrize("loss", ["auto", "token", "steps"])
def test_stream_losses(tiny_words, english_file, loss):
    job, tokens = make_job(tiny_words, english_file, "stream", batch=3, steps=5, loss=loss)
    assert isinstance(tokens, TokenStream)
    state = None
    for batch in list(job.batches(0))[:4]:
        logits, after = tiny_words.model(batch.inputs, state)
        log_p = logits.log_softmax(-1).gather(-1, batch.targets[..., None])
        step_loss = job.loss(batch, state)
        expected = -log_p.sum() / 3 if loss == "steps" else -log_p.mean()
        torch.testing.assert_close(step_loss.loss, expected)
        assert float(step_loss.total) == pytest.approx(float(-log_p.sum().detach()), rel=1e-5)
        assert step_loss.tokens == batch.targets.numel()
        for a, b in zip(step_loss.state, after, strict=True):
            assert not a.requires_grad
            torch.testing.assert_close(a, b.detach())
        state = step_loss.state


@pytest.mark.parametrize("mode", ["stream", "sentence"])
def test_label_smoothing_affects_the_loss_but_not_the_nats(tiny_words, english_file, mode):
    job, _ = make_job(tiny_words, english_file, mode, batch=6, label_smoothing=0.2)
    plain, _ = make_job(tiny_words, english_file, mode, batch=6)
    batch = next(iter(job.batches(0)))
    is_target = batch.targets != IGNORE
    logits, _ = tiny_words.model(batch.inputs, lengths=batch.lengths)
    uniform_loss = -logits.log_softmax(-1).mean(-1) * is_target  # uniform over all tokens
    lengths = is_target.sum(0)
    mean = (
        (uniform_loss.sum(0) / lengths).mean() if mode == "sentence" else uniform_loss.sum() / is_target.sum()
    )
    step_loss, expected = job.loss(batch, None), plain.loss(batch, None)
    torch.testing.assert_close(step_loss.loss, 0.8 * expected.loss + 0.2 * mean)
    assert torch.equal(step_loss.total, expected.total)


@pytest.mark.parametrize(
    ("options", "sparse"),
    [
        ({"optimizer": "sgd"}, True),
        ({"optimizer": "nt-asgd"}, True),
        ({"optimizer": "sgd", "l2": 1e-5}, False),
        ({"optimizer": "adam"}, False),
    ],
    ids=lambda v: "-".join(map(str, v.values())) if isinstance(v, dict) else str(v),
)
def test_embedding_gradients_are_sparse_if_rows_suffice(tiny_words, english_file, options, sparse):
    job, _ = make_job(tiny_words, english_file, "stream", batch=3, steps=2, **options)
    batch = next(iter(job.batches(0)))
    job.model.zero_grad()
    job.loss(batch, None).loss.backward()
    gradient = job.model.input.weight.grad
    job.model.zero_grad()
    assert gradient.is_sparse == sparse
    rows_used = gradient.to_dense().abs().sum(1).nonzero().flatten()
    assert rows_used.tolist() == sorted(set(batch.inputs.flatten().tolist()))


@pytest.mark.parametrize("options", [{}, {"tie_weights": True}, {"input": "one-hot"}], ids=str)
def test_training_with_sparse_gradients_equals_dense_training(
    english_file, tiny_options, options, monkeypatch
):
    options = tiny_options | options | {"tokenizer": "word", "min_frequency": 1, "embedding": 12}
    options |= {"optimizer": "sgd", "lr": 2.0, "clip_norm": 0.2, "max_steps": 25}
    sparse = LanguageModel(**options).fit(english_file, progress=False)
    monkeypatch.setattr("unrolled.tasks.lm.job.can_use_sparse_gradients", lambda config: False)
    dense = LanguageModel(**options).fit(english_file, progress=False)
    for name, t in get_weights(dense).items():
        torch.testing.assert_close(get_weights(sparse)[name], t, rtol=1e-4, atol=1e-5)


def test_sentence_order_depends_on_epoch_and_seed(tiny_words, english_file):
    job, _ = make_job(tiny_words, english_file, "sentence", batch=4, seed=1)
    other, _ = make_job(tiny_words, english_file, "sentence", batch=4, seed=2)

    def batch_targets(job, epoch):
        return [b.targets.tolist() for b in job.batches(epoch)]

    assert batch_targets(job, 0) == batch_targets(job, 0)
    assert batch_targets(job, 0) != batch_targets(job, 1)
    assert batch_targets(job, 0) != batch_targets(other, 0)


# -- texts -----------------------------------------------------------------------------------------


def test_a_folder_is_read_as_documents(tmp_path, write_english, tiny_options):
    for i in range(3):
        (tmp_path / f"{i}.txt").write_text(write_english(8, i))
    lm = LanguageModel(**tiny_options | {"epochs": 1}).fit(tmp_path, progress=False)
    assert lm.data_info["documents"] == 3
    assert lm.data_info["eos"] == 2


def test_held_out_and_test_texts_are_scored(tmp_path, write_english, tiny_options):
    for name, seed in (("train", 0), ("valid", 1), ("test", 2)):
        (tmp_path / f"{name}.txt").write_text(write_english(12 if seed else 40, seed))
    lm = LanguageModel(**tiny_options, test=str(tmp_path / "test.txt"))
    lm.fit(tmp_path / "train.txt", valid=tmp_path / "valid.txt", progress=False)
    assert lm.result["valid"] == lm.evaluate(tmp_path / "valid.txt").to_json()
    assert lm.result["test"] == lm.evaluate(tmp_path / "test.txt").to_json()
    assert lm.result["valid"]["tokens"] == len((tmp_path / "valid.txt").read_text())


def test_an_unscorable_text_is_refused_before_training(tmp_path, english_file, tiny_options):
    (tmp_path / "test.txt").write_text("ЖЖЖЖ" * 20)
    for options in ({"test": str(tmp_path / "test.txt")}, {"valid": str(tmp_path / "test.txt")}):
        with pytest.raises(DataError, match="not in the model's vocabulary"):
            LanguageModel(**tiny_options | options).fit(english_file, out=tmp_path / "run", progress=False)
        assert not (tmp_path / "run").exists()


def test_a_short_text_gets_a_smaller_batch():
    lm = LanguageModel(batch=32, hidden=4, embedding=4, max_steps=2)
    lm.fit(["twenty characters..."], progress=False)
    assert lm.config.training.batch == 1
    assert lm.notes == ("batch: 1, since 18 training tokens are too few for 32 rows (--batch)",)
    assert lm.evaluate("twenty\n").tokens == 7


def test_missing_text_is_refused():
    with pytest.raises(ConfigError, match="no training text"):
        LanguageModel().fit(progress=False)


# -- options ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hiden": 3}, r"unknown option 'hiden' \(did you mean 'hidden'\?\)"),
        ({"cell": "lstmm"}, r"cell='lstmm' is not one of .* \(did you mean 'lstm'\?\)"),
        ({"hidden": "many"}, "hidden"),
        ({"hidden": 2.5}, "hidden"),
        ({"lr": -1.0}, "lr=-1.0"),
        ({"seed": 2**64}, "seed"),
        ({"label_smoothing": 1.0}, r"label_smoothing=1\.0: must lie in \[0, 1\)"),
        ({"label_smoothing": float("nan")}, "label_smoothing=nan"),
        (
            {"adaptive_softmax": (9,), "tokenizer": "char"},
            "adaptive_softmax needs tokenizer='word', not 'char'",
        ),
        (
            {"adaptive_softmax": (9,), "tokenizer": "word", "label_smoothing": 0.1},
            "label_smoothing does not go with adaptive_softmax",
        ),
        (
            {"adaptive_softmax": (9,), "tokenizer": "word", "tie_weights": True},
            "does not go with tie_weights",
        ),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        LanguageModel(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tie_weights": True, "embedding": 5}, "tie_weights: .*--embedding 12"),
        ({"dropout": 0.5, "layers": 1}, "between layers, but there is only one"),
        ({"cell": "gru", "projection": 4}, "projection is an option of lstm"),
        ({"cell": "gru", "zoneout_cell": 0.1}, "zoneout_cell needs a cell state"),
        ({"tokenizer": "word", "adaptive_softmax": (9, 9)}, r"adaptive_softmax=\(9, 9\): must rise"),
        ({"tokenizer": "word", "adaptive_softmax": (10**6,)}, "tokens"),
    ],
)
def test_options_that_contradict_each_other_are_refused(english_file, tiny_options, options, message):
    with pytest.raises(ConfigError, match=message):
        LanguageModel(**tiny_options | options).fit(english_file, progress=False)


def test_options_override_a_configuration():
    base = LanguageModel(hidden=9, cell="gru")
    lm = LanguageModel(base.config, hidden=10)
    assert (lm.config.network.hidden, lm.config.cell.cell) == (10, "gru")


@pytest.mark.parametrize(
    "use",
    [
        lambda lm, path: lm.evaluate(path),
        lambda lm, path: lm.generate("a"),
        lambda lm, path: list(lm.stream("a", 3)),
        lambda lm, path: lm.next("a"),
        lambda lm, path: lm.beam("a"),
        lambda lm, path: lm.save(path.parent / "untrained"),
        lambda lm, path: lm.model,
        lambda lm, path: lm.tokenizer,
    ],
)
def test_an_untrained_model_raises(english_file, use):
    with pytest.raises(RunError, match="has not been trained: call fit first"):
        use(LanguageModel(), english_file)
    assert not (english_file.parent / "untrained").exists()


# -- word vectors ----------------------------------------------------------------------------------


@pytest.fixture
def vectors_file(tmp_path):
    generator = torch.Generator().manual_seed(9)
    values = torch.randn(4, 6, generator=generator).mul(100).round() / 100
    words = ["the", "river,", "watches", "absent"]
    lines = [f"{w} {' '.join(map(str, v.tolist()))}" for w, v in zip(words, values, strict=True)]
    path = tmp_path / "vectors.txt"
    path.write_text(f"4 6\n{chr(10).join(lines)}\n")
    return path


@pytest.mark.parametrize("freeze", [True, False])
def test_given_vectors_initialise_the_embedding(tmp_path, english_file, tiny_options, vectors_file, freeze):
    options = {"tokenizer": "word", "input": "vectors", "freeze_vectors": freeze, "embedding": 6}
    lm = LanguageModel(**tiny_options | options, vectors=str(vectors_file))
    lm.fit(english_file, out=tmp_path / "run", progress=False)
    row = lm.tokenizer.tokens.index("the")
    expected = [float(x) for x in vectors_file.read_text().splitlines()[1].split()[1:]]
    vector = lm.model.state_dict()["input.weight"][row].tolist()
    assert (vector == pytest.approx(expected)) == freeze
    assert lm.data_info["tokens_with_vectors"] >= 2

    vectors_file.unlink()  # the run folder must not need it
    loaded = LanguageModel.load(tmp_path / "run")
    assert are_equal(get_weights(loaded), get_weights(lm))
    resumed = LanguageModel.resume(tmp_path / "run", progress=False)
    assert are_equal(get_weights(resumed), get_weights(lm))


def test_the_log_has_one_json_record_per_line(tiny_run, tiny_lm):
    lines = (tiny_run / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == tiny_lm.history
    assert {r["kind"] for r in tiny_lm.history} == {"train", "valid"}
    steps = [r["step"] for r in tiny_lm.history if r["kind"] == "train"]
    assert steps == sorted(set(steps))
    assert tiny_lm.history[-1]["tokens"] <= 2 * tiny_lm.data_info["tokens"]


def test_a_better_baseline_is_reported(tiny_options, english_file):
    options = {"max_steps": 1, "lr": 1e-6}
    lm = LanguageModel(**tiny_options | options).fit(english_file, progress=False)
    assert lm.result["better_baseline"].startswith(
        "counting (five-gram) is the better choice here: nats/token"
    )
    better = LanguageModel(**tiny_options | {"epochs": 4}).fit(english_file, progress=False)
    assert ("better_baseline" in better.result) == (
        better.result["valid"]["nats_per_token"] > min(better.result["baselines"].values())
    )
