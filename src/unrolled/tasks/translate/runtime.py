"""The translator without torch: outputs for whole sources, and streams of sources."""

from functools import cached_property
from typing import ClassVar

from unrolled.errors import ConfigError
from unrolled.models.native.encoder_decoder import NativeEncoderDecoder
from unrolled.models.steps.encoder_decoder import EncoderDecoderSpec
from unrolled.programs.program import Shape
from unrolled.tasks.base.runtime import Runtime
from unrolled.tasks.translate.artifacts import TranslatorArtifacts
from unrolled.tasks.translate.config import TranslatorConfig
from unrolled.tasks.translate.generator import TranslationModel
from unrolled.tasks.translate.stream import TranslatorStream
from unrolled.tasks.translate.translating import Translating


class TranslatorRuntime(Runtime[TranslatorConfig, TranslatorArtifacts], Translating):
    """A trained translator in the native runtime; see :class:`Runtime` and :class:`Translating`.

    Of equally probable tokens the search takes the one with the smallest id.
    """

    verb: ClassVar[str] = "translate"
    predict_table = Translating.predict_table
    predict_file = Translating.predict_file

    @cached_property
    def spec(self) -> EncoderDecoderSpec:
        """The network."""
        c, tokenizer = self.config, self.artifacts.tokenizer
        return EncoderDecoderSpec(
            source_size=tokenizer.source.size,
            target_size=tokenizer.target.size,
            cell=c.cell,
            network=c.network,
            dropout=c.dropout,
        )

    def shapes(self) -> dict[str, Shape]:
        """See :meth:`Runtime.shapes`."""
        return self.spec.shapes()

    @cached_property
    def model(self) -> NativeEncoderDecoder:
        """The encoder-decoder."""
        return NativeEncoderDecoder(self.spec, self.weights, self.precision)

    def _translation_model(self) -> TranslationModel:
        return self.model

    def stream(self, batch: int = 1) -> TranslatorStream:
        """Return a stream of ``batch`` sources that are read token by token.

        Raises:
            ConfigError: if the translator needs the whole source at once.
        """
        network = self.config.network
        if network.bidirectional:
            reason = "its encoder also reads backwards"
        elif network.attention not in ("none", "fixed"):
            reason = f"attention={network.attention!r} keeps every step of the source"
        else:
            return TranslatorStream(self, self.model, batch)
        raise ConfigError(
            f"this translator cannot read a source as a stream: {reason}; translate whole sources, or train "
            "with --no-bidirectional --attention none"
        )
