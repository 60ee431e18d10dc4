"""The digest of a result: everything that can change its bytes is part of it."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import msgspec

from core.codecs import FORMATS, EncodeOptions
from core.imaging import fonts
from core.pipeline import Pipeline
from core.planner.rules import NAMES as RULES
from core.planner.rules import approximate

REVISION = 5
"""Raised where a digest comes to stand for other bytes and no revision of a filter or an encoder says so."""
LIBRARIES = (
    "deflate", "imagecodecs", "numpy", "opencv-python-headless", "pi-heif", "pillow", "simplejpeg", "uharfbuzz", "webp",
    "zxing-cpp",
)  # fmt: skip
"""What decodes, computes and encodes: another version may give other bytes. OpenVINO is part of a model's identity."""
_VERSION = re.compile(r"^Version: *(\S+)", re.MULTILINE)


def digest(
    pipeline: Pipeline,
    format: str,  # noqa: A002
    options: EncodeOptions,
    others: Mapping[str, bytes],
    models: Sequence[Mapping[str, Any]] = (),
    rules: frozenset[str] = RULES,
) -> str:
    """Hex sha256 of everything beside the source that determines the bytes of a result.

    That is the pipeline in full form, the chosen format (or `json`), every encode option, all revisions, the versions
    of the libraries, the content of each second picture, the identity of each model
    (`core.requirements.model_identities`), and those of the planner's `rules` that may change pixels.
    """
    if others or models or len(pipeline.canonical) > _SHORT:
        return _digest(pipeline, format, options, others, models, rules)
    revisions = (_encoder(format), *approximate(rules).values())
    return _of_nothing_else(pipeline, format, options, rules, revisions)


_KNOWN, _SHORT = 256, 200
"""How many digests are kept, and of how long pipelines, characters."""


@lru_cache(_KNOWN)
def _of_nothing_else(
    pipeline: Pipeline,
    format: str,  # noqa: A002
    options: EncodeOptions,
    rules: frozenset[str],
    _revisions: tuple[int, ...],
) -> str:
    """The digest where the rest of the request is no part of it: most requests are for one of a few pipelines."""
    return _digest(pipeline, format, options, {}, (), rules)


def _digest(
    pipeline: Pipeline,
    format: str,  # noqa: A002
    options: EncodeOptions,
    others: Mapping[str, bytes],
    models: Sequence[Mapping[str, Any]],
    rules: frozenset[str],
) -> str:
    made_of = ingredients(pipeline, format, options, others, models, rules)
    return sha256(msgspec.json.encode(made_of, order="sorted"))


def _encoder(format: str) -> int:  # noqa: A002
    written = FORMATS.get(format)
    return written.revision if written else 0


def ingredients(
    pipeline: Pipeline,
    format: str,  # noqa: A002
    options: EncodeOptions,
    others: Mapping[str, bytes],
    models: Sequence[Mapping[str, Any]],
    rules: frozenset[str] = RULES,
) -> dict[str, Any]:
    """What the digest is made of, as JSON."""
    if len(models) != sum(step.filter.task is not None for step in pipeline.steps):
        raise ValueError("a digest needs the identity of every model in the pipeline")
    return {
        **generation(rules),
        "pipeline": pipeline.in_full,
        "filters": {step.filter.name: step.filter.revision for step in pipeline.steps},
        "format": format,
        "encoder": _encoder(format),
        "options": options_json(options),
        "others": {name: sha256(data) for name, data in others.items()},
        "models": list(models),
    }


@lru_cache(256)
def options_json(options: EncodeOptions) -> dict[str, Any]:
    """Every option as JSON, defaults written out; what means the same reads the same."""
    options = options.canonical()
    values = {name: getattr(options, name) for name in options.__struct_fields__}
    return {
        name: sorted(v) if isinstance(v, frozenset) else v if isinstance(v, int | None) else str(v)
        for name, v in values.items()
    }


def sha256(data: bytes | memoryview) -> str:
    """Hex checksum of a picture's bytes."""
    return hashlib.sha256(data).hexdigest()


def etag(*ingredients: Any) -> str:
    """A strong ETag (RFC 9110, §8.8.3) of all that settles a body, as JSON values: their order and bounds count."""
    return f'"{sha256(msgspec.json.encode(ingredients, order="sorted"))[:32]}"'


def generation(rules: frozenset[str] = RULES) -> dict[str, Any]:
    """What all digests of this build have in common: results of another generation are not used again."""
    return {
        "revision": REVISION, "libraries": library_versions(), "fonts": fonts.identity(), "rules": approximate(rules)
    }  # fmt: skip


@cache
def library_versions() -> dict[str, str]:
    """The installed versions of LIBRARIES; `none` where one is not installed."""
    return {name: _installed(name) for name in LIBRARIES}


def _installed(name: str) -> str:
    """The version of a package. `metadata.version` would parse all that it says of itself, for as long as a request."""
    from importlib import metadata  # takes a tenth of a second

    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return "none"
    found = _VERSION.search(distribution.read_text("METADATA") or "")
    return found[1] if found else distribution.version
