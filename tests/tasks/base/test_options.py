"""Options of a configuration written as one string."""

import pytest

from unrolled.errors import ConfigError
from unrolled.tasks.base.options import parse_options


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("bidirectional=false", {"bidirectional": False}),
        ("hidden=50, lr=1e-3,pooling=max", {"hidden": 50, "lr": 1e-3, "pooling": "max"}),
        ("init-from=/a/b c", {"init_from": "/a/b c"}),
        ("class-weights='balanced'", {"class_weights": "balanced"}),
    ],
)
def test_numbers_booleans_and_strings_are_parsed(text, options):
    assert parse_options(text) == options


@pytest.mark.parametrize("text", ["hidden", "hidden=", "=3", "hidden=3,,lr=1"])
def test_malformed_options_are_refused(text):
    with pytest.raises(ConfigError, match="is not OPTION=VALUE"):
        parse_options(text)
