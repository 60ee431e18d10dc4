"""Where a smaller thing lies in a larger one."""

from typing import Literal

from core.imaging.geometry import Box
from core.picture import Size

Gravity = Literal["center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"]

_SHARE = {"west": 0.0, "north": 0.0, "east": 1.0, "south": 1.0}


def placed(size: Size, inner: Size, gravity: str, margin: int = 0) -> Box:
    """The box of size `inner` that lies in `size` by gravity, `margin` pixels away from the sides that it names."""
    across = _offset(size.width - inner.width, gravity, ("west", "east"), margin)
    down = _offset(size.height - inner.height, gravity, ("north", "south"), margin)
    return Box(across, down, *inner)


def _offset(room: int, gravity: str, words: tuple[str, str], margin: int) -> int:
    """Pixels of `room` that go before: none, half or all, as the gravity's words say."""
    share = next((_SHARE[word] for word in words if word in gravity), 0.5)
    return int(room * share + margin * (1 - 2 * share))
