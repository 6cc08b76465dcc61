"""Variants of a recipe."""

from unrolled.experiments.variant import Variant, parse_variant


def test_a_variant_is_named_by_its_text():
    assert parse_variant("hidden=50, lr=1e-3") == Variant("hidden=50, lr=1e-3", {"hidden": 50, "lr": 1e-3})


def test_pretraining_is_not_an_option_of_the_task():
    variant = parse_variant("hidden=50,pretrain=names")
    assert variant.options == {"hidden": 50, "pretrain": "names"}
    assert variant.task_options == {"hidden": 50}
