"""The service of a forecaster, for a server."""

from unrolled.tasks.forecast.service.service import ForecasterService

__all__ = ["ForecasterService"]
