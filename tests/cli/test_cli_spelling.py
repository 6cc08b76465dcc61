"""Errors on the command line spell options as the user types them."""

import re

import pytest

from unrolled.cli.main import main
from unrolled.cli.spelling import remember_options, spell_options
from unrolled.config import option_names, to_dict
from unrolled.tasks import registry

NAMES = (
    "valid_fraction",
    "seed",
    "lags",
    "overwrite",
    "tokenizer",
    "split_punctuation",
    "valid",
    "models",
    "data",
)


@pytest.fixture(autouse=True)
def known_options():
    remember_options(NAMES)
    yield
    remember_options(())


@pytest.mark.parametrize(
    ("python", "typed"),
    [
        ("valid_fraction=2: must lie in [0, 1)", "--valid-fraction 2: must lie in [0, 1)"),
        ("x.csv: valid_fraction=0.5 of 3 holds out 1", "x.csv: --valid-fraction 0.5 of 3 holds out 1"),
        ("hold out nothing: valid_fraction=0", "hold out nothing: --valid-fraction 0"),
        ("seed=-1.", "--seed -1."),
        ("RecurrentDrop.seed=1.5: a rate", "--seed 1.5: a rate"),
        ("lags=(1, 2): must increase", "--lags 1 2: must increase"),
        ("models=['rnn', 'lstm']: one", "--models rnn lstm: one"),
        ("or pass overwrite=True", "or pass --overwrite"),
        ("with overwrite=False", "with --no-overwrite"),
        (
            "split_punctuation is for tokenizer='word', not 'char'",
            "--split-punctuation is for --tokenizer word, not 'char'",
        ),
        ("seed: give one", "--seed: give one"),
        ("give it: valid=…", "give it: --valid …"),
        ("give held-out pieces as valid=", "give held-out pieces as --valid"),
        ("tokenizer='two words' here", "--tokenizer 'two words' here"),
        ("tokenizer=''", "--tokenizer ''"),
        ("an unknown width=3", "an unknown width=3"),
        ("the seed is bad", "the seed is bad"),
        ("run/config.json: training.seed=3", "run/config.json: training.seed=3"),
        ("http://x.org/?seed=3&valid=2", "http://x.org/?seed=3&valid=2"),
        ("variant 'seed=x': no number", "variant 'seed=x': no number"),
        ("a/valid_fraction/b.txt: no such file", "a/valid_fraction/b.txt: no such file"),
        ("my-seed=3", "my-seed=3"),
    ],
)
def test_python_arguments_become_command_line_options(python, typed):
    assert spell_options(python) == typed


def test_texts_are_unchanged_without_a_command():
    remember_options(())
    assert spell_options("seed=3") == "seed=3"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "music", "--valid-fraction", "2"], "error: --valid-fraction 2.0: must lie in [0, 1);"),
        (
            ["train", "music", "--cell", "gru", "--peepholes"],
            "--peepholes is an option of lstm, not of --cell gru",
        ),
        (["train", "lm", "--lr", "-1"], "--lr -1.0: must be a positive number"),
        (["train", "tag", "--l2", "-1"], "--l2 -1.0: must be at least 0"),
        (["train", "lm", "--label-smoothing", "2"], "--label-smoothing 2.0: must lie in [0, 1)"),
        (["train", "lm", "--optimizer", "sgd", "--weight-decay", "1"], "with --optimizer sgd use l2"),
    ],
)
def test_errors_spell_options(words, message, tmp_path, capsys):
    data = tmp_path / "d.txt"
    data.write_text("some text\n" * 30)
    assert main([*words, "--data", str(data), "--out", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert not re.search(r"\b[a-z]+_[a-z_]+=", error)
    assert "config." not in error


@pytest.mark.parametrize("verb", [spec.verb for spec in registry.TASKS])
def test_negated_options_have_their_own_help(verb, capsys):
    kind = registry.spec_of(verb).config
    values = to_dict(kind())
    enabled = [
        name for group, name in option_names(kind) if (values[group] if group else values)[name] is True
    ]
    assert main(["train", verb, "--help"]) == 0
    text = " ".join(re.sub(r"[│╭╮╰╯─]", " ", capsys.readouterr().out).split())
    for name in enabled:
        flag = f"--no-{name.replace('_', '-')}"
        assert text.count(flag) == 2, f"{flag}: the help does not say what it does"
