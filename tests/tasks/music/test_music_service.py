"""The service of a music model gives what the runtime gives, alone and in batches."""

import base64
import io

import mido
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from music_models import OPENINGS, Pair
from property_settings import examples
from unrolled.data.midi import read_midi
from unrolled.data.piano import piano_roll
from unrolled.engine.core import is_built
from unrolled.errors import ConfigError, DataError, UnrolledError
from unrolled.tasks.base.service import Limits
from unrolled.tasks.music.service import MusicService
from unrolled.tasks.music.service.messages import Compose, Midi, Next

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

OPENING = [[60, 64, 67], [62, 65], [], [59, 67]]


@pytest.fixture(scope="module")
def runtime():
    return Pair(cell="lstm", layers=2).runtime


@pytest.fixture(scope="module")
def service(runtime):
    return MusicService(runtime, Limits(characters=1000, steps=100))


@pytest.fixture(scope="module")
def operations(service):
    return {operation.name: operation for operation in service.operations()}


class Batch:
    """A writer, and all that its rows have written."""

    def __init__(self, operation):
        self.writer = operation.make_writer()
        self.events, self.answers, self.states = {}, {}, {}

    def begin(self, row, state=None, **fields):
        self.writer.begin(row, Compose(**fields), state)
        self.events[row] = []

    def advance(self, *rows):
        for progress in self.writer.advance(rows):
            assert progress.row in rows
            steps = progress.event.steps if progress.event else []
            assert progress.steps == len(steps)
            self.events[progress.row] += steps
            if progress.answer:
                self.answers[progress.row] = progress.answer
                self.states[progress.row] = progress.state

    def finish(self, *rows):
        while waiting := [row for row in rows if row not in self.answers]:
            self.advance(*waiting)
        for row in rows:
            assert self.answers[row].steps == self.events[row]
            assert self.answers[row].finish == "length"
        return [self.answers[row].steps for row in rows]


def compose(operations, state=None, **fields):
    batch = Batch(operations["compose"])
    batch.begin(0, state, **fields)
    return batch.finish(0)[0], batch.states[0]


@pytest.mark.parametrize("opening", [[], OPENING])
def test_a_composition_is_that_of_the_runtime(runtime, operations, opening):
    steps, _ = compose(operations, opening=opening, length=19, temperature=1.5, seed=5)
    expected = runtime.compose(19, opening=opening, temperature=1.5, seed=5)
    assert [tuple(step) for step in steps] == expected[len(opening) :]


def test_rows_of_a_batch_are_composed_as_alone(operations):
    requests = [
        {"length": 11, "seed": 1},
        {"length": 3, "seed": 1, "temperature": 2.0},
        {"length": 20, "seed": 2, "opening": OPENING},
        {"length": 9, "seed": 1, "opening": OPENING[:1], "temperature": 0.6},
    ]
    batch = Batch(operations["compose"])
    batch.begin(10, **requests[0])
    batch.advance(10)
    batch.begin(11, **requests[1])
    batch.begin(12, **requests[2])
    batch.advance(10, 12)
    batch.begin(13, **requests[3])
    batch.begin(14, length=50)
    batch.advance(13, 14, 11)
    batch.writer.end(14)
    assert batch.finish(10, 11, 12, 13) == [compose(operations, **fields)[0] for fields in requests]
    assert not batch.writer.advance([10, 14])
    assert batch.writer._stream.batch == 0


def test_a_composition_goes_on_from_its_state(operations):
    first, state = compose(operations, opening=OPENING, length=6, seed=1)
    second, _ = compose(operations, state, length=8, seed=2)
    whole, _ = compose(operations, opening=[*OPENING, *first], length=8, seed=2)
    assert second == whole
    _, unchanged = compose(operations, state, length=0)
    assert all(np.array_equal(unchanged[name], state[name]) for name in state)


def test_a_composition_without_a_seed_names_the_seed_that_it_used(operations):
    batch = Batch(operations["compose"])
    batch.begin(0, length=30)
    batch.begin(1, length=30)
    first, second = batch.finish(0, 1)
    seeds = [batch.answers[row].seed for row in (0, 1)]
    assert seeds[0] != seeds[1]
    assert [compose(operations, length=30, seed=seed)[0] for seed in seeds] == [first, second]


def test_probabilities_of_the_next_step_are_those_of_the_runtime(runtime, operations):
    pieces = [OPENING, OPENING[:1], [], OPENING * 5]
    answers = operations["next"].run([Next(steps=steps) for steps in pieces])
    for steps, answer in zip(pieces, answers, strict=True):
        expected = runtime.predict(steps)[-1] if steps else piano_roll(OPENINGS).mean(0)
        np.testing.assert_allclose(answer.probabilities, expected, rtol=1e-5, atol=1e-7)
        assert answer.earlier == []


