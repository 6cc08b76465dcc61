"""Files of pairs."""

import gzip

import pytest


@pytest.fixture
def write(tmp_path):
    """``write("a.tsv", text)`` returns the path of a file."""

    def put(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = text.encode() if isinstance(text, str) else text
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        return path

    return put
