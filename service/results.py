"""A result as a file, and as JSON, independent of how it was requested."""

import re
from base64 import b64encode
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType

from core.codecs import FORMATS
from core.explain import Explanation
from core.process import Result
from service.export import EXTENSIONS, MEDIA_TYPES, export_findings
from service.negotiation import JSON_TYPE
from service.processing import OutputResult, ProcessingResult
from service.provenance import without_query
from storage.facts import Stat

_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f"\\/:*?<>|%\u2028\u2029\ud800-\udfff]+')


_Count = Annotated[int, Meta(ge=0)]
_Side = Annotated[int, Meta(ge=1)]


class _Part(msgspec.Struct, forbid_unknown_fields=True):
    """A JSON object; a member that is UNSET is left out."""


class SourceFile(_Part, kw_only=True):
    """The picture that was read."""

    url: Annotated[str | UnsetType, Meta(description="Where it was read from, with `source`")] = UNSET
    version: Annotated[str | UnsetType, Meta(description="The version that was read, with `source`")] = UNSET
    format: str
    width: _Side
    height: _Side
    bytes: _Count
    frames: _Side


class OutputFile(_Part):
    """The picture that was made, or that would be."""

    format: str
    width: _Side
    height: _Side
    bytes: Annotated[int | None, Meta(description="null if no picture was encoded")]
    frames: _Side


class Answer(_Part):
    """JSON about one result."""

    source: SourceFile
    output: OutputFile
    findings: Annotated[
        Any,
        Meta(
            description="The findings of measures and vision; with `findings`, in that form (a class map in base64)",
            extra_json_schema={"type": ["object", "string"]},
        ),
    ]
    pipeline: Annotated[str, Meta(description="In canonical form")]
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    url: Annotated[str | UnsetType, Meta(description="With `to`: where the result is stored")] = UNSET
    version: Annotated[str | UnsetType, Meta(description="With `to`: the object's version")] = UNSET
    size: Annotated[_Count | UnsetType, Meta(description="With `to`: its size in bytes")] = UNSET
    content_type: Annotated[str | UnsetType, Meta(description="With `to`: its media type")] = UNSET
    link: Annotated[str | UnsetType, Meta(description="Of several outputs: a URL of the picture")] = UNSET
    ignored: Annotated[
        list[str] | UnsetType, Meta(description="Options that the negotiated format lacks, and what could not be kept")
    ] = UNSET
    image: Annotated[bytes | UnsetType, Meta(description="With include=image")] = UNSET
    data_url: Annotated[str | UnsetType, Meta(description="With include=data_url")] = UNSET


class Answers(_Part):
    """JSON about several results, by their names."""

    outputs: dict[str, Answer]
    note: Annotated[str | UnsetType, Meta(description="How to get the pictures, if they are not part of it")] = UNSET
    seconds: Annotated[_Count | UnsetType, Meta(description="How long each `link` is valid")] = UNSET


class Explanations(_Part):
    """How several results would be made, by their names."""

    outputs: dict[str, Explanation]


class ResultFile(msgspec.Struct, frozen=True):
    """One result as a file. `is_document`: it describes the picture instead of being one."""

    media_type: str
    extension: str
    data: bytes
    is_document: bool


def result_file(done: ProcessingResult, output: OutputResult) -> ResultFile:
    """A result as a file: the picture, exported findings, or JSON about it."""
    if output.form:
        media_type, extension = MEDIA_TYPES[output.form], EXTENSIONS[output.form]
        return ResultFile(media_type, extension, _encode_findings(_findings(done, output)), is_document=True)
    if output.as_json:
        return ResultFile(JSON_TYPE, ".json", to_json(output_json(done, output)), is_document=True)
    known = FORMATS[output.result.output.format]
    return ResultFile(known.media_type, f".{known.extension}", output.result.data, is_document=False)


def output_json(done: ProcessingResult, output: OutputResult) -> Answer:
    """The JSON about one result of a request; `image` is base64, only if it was requested and made."""
    result, payload = output.result, done.payload
    answer = result_json(
        result,
        output.digest,
        len(payload.picture),
        findings=_findings(done, output),
        source=payload.stat,
        stored=done.stored.get(result.output.name),
    )
    more: dict[str, Any] = {"ignored": list(output.ignored)} if output.ignored else {}
    if result.output.image and "image" in done.options.include:
        more["image"] = result.data
    if result.output.image and "data_url" in done.options.include:
        media_type = FORMATS[result.output.format].media_type
        more["data_url"] = f"data:{media_type};base64,{b64encode(result.data).decode()}"
    return msgspec.structs.replace(answer, **more) if more else answer


def result_json(
    result: Result,
    digest: str,
    source_bytes: int,
    *,
    findings: dict[str, Any] | str | bytes | None = None,
    source: Stat | None = None,
    stored: Stat | None = None,
) -> Answer:
    """The JSON about a result. `source` is the object it was read from, `stored` the one it was written to."""
    origin, output = result.origin, result.output
    return Answer(
        source=SourceFile(
            url=without_query(source.address) if source else UNSET,
            version=source.version if source else UNSET,
            format=origin.format,
            width=origin.size.width,
            height=origin.size.height,
            bytes=source_bytes,
            frames=origin.frames,
        ),
        output=OutputFile(
            format=output.format,
            width=result.size.width,
            height=result.size.height,
            bytes=len(result.data) if output.image else None,
            frames=result.frame_count,
        ),
        findings=result.findings() if findings is None else findings,
        pipeline=output.pipeline.canonical,
        digest=digest,
        **(_stored(stored) if stored else {}),
    )


def _stored(stat: Stat) -> dict[str, Any]:
    """The stored object of a result."""
    kind = stat.about.content_type
    return {"url": str(stat.address), "version": stat.version, "size": stat.size, "content_type": kind}


def _findings(done: ProcessingResult, output: OutputResult) -> dict[str, Any] | str | bytes:
    """The findings: as our own JSON, or in the requested export format (bytes stand for their base64)."""
    if output.form:
        return export_findings(output.form, output.result, done.payload.filename)
    return output.result.findings(masks="masks" in done.options.include)


def _encode_findings(found: dict[str, Any] | str | bytes) -> bytes:
    if isinstance(found, dict):
        return to_json(found)
    return found.encode() if isinstance(found, str) else found


def to_json(value: Any) -> bytes:
    """Encode a response as JSON; bytes become base64, NumPy numbers plain ones."""
    return msgspec.json.encode(value, enc_hook=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be encoded as JSON")


def disposition_of(done: ProcessingResult, output: OutputResult, file: ResultFile, save_as: str = "") -> str:
    """The Content-Disposition of a result: saved as `save_as`, else inline with the source's name; none for JSON."""
    if output.as_json and not output.form:
        return ""
    kind, stem = ("attachment", save_as) if save_as else ("inline", _stem(done.payload.filename))
    return content_disposition(kind, f"{stem}{file.extension}")


def _stem(filename: str) -> str:
    """The sender's file name without folder, extension and characters that file systems refuse."""
    stem = PurePosixPath(filename.replace("\\", "/")).stem if filename else ""
    return _UNSAFE.sub("_", stem).strip(" ._")[:80] or "picture"


def content_disposition(kind: str, name: str) -> str:
    """Content-Disposition (RFC 6266): an ASCII name, and the real one beside it if it is not ASCII."""
    if name.isascii():
        return f'{kind}; filename="{name}"'
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
