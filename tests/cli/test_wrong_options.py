"""Misspelt options and invalid numbers give one error line, without the help of other options."""

import pytest

from unrolled.cli.main import main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--dat", "d.csv"), "--dat: is not an option (did you mean '--data'?)"),
        (("--hiden=8",), "--hiden: is not an option (did you mean '--hidden'?)"),
        (("--hidden", "acht"), "--hidden 'acht': is not a whole number"),
        (("--lr", "fast"), "--lr 'fast': is not a number"),
        (("d.csv",), "'d.csv': does not belong to an option"),
    ],
)
def test_a_wrong_option_gives_one_error_line(words, message, capsys, tmp_path):
    assert main(["train", "classify", "--data", "d.csv", "--out", str(tmp_path / "r"), *words]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}; ")
    assert len(error) < 150
