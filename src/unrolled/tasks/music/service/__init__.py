"""The service of a music model, for a server."""

from unrolled.tasks.music.service.service import MusicService

__all__ = ["MusicService"]
