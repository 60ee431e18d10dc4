"""The network, written once: torch learns it, OpenVINO is given it (`learning.py`, `writing.py`).

A plain convolutional pyramid with strides 8, 16 and 32 and one head for all three. The head is YOLOX's: for each cell
x, y, log width, log height (in strides), objectness, then the classes; box and class branch lie side by side in one
convolution. https://arxiv.org/abs/2107.08430
"""

from typing import Any, Protocol

TRUNK, NECK, HEAD = (24, 32, 40), 40, 80
"""Channels at strides 4, 8 and from 16 on; of the neck; of the head's two branches together."""


class Layers(Protocol):
    """What the network is made of. A picture is whatever the maker works on, and adds with `+`."""

    def conv(self, name: str, picture: Any, channels: int, kernel: int = 3, stride: int = 1) -> Any:
        """Convolution, batch normalisation, ReLU."""

    def shared(self, name: str, pictures: list[Any], channels: int) -> list[Any]:
        """The same 3×3 convolution, normalisation over all of them together, ReLU."""

    def out(self, name: str, picture: Any, channels: int) -> Any:
        """1×1 convolution with a bias and nothing after it."""

    def doubled(self, picture: Any) -> Any:
        """Twice as wide and high, each pixel four times."""


def network(layers: Layers, image: Any, classes: int) -> list[Any]:
    """The raw head of each stride, 5 + `classes` channels. `image`: BGR, 0 to 255."""
    fine, middle, coarse = _trunk(layers, image)
    middle = layers.conv("neck16", middle + layers.doubled(coarse), NECK)
    fine = layers.conv("lift8", fine, NECK, kernel=1) + layers.doubled(middle)
    fine = layers.conv("neck8", fine, NECK)
    return [layers.out("out", head, 5 + classes) for head in layers.shared("head", [fine, middle, coarse], HEAD)]


def _trunk(layers: Layers, image: Any) -> tuple[Any, Any, Any]:
    """Features at strides 8, 16 and 32."""
    picture = layers.conv("stem", image, TRUNK[0], kernel=7, stride=4)
    fine = _deeper(layers, "trunk8", picture, TRUNK[1], 2)
    middle = _deeper(layers, "trunk16", fine, TRUNK[2], 1)
    return fine, middle, _deeper(layers, "trunk32", middle, NECK, 2)


def _deeper(layers: Layers, name: str, picture: Any, channels: int, blocks: int) -> Any:
    """Half as wide and high, then residual blocks of one convolution each."""
    picture = layers.conv(name, picture, channels, stride=2)
    for block in range(blocks):
        picture = picture + layers.conv(f"{name}.{block}", picture, channels)
    return picture
