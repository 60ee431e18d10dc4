"""Results as HTTP answers: the picture itself, JSON about it, or several at once."""

import re
import secrets
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import msgspec
import numpy as np
from flask import Response

from core.codecs import FORMATS
from core.findings.export import EXTENSIONS, MEDIA_TYPES, document
from functions import marks
from functions.negotiate import JSON_TYPE, MIXED_TYPE
from functions.work import Delivery, Made
from storage.objects import Stat

_IN_ADDRESS = "!#$&'()*+,/:;=?@[]~"
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f"\\/:*?<>|%\u2028\u2029\ud800-\udfff]+')


class Written(msgspec.Struct, frozen=True):
    """One result as bytes. `told`: they tell what is in the picture, instead of being one."""

    media_type: str
    extension: str
    data: bytes
    told: bool


def respond(delivery: Delivery, *, mixed: bool, attachment: str = "") -> Response:
    """The answer of a delivery. `attachment` is the name to save under; else the source's own name is kept."""
    if delivery.order.several:
        response = _mixed(delivery) if mixed and not delivery.stored else _json_of_all(delivery)
    elif delivery.stored:
        response = _json(about(delivery, delivery.made[0]))
    elif delivery.made[0].form:
        response = _form(delivery, delivery.made[0])
    elif delivery.made[0].as_json:
        response = _json(about(delivery, delivery.made[0]))
    else:
        response = _picture(delivery, attachment)
    included = "+".join(sorted(delivery.order.include))
    versions = "".join(f";{stat.version}" for stat in delivery.stored.values())
    response.headers["ETag"] = delivery.etag(f"{response.mimetype};{included}{versions}")
    return _created(delivery, response) if delivery.stored else response


def _created(delivery: Delivery, response: Response) -> Response:
    """201, and where the new object is; several of them stand in the body."""
    response.status_code = 201
    if len(delivery.stored) == 1:
        response.headers["Location"] = quote(str(next(iter(delivery.stored.values())).address), safe=_IN_ADDRESS)
    return response


def about(delivery: Delivery, made: Made) -> dict[str, Any]:
    """The JSON about one result (design §4); `image` is base64, only where it was asked for and made."""
    result = made.result
    shown = {
        "source": {
            **_source(delivery.parcel.stat),
            "format": result.origin.format,
            "width": result.origin.size.width,
            "height": result.origin.size.height,
            "bytes": len(delivery.parcel.picture),
            "frames": result.origin.frames,
        },
        "output": {
            "format": result.output.format,
            "width": result.size.width,
            "height": result.size.height,
            "bytes": len(result.data) if result.output.image else None,
            "frames": len(result.frames),
        },
        "findings": _findings(delivery, made),
        "pipeline": result.output.pipeline.canonical,
        "digest": made.digest,
        **_kept(delivery.stored.get(result.output.name)),
    }
    return {**shown, "image": result.data} if "image" in delivery.order.include and result.output.image else shown


def _source(stat: Stat | None) -> dict[str, Any]:
    """Where a source is, and which version of it was read."""
    return {"url": marks.discreet(stat.address), "version": stat.version} if stat else {}


def _kept(stat: Stat | None) -> dict[str, Any]:
    """Where a result is, and what the store says of it."""
    if stat is None:
        return {}
    kind = stat.about.content_type
    return {"url": str(stat.address), "version": stat.version, "size": stat.size, "content_type": kind}


def written(delivery: Delivery, made: Made) -> Written:
    """A result as the bytes of a file: the picture, findings in a form, or JSON about it."""
    if made.form:
        return Written(MEDIA_TYPES[made.form], EXTENSIONS[made.form], _encoded(_findings(delivery, made)), told=True)
    if made.as_json:
        return Written(JSON_TYPE, ".json", to_json(about(delivery, made)), told=True)
    name = made.result.output.format
    return Written(FORMATS[name].media_type, _extension(name), made.result.data, told=False)


def _findings(delivery: Delivery, made: Made) -> dict[str, Any] | str | bytes:
    """What was found: as our own JSON, or in the form that was asked for (bytes stand for their base64)."""
    if made.form:
        return document(made.form, made.result, delivery.parcel.filename)
    return made.result.findings(masks="masks" in delivery.order.include)


def to_json(value: Any) -> bytes:
    """JSON of an answer; bytes become base64, NumPy's numbers plain ones."""
    return msgspec.json.encode(value, enc_hook=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _json(value: Any) -> Response:
    return Response(to_json(value), content_type=JSON_TYPE)


def _json_of_all(delivery: Delivery) -> Response:
    return _json({"outputs": {made.result.output.name: about(delivery, made) for made in delivery.made}})


def _form(delivery: Delivery, made: Made) -> Response:
    """Findings in a form, as the whole answer."""
    form = written(delivery, made)
    response = Response(form.data, content_type=form.media_type)
    response.headers["Content-Disposition"] = disposition(
        "inline", f"{_stem(delivery.parcel.filename)}{form.extension}"
    )
    return response


def _encoded(found: dict[str, Any] | str | bytes) -> bytes:
    if isinstance(found, dict):
        return to_json(found)
    return found.encode() if isinstance(found, str) else found


def _picture(delivery: Delivery, attachment: str) -> Response:
    picture = written(delivery, delivery.made[0])
    response = Response(picture.data, content_type=picture.media_type)
    way, stem = ("attachment", attachment) if attachment else ("inline", _stem(delivery.parcel.filename))
    response.headers["Content-Disposition"] = disposition(way, f"{stem}{picture.extension}")
    return response


def _mixed(delivery: Delivery) -> Response:
    """multipart/mixed (RFC 2046, §5.1.3): one part a result, its name in Content-Disposition."""
    boundary = secrets.token_hex(16)
    body = b"".join(_part(delivery, made, boundary) for made in delivery.made) + f"--{boundary}--\r\n".encode()
    response = Response(body)
    response.headers["Content-Type"] = f'{MIXED_TYPE}; boundary="{boundary}"'
    return response


def _part(delivery: Delivery, made: Made, boundary: str) -> bytes:
    name, part = made.result.output.name, written(delivery, made)
    head = (
        f"--{boundary}\r\nContent-Type: {part.media_type}\r\n"
        f'Content-Disposition: inline; name="{name}"; filename="{name}{part.extension}"\r\n'
        f"Content-Length: {len(part.data)}\r\n\r\n"
    )
    return head.encode() + part.data + b"\r\n"


def _extension(name: str) -> str:
    return f".{FORMATS[name].extensions[0].lstrip('.')}"


def _stem(filename: str) -> str:
    """The sender's own file name without folder, extension and what no file system takes."""
    stem = PurePosixPath(filename.replace("\\", "/")).stem
    return _UNSAFE.sub("_", stem).strip(" ._")[:80] or "picture"


def disposition(way: str, name: str) -> str:
    """Content-Disposition (RFC 6266): a plain name, and the true one beside it where it is not ASCII."""
    if name.isascii():
        return f'{way}; filename="{name}"'
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
