"""The checksum by which changed data are recognised."""

import numpy as np

from unrolled.data.fingerprint import fingerprint


def test_fingerprints_tell_data_apart():
    array = np.arange(4.0)
    told = [
        fingerprint(["a", "b"], [1]),
        fingerprint(["ab"], [1]),
        fingerprint(["a", "b"], ["1"]),
        fingerprint(["a"], ["b", 1]),
        fingerprint([array]),
        fingerprint([array + 1]),
        fingerprint([array[:2], array[2:]]),
        fingerprint([["\udc80"]]),
    ]
    assert len(set(told)) == len(told)
    assert fingerprint(["a", "b"], [1]) == told[0]
