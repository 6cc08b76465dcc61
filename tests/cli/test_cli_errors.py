"""Bad input gives one line "error: …", a non-zero status, and overwrites nothing."""

import json

import pytest

BAD_TEXTS = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "one token": (b"a", "one token is not enough"),
    "two tokens": (b"ab", "one token is not enough"),
    "binary": (b"\x7fELF\x02\x01\x01\x00\x00", "is binary"),
    "latin1": ("naïve\ncafé\n".encode("latin-1"), "not UTF-8 (byte 0xef on line 1)"),
    "utf-16": ("some text".encode("utf-16-le"), "--encoding utf-16-le"),
}


@pytest.mark.parametrize("case", [*BAD_TEXTS, "missing"])
def test_unusable_training_texts_are_refused(command, tmp_path, run_copy, snapshot, case):
    path = tmp_path / "text.txt"
    content, message = BAD_TEXTS.get(case, (None, "no such file"))
    if content is not None:
        path.write_bytes(content)
    before = snapshot(run_copy)
    done = command("train", "lm", "--data", path, "--out", run_copy, "--overwrite")
    assert message in done.error
    assert str(path) in done.error
    assert snapshot(run_copy) == before
    done = command("train", "lm", "--data", path, "--out", tmp_path / "new")
    assert message in done.error
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("flag", ["--valid", "--test"])
def test_unusable_held_out_and_test_texts_are_refused(
    command, tmp_path, run_copy, snapshot, english_file, flag
):
    before = snapshot(run_copy)
    (tmp_path / "strange.txt").write_text("ЖЖЖ ЖЖЖ\n" * 20)
    words = ("train", "lm", "--data", english_file, "--out", run_copy, "--overwrite")
    assert "not in the model's vocabulary" in command(*words, flag, tmp_path / "strange.txt").error
    assert "no such file" in command(*words, flag, tmp_path / "missing.txt").error
    assert snapshot(run_copy) == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("ЖЖЖЖ".encode(), "another kind of text"),
        (b"", "is empty"),
        (b"\x00\x01", "is binary"),
        (b"caf\xe9", "not UTF-8"),
    ],
)
def test_unusable_texts_are_not_evaluated(command, tmp_path, tiny_run, content, message):
    (tmp_path / "t.txt").write_bytes(content)
    done = command("evaluate", tiny_run, "--data", tmp_path / "t.txt")
    assert message in done.error
    assert done.out == ""


def edit(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


BROKEN = {
    "weights cut": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-500]),
        "model.safetensors: damaged",
    ),
    "newer format": (
        lambda f: edit(f / "config.json", lambda v: v.update(format=99)),
        "newer unrolled (format 99",
    ),
    "wrong type": (
        lambda f: edit(f / "config.json", lambda v: v["config"]["network"].update(hidden="wide")),
        "network.hidden",
    ),
    "wrong value": (
        lambda f: edit(f / "config.json", lambda v: v["config"]["cell"].update(cell="lstmm")),
        "did you mean 'lstm'",
    ),
    "config cut": (lambda f: (f / "config.json").write_text('{"format": 1,'), "config.json: damaged"),
    "no config": (lambda f: (f / "config.json").unlink(), "config.json: missing"),
    "tokenizer cut": (lambda f: (f / "tokenizer.json").write_text("{"), "tokenizer.json: damaged"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_damaged_runs_are_reported(command, run_copy, english_file, snapshot, case):
    damage, message = BROKEN[case]
    damage(run_copy)
    before = snapshot(run_copy)
    for words in (
        ("evaluate", run_copy, "--data", english_file),
        ("generate", run_copy),
        ("next", run_copy),
        ("summary", run_copy),
    ):
        done = command(*words)
        assert message in done.error
        assert done.out == ""
    if case != "weights cut":
        assert message in command("resume", run_copy).error
    assert snapshot(run_copy) == before


@pytest.mark.parametrize("verb", ["evaluate", "generate", "next", "summary", "resume"])
def test_folders_that_are_not_runs_are_refused(command, tmp_path, english_file, verb):
    more = ("--data", english_file) if verb == "evaluate" else ()
    assert "no such run folder" in command(verb, tmp_path / "nowhere", *more).error
    assert "config.json: missing" in command(verb, tmp_path, *more).error


def test_an_existing_run_is_kept(command, run_copy, english_file, snapshot):
    before = snapshot(run_copy)
    done = command("train", "lm", "--data", english_file, "--out", run_copy)
    assert "holds a run already" in done.error
    assert "--overwrite" in done.error
    assert snapshot(run_copy) == before


def test_other_folders_and_files_are_kept(command, tmp_path, english_file, snapshot):
    (tmp_path / "thesis.txt").write_text("years of work")
    for target in (tmp_path, tmp_path / "thesis.txt"):
        for more in ((), ("--overwrite",)):
            assert command("train", "lm", "--data", english_file, "--out", target, *more).error
    assert snapshot(tmp_path) == {"thesis.txt": b"years of work"}


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("[config.network]\nhiden = 3\n", "did you mean 'hidden'"),
        ("[config.network]\nhidden = 'wide'\n", "hidden"),
        ("[config.network]\nhidden = 2.5\n", "hidden"),
        ("[config.cell]\ncell = 'lstmm'\n", "did you mean 'lstm'"),
        ("[config\n", "not valid TOML"),
        ("\udcff", "mine.toml"),
        ("[config.network]\nhidden = 999999999999999999\n", "must be at most 1048576"),
        ("[config.network]\nembedding = 999999999999999999\n", "must be at most 1048576"),
        ("[config.corpus]\nvalid = 'a\\u0000b'\n".replace("'", '"'), "is not the name of a file"),
    ],
)
def test_bad_recipe_files_are_refused(command, tmp_path, english_file, recipe, message):
    path = tmp_path / "mine.toml"
    head = "description = 'mine'\ntask = 'lm'\n"
    path.write_bytes((head + recipe).encode("utf-8", "surrogateescape"))
    words = ("--recipe", path, "--data", english_file, "--out", tmp_path / "run")
    assert message in command("train", "lm", *words).error
    assert not (tmp_path / "run").exists()


