"""The numbers of a page as strict JSON."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from report_pages import make_curve, make_page, make_states

from property_settings import examples
from unrolled.errors import ConfigError
from unrolled.pages import write_numbers
from unrolled.pages.numbers import to_json_types

FLOATS = {"float16": 16, "float32": 32, "float64": 64}


def parse_strictly(text):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("dtype", FLOATS)
@examples(30)
@given(data=st.data())
def test_array_round_trip_is_exact(dtype, data):
    elements = st.floats(width=FLOATS[dtype])
    array = data.draw(arrays(dtype, array_shapes(min_dims=0, max_dims=3, max_side=4), elements=elements))
    restored = np.array(parse_strictly(json.dumps(to_json_types(array), allow_nan=False)), float).astype(
        dtype
    )
    np.testing.assert_array_equal(restored, array)


@given(st.floats())
def test_number_round_trip_is_exact(number):
    restored = float(parse_strictly(json.dumps(to_json_types(number), allow_nan=False)))
    assert restored == number or (np.isnan(restored) and np.isnan(number))


def test_every_part_and_verdict_is_written(tmp_path):
    write_numbers(make_page(), tmp_path / "numbers.json")
    numbers = parse_strictly((tmp_path / "numbers.json").read_text(encoding="ascii"))
    assert [v["level"] for v in numbers["verdicts"]] == ["good", "bad", "notice"]
    assert [v["number"] for v in numbers["verdicts"]] == [None, 2.3e-9, "nan"]
    assert numbers["verdicts"][1]["remedies"][0] == {"what": "clip", "flag": '--clip-norm "1.0"'}
    chart, _, state_map, _, table, words = numbers["sections"][0]["parts"]
    assert chart["numbers"] == {"y": [1e-12, "nan", "inf"]}
    for layer, values in make_states().layers.items():
        np.testing.assert_array_equal(np.array(state_map["layers"][layer], np.float32), values)
    assert state_map["notes"] == {"l0": {"3": "newline, r = 0.93"}}
    assert table["rows"] == [["a", 1, 0.5], ["</td><td>", 2, "inf"]]
    assert words["kind"] == "words"


def test_accepted_types_of_numbers():
    values = {1: [np.float32(0.1), (True, None)], "c": np.array([1 + 2j]), "i": np.arange(2), "n": -np.inf}
    values |= {"o": np.array([1, "a", np.nan], object), "z": 1j}
    assert to_json_types(values) == {
        "1": [0.1, [True, None]],
        "c": {"real": [1.0], "imag": [2.0]},
        "i": [0, 1],
        "n": "-inf",
        "o": [1, "a", "nan"],
        "z": {"real": 0.0, "imag": 1.0},
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.zeros(2), r"chart 'curve': numbers\['k'\]\[0\] is of type Tensor; give numpy arrays"),
        (np.array(["2020-01-01"], "M8[D]"), r"numbers\['k'\]\[0\] is an array of datetime64"),
        ({1, 2}, r"of type set"),
    ],
)
def test_other_types_are_refused(tmp_path, value, message):
    chart = make_curve()
    chart.numbers["k"] = [value]
    with pytest.raises(ConfigError, match=message):
        write_numbers(make_page(chart), tmp_path / "n.json")
    assert list(tmp_path.iterdir()) == []
