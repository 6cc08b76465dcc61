"""The output of each command, and that it agrees with the Python interface."""

import json
import re

import pytest

from unrolled import LanguageModel, __version__
from unrolled.cli.main import summaries
from unrolled.recipes import recipe_names

SMALL = ["--hidden", "8", "--embedding", "4", "--batch", "4", "--steps", "10", "--threads", "1"]


@pytest.mark.parametrize("verb", summaries())
def test_every_command_has_help(command, verb):
    done = command(*verb.split(), "--help")
    assert done.status == 0
    assert f"unrolled {verb}" in done.out
    assert done.err == ""
    assert len(done.out.splitlines()) > 5


def test_training_help_names_every_option(command):
    from unrolled.config import option_names
    from unrolled.tasks import LanguageModelConfig

    out = command("train", "lm", "--help").out
    for _, name in option_names(LanguageModelConfig):
        assert f"--{name.replace('_', '-')}" in out
    assert "Recurrent cell, or a network" in out


def test_the_list_of_commands(command):
    done = command("--help")
    assert done.status == 0
    assert all(verb in done.out for verb in summaries())
    assert command("-h").out == done.out
    nothing = command()
    assert nothing.status != 0
    assert nothing.out == done.out
    assert command("--version").out == f"{__version__}\n"


# -- training --------------------------------------------------------------------------------------


def test_train_writes_a_run_and_compares_it_with_baselines(command, tmp_path, english_file):
    folder = tmp_path / "run"
    done = command("train", "lm", "--data", english_file, "--out", folder, *SMALL, "--max-steps", "30")
    assert done.status == 0, done.err
    for word in ("uniform", "unigram", "bigram", "five-gram", "this lstm", "bits/character", "perplexity"):
        assert word in done.out
    assert "30 updates" in done.out
    assert done.out.count("sample") >= 2
    assert f"unrolled generate {folder}" in done.out
    assert "held-out" in done.err
    lm = LanguageModel.load(folder)
    assert lm.result["steps"] == 30
    assert lm.config.network.hidden == 8
    assert lm.config.corpus.data == str(english_file)
    again = command("resume", folder)
    assert again.status == 0
    assert "30 updates" in again.out


def test_the_command_line_trains_like_python(command, tmp_path, english_file):
    done = command(
        *("train", "lm", "--data", english_file, "--out", tmp_path / "a", *SMALL),
        *("--max-steps", "20", "--seed", "5", "--dropout-output", "0.2", "--cell", "gru"),
    )
    assert done.status == 0, done.err
    LanguageModel(
        hidden=8,
        embedding=4,
        batch=4,
        steps=10,
        threads=1,
        max_steps=20,
        seed=5,
        dropout_output=0.2,
        cell="gru",
    ).fit(english_file, out=tmp_path / "b", progress=False)
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_without_held_out_text_there_is_no_table(command, tmp_path, english_file):
    done = command(
        *("train", "lm", "--data", english_file, "--out", tmp_path / "run", *SMALL),
        *("--max-steps", "5", "--valid-fraction", "0"),
    )
    assert done.status == 0, done.err
    assert "bigram" not in done.out


@pytest.mark.parametrize("kind", ["word", "bpe"])
def test_samples_of_word_and_subword_models(command, tmp_path, english_file, kind):
    done = command(
        *("train", "lm", "--data", english_file, "--out", tmp_path / "run", *SMALL),
        *("--max-steps", "5", "--tokenizer", kind, "--valid-fraction", "0.2"),
    )
    assert done.status == 0, done.err
    assert {"word": "/word", "bpe": "/piece"}[kind] in done.err


RECIPE = """
description = "a small one"
task = "lm"
[target]
metric = "nats_per_token"
at_most = {at_most}
[config.network]
hidden = 7
embedding = 5
[config.training]
batch = 4
steps = 10
max_steps = 12
threads = 1
"""


@pytest.mark.parametrize(("at_most", "word"), [(99.0, "reached"), (0.001, "MISSED")])
def test_options_override_a_recipe(command, tmp_path, english_file, at_most, word):
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE.format(at_most=at_most))
    done = command(
        *("train", "lm", "--recipe", path, "--data", english_file, "--out", tmp_path / "run"),
        *("--hidden", "6"),
    )
    assert done.status == 0, done.err
    config = LanguageModel.load(tmp_path / "run").config
    assert (config.network.hidden, config.network.embedding, config.training.max_steps) == (6, 5, 12)
    assert done.out.splitlines()[-1].startswith("nats per token on valid: ")
    assert word in done.out


def test_overwrite_replaces_a_run(command, run_copy, english_file):
    done = command(
        *("train", "lm", "--data", english_file, "--out", run_copy, *SMALL),
        *("--max-steps", "4", "--overwrite"),
    )
    assert done.status == 0, done.err
    assert LanguageModel.load(run_copy).result["steps"] == 4


