"""Verdicts check their arguments."""

import pytest

from unrolled.diagnostics import Verdict
from unrolled.errors import ConfigError


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'goood', not one of good, notice, bad \(did you mean 'good'\?\)"):
        Verdict("T", "goood", "S")  # type: ignore[arg-type]


def test_a_number_needs_a_name() -> None:
    with pytest.raises(ConfigError, match=r"number_name must name the number 2.0"):
        Verdict("T", "good", "S", number=2.0)
