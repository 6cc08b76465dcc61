"""Ways to damage a file: blindly, by its numbers, and by the structure of JSON."""

import gzip
import json
import random
import re
import struct

LARGEST = 1 << 16
"""Bytes of an input, so that many are tried."""

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
    """Return bytes with one to a few changes anywhere."""
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
    """Return bytes with one number, as text, replaced by a hostile one."""
    found = list(re.finditer(rb"[-+0-9.]+", data[:LARGEST]))
    if not found:
        return blind(rng, data)
    place = rng.choice(found)
    return data[: place.start()] + rng.choice(NUMBERS).encode() + data[place.end() :]


def lines(rng: random.Random, data: bytes) -> bytes:
    """Return lines with some dropped, doubled, swapped, or of other fields."""
    rows = data.split(b"\n")
    here, there = rng.randrange(len(rows)), rng.randrange(len(rows))
    match rng.randrange(5):
        case 0:
            del rows[here]
        case 1:
            rows.insert(there, rows[here])
        case 2:
            rows[here], rows[there] = rows[there], rows[here]
        case 3:
            rows[here] = rng.choice(TOKENS)
        case 4:
            mark = rng.choice([b"\t", b",", b" ", b"="])
            cells = rows[here].split(mark)
            cells[rng.randrange(len(cells))] = rng.choice(TOKENS)
            rows[here] = mark.join(cells * rng.choice([1, 1, 1, 2]))
    return b"\n".join(rows)[:LARGEST]


def structure(rng: random.Random, data: bytes) -> bytes:
    """Return JSON with one value or key replaced; bytes that are none are changed blindly."""
    try:
        values = json.loads(data)
    except ValueError:
        return blind(rng, data)
    return _dumped(_changed(rng, values))


def json_lines(rng: random.Random, data: bytes) -> bytes:
    """Return JSON lines of which one has another structure."""
    rows = data.split(b"\n")
    here = rng.randrange(len(rows))
    rows[here] = structure(rng, rows[here])
    return b"\n".join(rows)


def safetensors(rng: random.Random, data: bytes) -> bytes:
    """Return a file of tensors whose header, or the JSON in it, has another structure."""
    size = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8 : 8 + size])
    packed = head.get("__metadata__", {}).get("unrolled")
    if packed and rng.random() < 0.5:
        head["__metadata__"]["unrolled"] = structure(rng, packed.encode()).decode("utf-8", "surrogatepass")
        text = _dumped(head)
    else:
        text = _dumped(_changed(rng, head))
    return struct.pack("<Q", len(text)) + text + data[8 + size :]


def packed(rng: random.Random, data: bytes) -> bytes:
    """Return a ``.gz`` file damaged outside or inside; now and then one that fills the memory."""
    if rng.random() < 0.4:
        return blind(rng, data)
    if rng.random() < 0.002:
        return gzip.compress(rng.choice([b"a", b"\n"]) * (1 << 27), 1, mtime=0)
    return gzip.compress(rng.choice([blind, numbers, lines])(rng, gzip.decompress(data)), 1, mtime=0)


def _changed(rng: random.Random, values: object) -> object:
    places: list[tuple[object, object]] = []
    _walk(values, places)
    if not places:
        return rng.choice(VALUES)
    inside, key = rng.choice(places)
    action = rng.randrange(6)
    if isinstance(inside, dict):
        if action == 0:
            del inside[key]
        elif action == 1:
            inside[rng.choice(["x", "", "\ud800", str(key) + "s"])] = inside.pop(key)
        else:
            inside[key] = _another(rng, inside[key])
    elif isinstance(inside, list) and isinstance(key, int):
        if action == 0:
            del inside[key]
        elif action == 1:
            inside[key:key] = [inside[key]] * rng.choice([1, 2, 100])
        else:
            inside[key] = _another(rng, inside[key])
    return values


def _another(rng: random.Random, value: object) -> object:
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


def _walk(values: object, places: list[tuple[object, object]]) -> None:
    if isinstance(values, dict | list):
        for key, value in values.items() if isinstance(values, dict) else enumerate(values):
            places.append((values, key))
            _walk(value, places)


def _dumped(values: object) -> bytes:
    limit = 10**4000
    text = json.dumps(_short(values, limit), ensure_ascii=False)
    return text.replace('"<digits>"', "1" * 5000).encode("utf-8", "surrogatepass")


def _short(values: object, limit: int) -> object:
    """Return values with a mark for numbers that Python does not write."""
    if isinstance(values, dict):
        return {key: _short(value, limit) for key, value in values.items()}
    if isinstance(values, list):
        return [_short(value, limit) for value in values]
    return "<digits>" if isinstance(values, int) and abs(values) > limit else values
