"""The live page: a camera or a video file, frame by frame through a pipeline."""

from flask import Response

from functions.app import here
from functions.pages.page import page
from functions.routing import Route

_PIPELINES = {
    "detect/track": "find objects and follow them",
    "faces/track": "find faces and follow them",
    "persons/track": "find persons and follow them",
    "faces/redact:how=pixelate": "hide faces",
    "segment/draw": "colour what is where",
    "cartoon": "a cartoon",
}
"""What the page offers where any pipeline is allowed; the first one is there to begin with."""


def live_page() -> Response:
    """The live page."""
    service = here().service
    offered = _PIPELINES
    if service.only_presets is not None:
        offered = {f"preset:{name}": name for name in service.parser.presets}
    return page("live.html", pipelines=offered)


ROUTES = (Route("/live", live_page, "read", include_in_schema=False),)
