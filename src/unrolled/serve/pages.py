"""The pages: one that lists the models, one for each model, and one for wrong addresses."""

import html
import re
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from unrolled.serve.errors import NotFoundError
from unrolled.serve.models import Models

STATIC = Path(__file__).parent / "static"
GALLERY, MISSING = "gallery", "missing"


class Pages:
    """The pages of a server.

    Args:
        models: the models.
    """

    def __init__(self, models: Models) -> None:
        self._models = models

    async def gallery(self, request: Request) -> Response:
        """Answer ``GET /``."""
        return HTMLResponse(build_page(GALLERY, "Models"))

    async def model(self, request: Request) -> Response:
        """Answer ``GET /models/{model}``."""
        try:
            model = self._models.find(request.path_params["model"])
        except NotFoundError:  # its message names the models, but pages need no token
            if wants_page(request):
                return missing_page()
            raise NotFoundError("there is no model with this name; / lists all models") from None
        return HTMLResponse(build_page(model.loaded.spec.verb, model.name, model.name))


def wants_page(request: Request) -> bool:
    """Return whether a request comes from the address bar or a link of a browser."""
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def missing_page() -> Response:
    """Return the page for a wrong address."""
    return HTMLResponse(build_page(MISSING, "No such page"), 404)


def build_page(task: str, title: str, model: str = "") -> str:
    """Return a page as HTML: the frame of all pages with the part of a task.

    Args:
        task: name of the part: the verb of a task, "gallery" or "missing".
        title: title of the page.
        model: name of the model.
    """
    parts = {
        "TITLE": html.escape(title),
        "TASK": html.escape(task),
        "MODEL": html.escape(model),
        "BODY": _read(f"{task}/page.html"),
    }
    # In one pass: what is put in may contain the name of another part.
    return re.sub("__([A-Z]+)__", lambda match: parts[match[1]], _read("shell/page.html"))


@cache
def _read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
