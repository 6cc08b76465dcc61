"""Variants of a recipe: what is written on the command line."""

import pytest

from unrolled.errors import ConfigError
from unrolled.experiments.variant import Variant, parse_variant


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("bidirectional=false", {"bidirectional": False}),
        ("hidden=50, lr=1e-3,pooling=max", {"hidden": 50, "lr": 1e-3, "pooling": "max"}),
        ("init-from=/a/b c", {"init_from": "/a/b c"}),
        ("class-weights='balanced'", {"class_weights": "balanced"}),
    ],
)
def test_a_variant_is_what_is_written(text, options):
    assert parse_variant(text) == Variant(text, options)


@pytest.mark.parametrize("text", ["hidden", "hidden=", "=3", "hidden=3,,lr=1"])
def test_what_is_no_variant_is_refused(text):
    with pytest.raises(ConfigError, match="is not OPTION=VALUE"):
        parse_variant(text)