# -- use -------------------------------------------------------------------------------------------


def test_evaluate_prints_metrics_or_json(command, tiny_run, tiny_lm, english_file):
    done = command("evaluate", tiny_run, "--data", english_file, "--json")
    assert done.status == 0
    assert json.loads(done.out) == tiny_lm.evaluate(english_file).to_json()
    assert done.err == ""
    shown = command("evaluate", tiny_run, "--data", english_file)
    assert shown.out == f"{tiny_lm.evaluate(english_file)}\n"


def test_generate_is_seeded_and_prints_the_prompt_first(command, tiny_run, tiny_lm):
    words = ("generate", tiny_run, "--prompt", "The miller ", "--length", "50", "--top-k", "9")
    first = command(*words, "--seed", "3", "--temperature", "0.7")
    assert first.status == 0
    expected = tiny_lm.generate("The miller ", 50, seed=3, temperature=0.7, top_k=9)
    assert first.out == f"The miller {expected}\n"
    assert command(*words, "--seed", "3", "--temperature", "0.7").out == first.out
    assert command(*words, "--seed", "4", "--temperature", "0.7").out != first.out


def test_generate_without_prompt_or_length(command, tiny_run, tiny_lm):
    assert command("generate", tiny_run, "--length", "30").out == tiny_lm.generate("", 30) + "\n"
    assert command("generate", tiny_run, "--length", "0", "--prompt", "The").out == "The\n"


def test_generated_words_are_separated_from_the_prompt(command, tmp_path, tiny_words):
    tiny_words.save(tmp_path / "words")
    for prompt in ("The miller", "The miller "):
        out = command("generate", tmp_path / "words", "--prompt", prompt, "--length", "4").out
        expected = tiny_words.generate("The miller", 4)
        assert out == f"The miller {expected}\n"


def test_beams_print_scores_best_first(command, tiny_run, tiny_lm):
    words = ("generate", tiny_run, "--prompt", "The ", "--length", "6", "--beams", "4")
    done = command(*words, "--nbest", "3", "--normalisation", "0.5")
    assert done.status == 0
    hypotheses = tiny_lm.beam("The ", 6, beams=4, normalisation=0.5)[:3]
    lines = done.out.splitlines()
    assert len(lines) >= 3
    assert lines[0].startswith(f"{hypotheses[0][1].score:.4f}\tThe ")
    scores = [float(s) for s in re.findall(r"^(-\d+\.\d{4})\t", done.out, re.M)]
    assert scores == [pytest.approx(h.score, abs=5e-5) for _, h in hypotheses]


def test_next_shows_probabilities(command, tiny_run, tiny_lm):
    done = command("next", tiny_run, "--prompt", "The ", "--top", "4")
    assert done.status == 0
    for token, p in tiny_lm.next("The ", 4):
        assert repr(token) in done.out
        assert f"{p:.4f}" in done.out
    assert repr(tiny_lm.next("The ", 5)[4][0]) not in done.out


def test_summary_draws_and_counts(command, tiny_run, tiny_lm):
    out = command("summary", tiny_run).out
    for word in ("folded", "unrolled", "LSTM 6 → 12", "h_(t-1)", "c_(t-1)", "recurrent.weight_hh_l0"):
        assert word in out
    total = sum(p.numel() for p in tiny_lm.model.parameters())
    assert re.search(rf"total\s+{total:,}\n", out)


def test_recipes_prints_a_table_of_all(command):
    lines = command("recipes").out.splitlines()
    assert len(lines) == 2 + len(recipe_names())
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
    for name, line in zip(recipe_names(), lines[2:], strict=True):
        assert line.startswith(f"| `{name}` |")


def test_info_prints_versions_and_the_extension(command):
    import torch

    out = command("info").out
    assert __version__ in out
    assert torch.__version__ in out
    assert "compiled core: " in out
    assert "1 thread" in out
    assert "1 threads" not in out


def test_evaluate_as_a_process(process, fork, tiny_run, english_file, tmp_path):
    done = process("evaluate", tiny_run, "--data", english_file, "--json")
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out)["tokens"] == len(english_file.read_text())
    failed = fork("evaluate", tmp_path / "nowhere", "--data", english_file)
    out, err = failed.communicate(timeout=60)
    assert failed.returncode == 1
    assert (out, err) == ("", f"error: {tmp_path / 'nowhere'}: no such run folder\n")


def test_a_closed_pipe_prints_no_error(start, tiny_run):
    running = start("generate", tiny_run, "--length", "20000")
    assert running.stdout.read(50)
    running.stdout.close()
    error = running.stderr.read()
    running.stderr.close()
    assert running.wait(60) != 0
    assert error == ""
