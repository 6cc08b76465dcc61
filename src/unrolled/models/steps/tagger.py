"""The step programs of the tagger: a word, and its characters."""

from dataclasses import dataclass

from unrolled.cells import LSTM
from unrolled.models.config import TokenNetworkConfig
from unrolled.models.steps.stack import TOKEN, add_linear, add_token_input
from unrolled.programs.builder import Builder
from unrolled.programs.layers import Entry, RecurrentSpec, StackSpec, add_stack
from unrolled.programs.program import Program
from unrolled.programs.symbols import Symbol, concat

SPELLING, EMISSIONS = "spelling", "emissions"
"""Names of the input with the vector of a word's characters, and of the output."""
CHARACTERS = "spelling."
"""What the names of the character encoder's weights begin with."""


@dataclass(frozen=True)
class SpellingSpec:
    """The encoder of the characters of a word; see :class:`unrolled.models.tagger.CharacterEncoder`."""

    characters: int
    """Number of characters in the vocabulary."""
    embedding: int
    """Size of the character embeddings."""
    hidden: int
    """Units of each direction."""

    @property
    def features(self) -> int:
        """Size of the vector of a word."""
        return 2 * self.hidden

    @property
    def stack(self) -> RecurrentSpec:
        """The layer over the characters."""
        return RecurrentSpec(
            cell=LSTM(), input_size=self.embedding, hidden_size=self.hidden, bidirectional=True
        )

    def entry(self, builder: Builder) -> Symbol:
        """Add the vector of a character."""
        return builder.embedding(TOKEN, f"{CHARACTERS}input.weight", (self.characters, self.embedding))


def word_entry(
    vocabulary: int, network: TokenNetworkConfig, spelling_size: int, pretrained: int | None = None
) -> Entry:
    """Return what adds the vector of a word: its embedding and the vector of its characters.

    Args:
        vocabulary: number of words.
        network: sizes and connections.
        spelling_size: size of the vector of the characters; 0 for word vectors only.
        pretrained: size of the word vectors for ``network.entry == "vectors"``.
    """

    def add(builder: Builder) -> Symbol:
        x = add_token_input(builder, network, vocabulary, pretrained)
        return concat([x, builder.input(SPELLING, spelling_size)]) if spelling_size else x

    return add


def tagger_step(entry: Entry, spec: StackSpec, tags: int) -> Program:
    """Return the program of a tagger that reads forwards: word → scores (tags,).

    Args:
        entry: see :func:`word_entry`.
        spec: the stack over the words.
        tags: number of tags.
    """
    builder = Builder()
    h = add_stack(builder, entry(builder), spec, "recurrent.")
    return builder.finish(**{EMISSIONS: add_linear(builder, h, "output", tags)})