def test_unknown_recipes_suggest_the_nearest(command, tmp_path):
    done = command("train", "lm", "--recipe", "ptb-smal", "--out", tmp_path / "run")
    assert "did you mean 'ptb-small'" in done.error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--cell", "lstmm"), "did you mean 'lstm'"),
        (("--cell=lstmm",), "did you mean 'lstm'"),
        (("--tokenizer", "chars"), "did you mean 'char'"),
        (("--data", "@tinyshakespear"), "did you mean 'tinyshakespeare'"),
        (("--cell", "gru", "--dropout", "0.5"), "between layers, but there is only one"),
        (("--tie-weights", "--embedding", "3"), "--embedding 256"),
    ],
)
def test_invalid_option_values_are_refused(command, tmp_path, english_file, options, message):
    done = command("train", "lm", "--data", english_file, "--out", tmp_path / "run", *options)
    assert message in done.error
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--hidden", "wide"), "--hidden"),
        (("--hidden", "2.5"), "--hidden"),
        (("--hidden", "0"), "--hidden 0"),
        (("--lr", "-1"), "--lr -1"),
        (("--dropout-input", "1.5"), "--dropout-input 1.5"),
    ],
)
def test_numbers_out_of_range_are_refused(command, tmp_path, english_file, options, message):
    done = command("train", "lm", "--data", english_file, "--out", tmp_path / "run", *options)
    assert done.status != 0
    assert message in done.out + done.err
    assert "Traceback" not in done.out + done.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (("train", "lm", "--out", "x", "--hiden", "3"), "--hidden"),
        (("train", "lm", "--out", "x", "--valid-frction", "0.2"), "--valid-fraction"),
        (("evaluate", "x", "--data", "y", "--jsn"), "--json"),
        (("generate", "x", "--temprature", "0.5"), "--temperature"),
        (("next", "x", "--promt", "a"), "--prompt"),
    ],
)
def test_unknown_flags_suggest_the_nearest(command, words, near):
    done = command(*words)
    assert near in done.error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--hidden", "many"), "--hidden"),
        (("--hidden", "0"), "--hidden 0: must be at least 1"),
        (("--zoneout", "1.5"), "error: --zoneout 1.5"),
        (("--cell", "gru", "--peepholes"), "--peepholes is an option of lstm"),
    ],
)
def test_errors_are_one_line_that_points_to_the_help(command, tmp_path, words, message):
    error = command("train", "lm", "--data", "x", "--out", tmp_path / "run", *words).error
    assert message in error
    assert error.endswith("unrolled train lm --help shows all options")
    assert not any(frame in error for frame in "│╭╰─")


@pytest.mark.parametrize("words", [("train", "lm"), ("evaluate",), ("generate",), ("resume",)])
def test_missing_options_are_named(command, words):
    done = command(*words)
    assert done.status != 0
    assert "equired" in done.out + done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("trian", "lm"), "did you mean 'train lm'"),
        (("evalute", "x"), "did you mean 'evaluate'"),
        (("train",), "train: give one of lm, "),
        (("train", "tagger"), "did you mean 'tag'"),
        (("train", "lm", "--out", "x"), "no training text"),
    ],
)
def test_unknown_commands_suggest_the_nearest(command, words, message):
    assert message in command(*words).error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("generate", "--length", "-3"), "--length -3"),
        (("generate", "--seed", str(2**64)), "seed"),
        (("generate", "--beams", "3", "--nbest", "4"), "--nbest 4"),
        (("generate", "--beams", "3", "--nbest", "0"), "--nbest 0"),
        (("generate", "--beams", "-3"), "--nbest"),
        (("next", "--top", "0"), "--top 0"),
    ],
)
def test_invalid_requests_to_a_model_are_refused(command, tiny_run, words, message):
    done = command(words[0], tiny_run, *words[1:])
    assert message in done.error
    assert done.out == ""


def test_diverging_training_is_reported(command, tmp_path, english_file):
    done = command(
        *("train", "lm", "--data", english_file, "--out", tmp_path / "run", "--hidden", "8"),
        *("--batch", "4", "--steps", "20", "--cell", "elman", "--nonlinearity", "relu"),
        *("--optimizer", "sgd", "--lr", "1e30", "--clip-norm", "0", "--schedule", "constant"),
    )
    assert done.status == 1
    last = done.err.splitlines()[-1]
    assert last.startswith("error: step ")
    assert "not finite" in last
    assert "--lr" in last
    assert "Traceback" not in done.err
