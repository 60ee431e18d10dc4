"""What identifies a render before its source is read: the version, the pipeline, and how its format is chosen."""

from collections.abc import Callable

import msgspec

from core.codecs import FORMATS
from core.identity import etag
from service.negotiation import accepted_types, prefers_json, ranked_formats
from service.options import OutputOptions
from service.processor import Processor
from storage.facts import Stat


class RenderRequest(msgspec.Struct, frozen=True):
    """What one request wants of a source: a result, what a JSON answer holds beside it, and the Accept header."""

    output: OutputOptions
    include: frozenset[str]
    accept: str


class ParsedRender(msgspec.Struct, frozen=True):
    """A request that was read, with the digest of what it asks for and its pipeline's canonical text."""

    request: RenderRequest
    digest: str
    pipeline: str


class RequestCache:
    """What requests asked for lately, read once: a page's pictures are asked for by the same few texts."""

    def __init__(self, most: int = 1024) -> None:
        self._most = most
        self._found: dict[tuple[str, bytes, str], ParsedRender] = {}

    def get(self, key: tuple[str, bytes, str], read: Callable[[], RenderRequest], processor: Processor) -> ParsedRender:
        """The request of a key; read anew where files or models settle its digest."""
        found = self._found.get(key)
        if found is None:
            request = read()
            pipeline = request.output.pipeline
            found = ParsedRender(request, render_digest(request, processor), pipeline.canonical)
            if not pipeline.others() and not any(step.filter.task for step in pipeline.steps):
                if len(self._found) >= self._most:
                    self._found.clear()
                self._found[key] = found
        return found


def render_etag(parsed: ParsedRender, stat: Stat) -> str:
    """A strong ETag. Of a version, the choice of the format settles the format, so no byte need be read for it."""
    return etag(f"{stat.address} {stat.version}", parsed.digest, "+".join(sorted(parsed.request.include)))


def render_digest(request: RenderRequest, processor: Processor) -> str:
    """The digest of what is asked for, whatever format the source will have."""
    output = request.output
    return processor.pipeline_digest(output.pipeline, _format_choice(request), output.encoding, processor.context())


def _format_choice(request: RenderRequest) -> str:
    """The format, if it is named; else how Accept ranks what we write, with all encoders' revisions."""
    output = request.output
    if output.findings is None and output.format in FORMATS:
        return str(output.format)
    named = dict(accepted_types(request.accept))
    ranks = [known.name for known in ranked_formats(named, moves=False)]
    json = [prefers_json(named, next(iter(ranked_formats(named, moves=moves)), None)) for moves in (False, True)]
    revisions = {name: known.revision for name, known in FORMATS.items()}
    return msgspec.json.encode([output.format, output.findings, ranks, json, revisions]).decode()
