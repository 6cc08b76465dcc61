"""The service of a classifier, for a server."""

from unrolled.tasks.classify.service.service import ClassifierService

__all__ = ["ClassifierService"]
