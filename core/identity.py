"""The digest of a result: everything that can change its bytes is part of it."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from core.codecs import FORMATS, EncodeOptions
from core.pipeline import Pipeline


def digest(
    pipeline: Pipeline,
    format: str,  # noqa: A002
    options: EncodeOptions,
    others: Mapping[str, bytes],
    models: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Hex sha256 of everything beside the source that determines the bytes of a result.

    That is the pipeline in full form, the chosen format (or `json`), every encode option, all revisions, the content
    of each second picture and the identity of each model (`core.requirements.model_identities`).
    """
    return hashlib.sha256(
        msgspec.json.encode(ingredients(pipeline, format, options, others, models), order="sorted")
    ).hexdigest()


def ingredients(
    pipeline: Pipeline,
    format: str,  # noqa: A002
    options: EncodeOptions,
    others: Mapping[str, bytes],
    models: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What the digest is made of, as JSON."""
    if len(models) != sum(step.filter.task is not None for step in pipeline.steps):
        raise ValueError("a digest needs the identity of every model in the pipeline")
    written = FORMATS.get(format)
    return {
        "pipeline": pipeline.to_json(full=True),
        "filters": {step.filter.name: step.filter.revision for step in pipeline.steps},
        "format": format,
        "encoder": written.revision if written else 0,
        "options": options_json(options),
        "others": {name: sha256(data) for name, data in others.items()},
        "models": list(models),
    }


def options_json(options: EncodeOptions) -> dict[str, Any]:
    """Every option as JSON, defaults written out."""
    values = {name: getattr(options, name) for name in options.__struct_fields__}
    return {
        name: sorted(v) if isinstance(v, frozenset) else v if isinstance(v, int | None) else str(v)
        for name, v in values.items()
    }


def sha256(data: bytes | memoryview) -> str:
    """Hex checksum of a picture's bytes."""
    return hashlib.sha256(data).hexdigest()


def etag(source: str, result: str, representation: str) -> str:
    """A strong ETag (RFC 9110, §8.8.3) of (source's checksum or address and version, digest, representation)."""
    return f'"{sha256(chr(0).join((source, result, representation)).encode())[:32]}"'
