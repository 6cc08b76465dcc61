"""The service of a translator, for a server."""

from unrolled.tasks.translate.service.service import TranslatorService

__all__ = ["TranslatorService"]
