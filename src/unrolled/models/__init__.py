"""Complete models: recurrent layers with input and output layers."""

from unrolled.models.config import CellConfig, DropoutConfig, EncoderConfig, NetworkConfig, StackConfig
from unrolled.models.encoder_decoder import Encoded, EncoderDecoder
from unrolled.models.encoder_decoder_config import EncoderDecoderConfig
from unrolled.models.language_model import RecurrentLanguageModel
from unrolled.models.token_encoder import TokenEncoder
from unrolled.renamed import renamed_names

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

__getattr__ = renamed_names(__name__, {"TokenReader": "TokenEncoder"})


def __dir__() -> list[str]:
    return sorted(__all__)
