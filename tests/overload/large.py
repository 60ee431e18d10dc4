"""One hundred megapixels in a control group of 512 MiB, two workers: a baseline JPEG is scaled while it is decoded."""

from functools import cache

import cv2
import httpx
import numpy as np
from numpy.typing import NDArray

from tests.overload.memory import control_group, serving
from tests.waiting import PATIENCE

SIZE = (12288, 8192)
"""Width and height of 100 megapixels."""
LIMIT = 512 * 2**20
SETTINGS = {"DARKROOM_MAX_PIXELS": "120000000", "DARKROOM_MAX_BODY_BYTES": str(2**28)}
_PIPELINE = "/v1/process?pipeline=resize:1600&format=jpeg"


@cache
def _pixels() -> NDArray[np.uint8]:
    noise = np.random.default_rng(3).integers(0, 255, (SIZE[1] // 16, SIZE[0] // 16, 3), np.uint8)
    return np.asarray(cv2.resize(noise, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)


def _file(ending: str, *options: int) -> bytes:
    return bytes(cv2.imencode(ending, _pixels(), options)[1])


def _shape(data: bytes) -> tuple[int, ...]:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape


def verdicts(times: int) -> dict[str, bool]:
    """What must hold of so many in a row, and of files that can only be decoded whole, each with whether it does."""
    found: dict[str, bool] = {}
    baseline = _file(".jpg", cv2.IMWRITE_JPEG_QUALITY, 88)
    whole = {
        "progressive": _file(".jpg", cv2.IMWRITE_JPEG_QUALITY, 88, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        "PNG": _file(".png", cv2.IMWRITE_PNG_COMPRESSION, 1),
    }
    with (
        control_group(LIMIT) as group,
        serving(group, **SETTINGS) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client,
    ):
        for number in range(1, times + 1):
            answer = client.post(_PIPELINE, content=baseline)
            made = (
                cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR) if answer.is_success else None
            )
            is_good = made is not None and made.shape == (1067, 1600, 3)
            found[f"baseline {number}: {answer.status_code}, at most {group.peak() >> 20} MiB"] = is_good
        for name, data in whole.items():
            answer = client.post(_PIPELINE, content=data)
            detail = answer.json().get("detail", "")
            found[f"{name}: {answer.status_code}, {detail}"] = answer.status_code == 413 and "this server has" in detail
        found[f"oom_kill {group.kills()}"] = group.kills() == 0
    return found
