"""A response of the server: a picture, or JSON."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darkroom_client.files import Writer
from darkroom_client.media import JSON
from darkroom_client.transport import object_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as PillowImage

_IN_NOTEBOOKS = {"image/png", "image/jpeg", "image/gif"}
"""Types that every notebook shows by themselves; others are shown by its browser."""


@dataclass(frozen=True, repr=False)
class Result:
    """A response: the bytes, their media type without parameters, and the headers (names in lower case)."""

    data: bytes
    content_type: str
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<Result {self.content_type}, {len(self.data)} bytes>"

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture, and not JSON or another document."""
        return self.content_type.startswith("image/")

    def json(self) -> dict[str, Any]:
        """The response as JSON; BrokenResponseError if it is not JSON."""
        return object_of(self.data)

    def save(self, path: str | PathLike[str], *, force: bool = False) -> None:
        """Write the bytes to `path`, whole or not at all; FileExistsError if it exists, unless `force` is given."""
        Writer(force=force).save(Path(path), self.data)

    def to_pil(self) -> "PillowImage":
        """The picture as Pillow's `Image`, which the extra `darkroom-client[pillow]` installs.

        ValueError if it is none; PIL.UnidentifiedImageError for a format that Pillow does not read.
        """
        self._check_picture()
        from PIL import Image

        return Image.open(io.BytesIO(self.data))

    def to_numpy(self) -> "NDArray[np.uint8]":
        """The picture as an array of uint8: H×W for grey, H×W×3 for RGB, H×W×4 for RGBA. Errors as `to_pil`."""
        import numpy as np

        image = self.to_pil()
        if image.mode not in {"L", "RGB", "RGBA"}:
            has_alpha = "A" in image.mode or "transparency" in image.info
            image = image.convert("RGBA" if has_alpha else "RGB")
        return np.asarray(image, dtype=np.uint8)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002
        """How a notebook shows it: the picture, or the JSON as a tree."""
        shown: dict[str, Any] = {"text/plain": repr(self)}
        if self.content_type == JSON:
            shown[JSON] = self.json()
        elif self.is_picture:
            text = base64.b64encode(self.data).decode()
            own = self.content_type in _IN_NOTEBOOKS
            shown[self.content_type if own else "text/html"] = (
                text if own else f'<img src="data:{self.content_type};base64,{text}" alt="{self.content_type}">'
            )
        return shown

    def _check_picture(self) -> None:
        if not self.is_picture:
            raise ValueError(f"The response is {self.content_type}, not a picture.")
