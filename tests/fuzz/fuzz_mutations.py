"""Ways to damage a file: random bytes, numbers, lines, and the structure of JSON."""

import gzip
import json
import random
import re
import struct

LARGEST = 1 << 16
"""Largest size of an input in bytes, so that many inputs can be tried."""

NUMBERS = ["-1", "0", "-0", "1.5", "007", "1e9", "1e400", "1e999", "-1e999", "1e-999", "nan", "inf", "true"]
NUMBERS += ["1_0", "٣", "0x10", "30000", "1000000000", "2147483648", "9223372036854775808", "9" * 20]
NUMBERS += ["", "  ", "1" * 5000]
TOKENS = [n.encode() for n in NUMBERS]
TOKENS += [b"\0", b"\xff", b"\xed\xa0\x80", b"\xc3\x28", b"\x1b]0;x\x07", b"\xe2\x80\xae", b"\xef\xbb\xbf"]
TOKENS += [b"\r\n", b"\n\n", b"\t", b'"', b",", b"=", b"#", b"\x85", b"\xe2\x80\xa8", b"\\ud800"]
TOKENS += [b"[" * 5000, b'{"a":' * 3000, b"9999-12-31", b"-1-01-01", b"0000-00-00", b"\\end\\", b"ngram 9=9"]
VALUES: list[object] = [None, True, False, "", "x", "1", "nan", "\ud800", "\x1b[2J", "a" * 3000]
VALUES += [[], {}, [[]], [None], 0.5, 1e308, float("nan"), float("inf")]
VALUES += [0, -1, 1, 3, 30000, 10**9, 2**31, 2**63, 10**20, 10**5000 - 1]
VALUES += [{"x": 1}, [1, "x"]]


def blind(rng: random.Random, data: bytes) -> bytes:
    """Return the bytes with one or several random changes."""
    for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
        begin = rng.randrange(len(data) + 1)
        end = min(len(data), begin + rng.choice([1, 1, 2, 4, 16, 100, 1000]))
        part = data[begin:end]
        match rng.randrange(7):
            case 0:
                part = bytes(b ^ (1 << rng.randrange(8)) for b in part[:4]) + part[4:]
            case 1:
                part = b""
            case 2:
                part = part * rng.choice([2, 2, 3, 9, 1000])
            case 3:
                part = rng.choice(TOKENS)
            case 4:
                part = rng.choice(TOKENS) + part
            case 5:
                part = bytes(rng.randrange(256) for _ in range(min(len(part), 8)))
            case 6:
                end = len(data) if rng.random() < 0.5 else end
                part = b""
        data = (data[:begin] + part + data[end:])[:LARGEST]
    return data


def numbers(rng: random.Random, data: bytes) -> bytes:
    """Return the bytes with one number in them, as text, replaced by a hostile one."""
    matches = list(re.finditer(rb"[-+0-9.]+", data[:LARGEST]))
    if not matches:
        return blind(rng, data)
    match = rng.choice(matches)
    return data[: match.start()] + rng.choice(NUMBERS).encode() + data[match.end() :]


def lines(rng: random.Random, data: bytes) -> bytes:
    """Return the lines with one dropped, doubled, swapped, or with other fields."""
    rows = data.split(b"\n")
    first, second = rng.randrange(len(rows)), rng.randrange(len(rows))
    match rng.randrange(5):
        case 0:
            del rows[first]
        case 1:
            rows.insert(second, rows[first])
        case 2:
            rows[first], rows[second] = rows[second], rows[first]
        case 3:
            rows[first] = rng.choice(TOKENS)
        case 4:
            mark = rng.choice([b"\t", b",", b" ", b"="])
            cells = rows[first].split(mark)
            cells[rng.randrange(len(cells))] = rng.choice(TOKENS)
            rows[first] = mark.join(cells * rng.choice([1, 1, 1, 2]))
    return b"\n".join(rows)[:LARGEST]


def structure(rng: random.Random, data: bytes) -> bytes:
    """Return JSON with one value or key replaced; other bytes are changed at random."""
    try:
        values = json.loads(data)
    except ValueError:
        return blind(rng, data)
    return _dump(_change(rng, values))


def json_lines(rng: random.Random, data: bytes) -> bytes:
    """Return JSON lines with the structure of one line changed."""
    rows = data.split(b"\n")
    index = rng.randrange(len(rows))
    rows[index] = structure(rng, rows[index])
    return b"\n".join(rows)


def safetensors(rng: random.Random, data: bytes) -> bytes:
    """Return a safetensors file with a changed header, or changed JSON metadata."""
    size = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8 : 8 + size])
    packed = head.get("__metadata__", {}).get("unrolled")
    if packed and rng.random() < 0.5:
        head["__metadata__"]["unrolled"] = structure(rng, packed.encode()).decode("utf-8", "surrogatepass")
        text = _dump(head)
    else:
        text = _dump(_change(rng, head))
    return struct.pack("<Q", len(text)) + text + data[8 + size :]


def packed(rng: random.Random, data: bytes) -> bytes:
    """Return a ``.gz`` file with a damaged archive or content; rarely a decompression bomb."""
    if rng.random() < 0.4:
        return blind(rng, data)
    if rng.random() < 0.002:
        return gzip.compress(rng.choice([b"a", b"\n"]) * (1 << 27), 1, mtime=0)
    return gzip.compress(rng.choice([blind, numbers, lines])(rng, gzip.decompress(data)), 1, mtime=0)


def _change(rng: random.Random, values: object) -> object:
    places: list[tuple[object, object]] = []
    _collect_places(values, places)
    if not places:
        return rng.choice(VALUES)
    container, key = rng.choice(places)
    action = rng.randrange(6)
    if isinstance(container, dict):
        if action == 0:
            del container[key]
        elif action == 1:
            container[rng.choice(["x", "", "\ud800", str(key) + "s"])] = container.pop(key)
        else:
            container[key] = _replace_value(rng, container[key])
    elif isinstance(container, list) and isinstance(key, int):
        if action == 0:
            del container[key]
        elif action == 1:
            container[key:key] = [container[key]] * rng.choice([1, 2, 100])
        else:
            container[key] = _replace_value(rng, container[key])
    return values


def _replace_value(rng: random.Random, value: object) -> object:
    match rng.randrange(5):
        case 0 if isinstance(value, int | float):
            return rng.choice([-value, value + 1, value * 10**9, value / 2, str(value)])
        case 1:
            return [value]
        case 2:
            deep: object = value
            for _ in range(rng.choice([2, 300])):
                deep = [deep]
            return deep
    return rng.choice(VALUES)


def _collect_places(values: object, places: list[tuple[object, object]]) -> None:
    if isinstance(values, dict | list):
        for key, value in values.items() if isinstance(values, dict) else enumerate(values):
            places.append((values, key))
            _collect_places(value, places)


def _dump(values: object) -> bytes:
    limit = 10**4000
    text = json.dumps(_mark_long_numbers(values, limit), ensure_ascii=False)
    return text.replace('"<digits>"', "1" * 5000).encode("utf-8", "surrogatepass")


def _mark_long_numbers(values: object, limit: int) -> object:
    """Replace numbers that Python cannot write by a placeholder."""
    if isinstance(values, dict):
        return {key: _mark_long_numbers(value, limit) for key, value in values.items()}
    if isinstance(values, list):
        return [_mark_long_numbers(value, limit) for value in values]
    return "<digits>" if isinstance(values, int) and abs(values) > limit else values
