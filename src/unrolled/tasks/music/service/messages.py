"""Requests to a music model, and its answers."""

from typing import Annotated, Literal

from msgspec import Meta, field

from unrolled.data.midi.write import TEMPOS
from unrolled.data.piano import KEYS, PianoNote
from unrolled.tasks.base.service import Answer, Continued, Continuing, Request, Seed, limited

Step = Annotated[list[PianoNote], Meta(max_length=KEYS)]
Steps = Annotated[
    list[Step],
    limited(
        "steps",
        max_length=100_000,
        description="Keys that sound in each step, as MIDI notes: 21 (A0) to 108 (C8), 60 is middle C. A key "
        "of the step before is held.",
    ),
]
Probabilities = Annotated[
    list[float], Meta(description=f"Probability of each of the {KEYS} keys, from the lowest to the highest.")
]
Temperature = Annotated[
    float,
    Meta(ge=0.01, le=100, description="Divisor of the logits; values below 1 favour probable keys."),
]


class Compose(Continuing, frozen=True, kw_only=True):
    """Read an opening, and compose the steps after it."""

    opening: Annotated[
        Steps,
        Meta(
            description="Steps to continue. Empty without a state: one of the first steps of the training "
            "pieces, which is then the first step of the answer."
        ),
    ] = field(default_factory=list)
    length: Annotated[
        int, limited("steps", ge=0, le=2**31 - 1, description="Number of steps to compose.")
    ] = 64
    temperature: Temperature = 1.0
    seed: Annotated[
        Seed | None, Meta(description="The same seed gives the same piece. null: a random one.")
    ] = None


class Composed(Answer, frozen=True, kw_only=True):
    """Steps that were composed since the last event."""

    steps: Steps


class Composition(Continued, frozen=True, kw_only=True):
    """Steps that were composed, without the opening."""

    steps: Steps
    finish: Literal["length"]
    seed: int


class Next(Request, frozen=True, kw_only=True):
    """Return the probability of each key in the next step of a piece."""

    steps: Annotated[
        Steps, Meta(description="The piece so far. Empty: how often each key begins the training pieces.")
    ] = field(default_factory=list)
    temperature: Temperature = 1.0
    every: Annotated[bool, Meta(description="Also return the probabilities for each step of the piece.")] = (
        False
    )


class NextKeys(Answer, frozen=True, kw_only=True):
    """Probabilities of the keys of the next step."""

    probabilities: Probabilities
    earlier: Annotated[
        list[Probabilities],
        Meta(description="Probabilities of the keys of each step of the piece, given the steps before it."),
    ]


class Midi(Request, frozen=True, kw_only=True):
    """Write steps as a MIDI file."""

    steps: Annotated[Steps, Meta(min_length=1)]
    tempo: Annotated[
        Annotated[float, Meta(ge=TEMPOS[0], le=TEMPOS[1])] | None,
        Meta(description="Quarter notes per minute. null: the tempo of the training pieces, or 90."),
    ] = None


class MidiFile(Answer, frozen=True, kw_only=True):
    """A MIDI file."""

    data: Annotated[str, Meta(description="Content of the file, in base64.")]
    name: str = "piece.mid"
    type: str = "audio/midi"
