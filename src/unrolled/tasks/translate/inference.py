"""Use of a trained translator with torch; see :class:`Translating`."""

from unrolled.models import EncoderDecoder
from unrolled.tasks.base.task import Task
from unrolled.tasks.translate.artifacts import TranslatorArtifacts
from unrolled.tasks.translate.config import TranslatorConfig
from unrolled.tasks.translate.data import TranslatorData
from unrolled.tasks.translate.generator import TranslationModel
from unrolled.tasks.translate.torch_model import TorchTranslationModel
from unrolled.tasks.translate.translating import Translating


class TranslatorInference(Translating, Task[TranslatorConfig, TranslatorData]):
    """The methods of a translator that use a trained torch module."""

    def _translation_model(self) -> TranslationModel:
        return TorchTranslationModel(self.model)

    @property
    def model(self) -> EncoderDecoder:
        """The trained ``nn.Module``; RunError before training."""
        return self._require_model(EncoderDecoder)

    @property
    def artifacts(self) -> TranslatorArtifacts:
        """The vocabularies; RunError before training."""
        return self._require_artifacts(TranslatorArtifacts)
