"""Complete models: recurrent layers with input and output layers."""

from typing import TYPE_CHECKING

from unrolled.lazy import lazy_names

__all__ = [
    "CellConfig",
    "DropoutConfig",
    "Encoded",
    "EncoderConfig",
    "EncoderDecoder",
    "EncoderDecoderConfig",
    "NetworkConfig",
    "RecurrentLanguageModel",
    "StackConfig",
    "TokenEncoder",
]

_HOMES = {
    "config": ("CellConfig", "DropoutConfig", "EncoderConfig", "NetworkConfig", "StackConfig"),
    "encoder_decoder": ("Encoded", "EncoderDecoder"),
    "encoder_decoder_config": ("EncoderDecoderConfig",),
    "language_model": ("RecurrentLanguageModel",),
    "token_encoder": ("TokenEncoder",),
}

_RENAMED = {"TokenReader": "TokenEncoder"}

if TYPE_CHECKING:
    from unrolled.models.config import CellConfig, DropoutConfig, EncoderConfig, NetworkConfig, StackConfig
    from unrolled.models.encoder_decoder import Encoded, EncoderDecoder
    from unrolled.models.encoder_decoder_config import EncoderDecoderConfig
    from unrolled.models.language_model import RecurrentLanguageModel
    from unrolled.models.token_encoder import TokenEncoder
else:
    # Hidden from type checkers, which would otherwise accept any misspelt name.
    __getattr__, __dir__ = lazy_names(globals(), _HOMES, renamed=_RENAMED)
