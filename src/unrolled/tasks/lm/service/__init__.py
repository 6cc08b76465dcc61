"""The service of a language model, for a server."""

from unrolled.tasks.lm.service.service import LanguageService

__all__ = ["LanguageService"]