def test_probabilities_of_every_step(runtime, operations):
    run = operations["next"].run
    (answer,) = run([Next(steps=OPENING, every=True, temperature=2.0)])
    assert len(answer.earlier) == len(OPENING)
    for n, probabilities in enumerate([*answer.earlier, answer.probabilities]):
        assert probabilities == run([Next(steps=OPENING[:n], temperature=2.0)])[0].probabilities


def test_long_pieces_are_read_in_parts(operations, monkeypatch):
    requests = [Next(steps=OPENING * n) for n in (1, 7, 3)]
    expected = operations["next"].run(requests)
    monkeypatch.setattr("unrolled.tasks.music.service.reader.CHUNK_KEYS", 5 * 3 * 88)
    assert operations["next"].run(requests) == expected


def test_a_midi_file_holds_the_steps(operations, tmp_path):
    slow, plain = operations["midi"].run([Midi(steps=OPENING, tempo=30), Midi(steps=OPENING)])
    data = base64.b64decode(slow.data)
    assert mido.MidiFile(file=io.BytesIO(data)).length == pytest.approx(4 * 2)
    assert mido.MidiFile(file=io.BytesIO(base64.b64decode(plain.data))).length == pytest.approx(4 * 60 / 90)
    path = tmp_path / slow.name
    path.write_bytes(data)
    assert [list(step) for step in read_midi(path)] == OPENING


def test_details_are_json_data(service):
    details = msgspec.json.decode(msgspec.json.encode(service.details()))
    assert details["openings"] == [list(step) for step in OPENINGS]
    assert (details["lowest"], details["keys"], details["tempo"], details["metre"]) == (21, 88, 90, [4, 4])
    assert service.unit == "steps"


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"length": 101}, ConfigError, "length=101: must be between 1 and 100"),
        ({"length": 0}, ConfigError, "length=0: must be between 1 and 100"),
        (
            {"opening": [[]] * 101},
            ConfigError,
            "opening: 101 steps are too many; .* up to 100",
        ),
        ({"opening": [[60], [20]]}, DataError, "opening, step 2: note 20 is not on a piano"),
    ],
)
def test_wrong_requests_are_errors_and_add_no_row(operations, fields, error, message):
    writer = operations["compose"].make_writer()
    with pytest.raises(error, match=message):
        writer.begin(0, Compose(**fields), None)
    assert not writer.advance([0])


def test_wrong_states_are_errors(operations):
    writer = operations["compose"].make_writer()
    _, state = compose(operations, length=2)
    name = next(iter(state))
    damaged = {
        "is missing": {key: value for key, value in state.items() if key != name},
        "not finite": state | {name: np.full_like(state[name], np.inf)},
        "has no state": state | {"other": state[name]},
        "shape": state | {name: np.zeros((1, 3))},
    }
    for message, wrong in damaged.items():
        with pytest.raises(UnrolledError, match=message):
            writer.begin(0, Compose(length=2), wrong)


def test_too_many_notes_for_a_file_are_an_error(operations):
    with pytest.raises(ConfigError, match="steps: 1,056 notes are too many; up to 1,000 are written"):
        operations["midi"].run([Midi(steps=[list(range(21, 109))] * 12)])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=3), values, max_size=3),
    max_leaves=8,
)
STEPS = st.lists(st.lists(st.integers(21, 108), max_size=5), max_size=6)
VALID = {
    "opening": STEPS,
    "steps": STEPS,
    "length": st.integers(0, 9) | st.just(101),
    "temperature": st.floats(0.01, 100),
    "seed": st.none() | st.integers(0, 2**53 - 1),
    "every": st.booleans(),
    "tempo": st.none() | st.floats(4, 1000),
    "session": st.just(""),
    "state": st.just(""),
    "keep": st.sampled_from(["nothing", "session", "state"]),
}


@st.composite
def bodies(draw, operation):
    """Fields of a request: most of them valid."""
    fields = draw(st.lists(st.sampled_from(operation.request.__struct_fields__), unique=True))
    wrong = draw(st.none() | st.sampled_from(fields)) if fields else None
    return {field: draw(JSON if field == wrong else VALID[field]) for field in fields}


@examples(150)
@given(data=st.data())
def test_any_request_is_answered_or_is_an_error(operations, data):
    operation = operations[data.draw(st.sampled_from(["compose", "next", "midi"]))]
    body = data.draw(bodies(operation))
    try:
        request = msgspec.json.decode(msgspec.json.encode(body), type=operation.request)
        answer = answer_alone(operation, request)
    except (msgspec.ValidationError, UnrolledError) as error:
        line = str(error)
        assert line.isprintable()
    else:
        assert msgspec.json.decode(msgspec.json.encode(answer), type=operation.answer) == answer


def answer_alone(operation, request):
    if operation.name != "compose":
        (answer,) = operation.run([request])
        return answer
    writer = operation.make_writer()
    writer.begin(0, request, None)
    steps = 0
    while True:
        (progress,) = writer.advance([0])
        steps += progress.steps
        if progress.answer:
            assert steps == len(progress.answer.steps) == request.length
            return progress.answer
