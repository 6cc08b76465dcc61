"""The service of a tagger, for a server."""

from unrolled.tasks.tag.service.service import TaggerService

__all__ = ["TaggerService"]
