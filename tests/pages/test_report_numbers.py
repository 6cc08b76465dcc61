"""The numbers of a page as strict JSON."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from report_pages import curve, page, states

from unrolled.errors import ConfigError
from unrolled.pages import write_numbers
from unrolled.pages.numbers import to_json_types

FLOATS = {"float16": 16, "float32": 32, "float64": 64}


def strict(text):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("kind", FLOATS)
@settings(max_examples=30)
@given(data=st.data())
def test_arrays_come_back_bit_by_bit(kind, data):
    elements = st.floats(width=FLOATS[kind])
    array = data.draw(arrays(kind, array_shapes(min_dims=0, max_dims=3, max_side=4), elements=elements))
    back = np.array(strict(json.dumps(to_json_types(array), allow_nan=False)), float).astype(kind)
    np.testing.assert_array_equal(back, array)


@given(st.floats())
def test_numbers_come_back(number):
    back = float(strict(json.dumps(to_json_types(number), allow_nan=False)))
    assert back == number or (np.isnan(back) and np.isnan(number))


def test_every_part_and_verdict_is_there(tmp_path):
    write_numbers(page(), tmp_path / "numbers.json")
    found = strict((tmp_path / "numbers.json").read_text(encoding="ascii"))
    assert [v["level"] for v in found["verdicts"]] == ["good", "bad", "notice"]
    assert [v["number"] for v in found["verdicts"]] == [None, 2.3e-9, "nan"]
    assert found["verdicts"][1]["remedies"][0] == {"what": "clip", "flag": '--clip-norm "1.0"'}
    chart, _, given_states, _, table, words = found["sections"][0]["parts"]
    assert chart["numbers"] == {"y": [1e-12, "nan", "inf"]}
    for layer, values in states().layers.items():
        np.testing.assert_array_equal(np.array(given_states["layers"][layer], np.float32), values)
    assert given_states["notes"] == {"l0": {"3": "newline, r = 0.93"}}
    assert table["rows"] == [["a", 1, 0.5], ["</td><td>", 2, "inf"]]
    assert words["kind"] == "words"


def test_what_numbers_may_be():
    given_ = {1: [np.float32(0.1), (True, None)], "c": np.array([1 + 2j]), "i": np.arange(2), "n": -np.inf}
    given_ |= {"o": np.array([1, "a", np.nan], object), "z": 1j}
    assert to_json_types(given_) == {
        "1": [0.1, [True, None]],
        "c": {"real": [1.0], "imag": [2.0]},
        "i": [0, 1],
        "n": "-inf",
        "o": [1, "a", "nan"],
        "z": {"real": 0.0, "imag": 1.0},
    }


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (torch.zeros(2), r"chart 'curve': numbers\['k'\]\[0\] is of type Tensor; give numpy arrays"),
        (np.array(["2020-01-01"], "M8[D]"), r"numbers\['k'\]\[0\] is an array of datetime64"),
        ({1, 2}, r"of type set"),
    ],
)
def test_what_they_may_not_be(tmp_path, value, says):
    chart = curve()
    chart.numbers["k"] = [value]
    with pytest.raises(ConfigError, match=says):
        write_numbers(page(chart), tmp_path / "n.json")
    assert list(tmp_path.iterdir()) == []
