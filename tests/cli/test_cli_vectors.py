"""``unrolled vectors``: train, neighbours and plot, from a file or a run."""

import pytest

from unrolled import Translator


@pytest.fixture(scope="module")
def vectors(tmp_path_factory, write_english):
    from unrolled.cli.main import main

    folder = tmp_path_factory.mktemp("vectors")
    (folder / "text.txt").write_text(write_english(200), encoding="utf-8")
    out = folder / "v.txt"
    words = ["--data", folder / "text.txt", "--out", out, "--size", 8, "--lowercase", "--split-punctuation"]
    assert main(["vectors", "train", *map(str, words)]) == 0
    return out


def test_training_prints_the_size_of_the_vectors(vectors, command, tmp_path, english_file):
    done = command("vectors", "train", "--data", english_file, "--out", tmp_path / "w.txt", "--size", 4)
    assert "words of 4 values" in done.out
    assert f"unrolled vectors neighbours {tmp_path / 'w.txt'}" in done.out
    again = command("vectors", "train", "--data", english_file, "--out", tmp_path / "w.txt")
    assert "exists already" in again.error
    assert vectors.read_text(encoding="utf-8").split("\n")[0].endswith(" 8")


def test_neighbours_are_printed(vectors, command):
    rows = command("vectors", "neighbours", vectors, "--word", "river", "--top", 3).out
    assert rows.count("0.") >= 3
    assert "did you mean 'river'" in command("vectors", "neighbours", vectors, "--word", "rivr").error


@pytest.mark.draws
def test_plots_are_written(vectors, command, tmp_path):
    for method in ("pca", "tsne"):
        out = tmp_path / f"{method}.png"
        assert (
            command("vectors", "plot", vectors, "--out", out, "--method", method, "--count", 20).status == 0
        )
        assert out.stat().st_size > 5000
    few = command("vectors", "plot", vectors, "--out", tmp_path / "x.png", "--words", "river", "bell")
    assert "2 words: a plot needs at least 4" in few.error
    assert "must end with .png" in command("vectors", "plot", vectors, "--out", tmp_path / "x.pdg").error


def test_vectors_of_a_language_model(tiny_words, tmp_path, command):
    tiny_words.save(tmp_path / "run")
    words, matrix = tiny_words.input_vectors()
    assert (len(words), matrix.shape[1]) == (tiny_words.tokenizer.size, 6)
    assert command("vectors", "neighbours", tmp_path / "run", "--word", "the").status == 0


def test_vectors_of_a_translator_are_those_of_its_source_side():
    pairs = [("ein hund", "a dog"), ("eine katze", "a cat")] * 4
    translator = Translator(tokenizer="word", hidden=4, embedding=6, epochs=1, threads=1, valid_fraction=0.0)
    words, matrix = translator.fit(pairs, progress=False).input_vectors()
    assert {"hund", "katze"} <= set(words)
    assert matrix.shape == (len(words), 6)


def test_vectors_initialise_a_model(vectors, command, tmp_path, english_file):
    done = command(
        "train", "lm", "--data", english_file, "--tokenizer", "word", "--input", "vectors",
        "--vectors", vectors, "--out", tmp_path / "run", "--hidden", 5, "--epochs", 1, "--lowercase",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert "of the vocabulary found in the file" in done.out


def test_sources_without_vectors_are_refused(command, tmp_path, tmp_path_factory):
    assert "vectors or run folder" in command("vectors", "neighbours", tmp_path / "no", "--word", "a").error
    (tmp_path / "none.txt").write_text("")
    assert (
        "none.txt: is empty" in command("vectors", "neighbours", tmp_path / "none.txt", "--word", "a").error
    )
    assert "vectors: give one of train, neighbours, plot" in command("vectors").error
