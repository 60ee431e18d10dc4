"""Identifies a render before its source is read: source version, pipeline, and how its format is chosen."""

from collections.abc import Callable

import msgspec

from core.codecs import FORMATS
from core.identity import etag
from service.negotiation import preferences
from service.options import OutputOptions
from service.processor import Processor
from storage.facts import Stat

_SHORT = 1000
"""Characters and bytes of a request that is kept."""


class RenderRequest(msgspec.Struct, frozen=True):
    """One request for a render: its output, what a JSON response includes, and the Accept header."""

    output: OutputOptions
    include: frozenset[str]
    accept: str


class ParsedRender(msgspec.Struct, frozen=True):
    """A parsed request, with its digest and its pipeline's canonical text."""

    request: RenderRequest
    digest: str
    pipeline: str


class RequestCache:
    """Recent requests, parsed once: the pictures of a page share a few short texts. Long ones are not kept."""

    def __init__(self, capacity: int = 1024) -> None:
        self._capacity = capacity
        self._parsed: dict[tuple[str, bytes, str], ParsedRender] = {}

    def get(
        self, key: tuple[str, bytes, str], parse: Callable[[], RenderRequest], processor: Processor
    ) -> ParsedRender:
        """The request of a key; always parsed again if its digest depends on files or models."""
        found = self._parsed.get(key)
        if found is None:
            request = parse()
            pipeline = request.output.pipeline
            found = ParsedRender(request, render_digest(request, processor), pipeline.canonical)
            is_short = sum(map(len, key)) <= _SHORT
            if is_short and not pipeline.others() and not any(step.filter.task for step in pipeline.steps):
                if len(self._parsed) >= self._capacity:
                    self._parsed.clear()
                self._parsed[key] = found
        return found


def render_etag(parsed: ParsedRender, stat: Stat) -> str:
    """A strong ETag. For one source version the choice determines the format, so no byte need be read for it."""
    return etag([str(stat.address), stat.version], parsed.digest, sorted(parsed.request.include))


def render_digest(request: RenderRequest, processor: Processor) -> str:
    """The digest of a request, independent of the source's format."""
    output = request.output
    return processor.pipeline_digest(output.pipeline, _format_choice(request), output.encoding, processor.context())


def _format_choice(request: RenderRequest) -> str:
    """The format if it is named; else what Accept prefers, with all encoder revisions."""
    output = request.output
    if output.findings is None and output.format in FORMATS:
        return str(output.format)
    wanted = preferences(request.accept)
    own_counts = bool(wanted.named) and (wanted.own_first, wanted.unnamed > 0)
    choice = [[name for name, _ in wanted.named], own_counts, sorted(wanted.refused), wanted.json]
    revisions = {name: known.revision for name, known in FORMATS.items()}
    return msgspec.json.encode([output.format, output.findings, choice, revisions]).decode()
