"""The three networks: a detector with GFL's head, heatmaps of an arrow's points, two attributes of a shape."""

from typing import Any

import torch
from torch import nn

from tools.layouts.drawing import POINTS, STYLES
from tools.shapes.outlines import LABELS

BINS = 8
STRIDES = (8, 16, 32)


def _conv(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs, momentum=0.05), nn.ReLU(inplace=True))


class Residual(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """A convolution beside nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = _conv(channels, channels)

    def forward(self, picture: Any) -> Any:
        """The picture and what the convolution adds."""
        return picture + self.conv(picture)


class Gfl(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """Scores of three strides, then distributions of three strides: six outputs, as NanoDet 0.x exports them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _conv(3, 20, 4, 7)
        self.fine = nn.Sequential(_conv(20, 28, 2), Residual(28), Residual(28))
        self.middle = nn.Sequential(_conv(28, 36, 2), Residual(36))
        self.coarse = nn.Sequential(_conv(36, 36, 2), Residual(36), Residual(36))
        self.lift = _conv(28, 36, 1, 1)
        self.neck16, self.neck8 = _conv(36, 36), _conv(36, 36)
        self.head = _conv(36, 64)
        self.classes, self.sides = nn.Conv2d(64, len(LABELS), 1), nn.Conv2d(64, 4 * BINS, 1)
        nn.init.constant_(self.classes.bias, -4.6)  # 1 % at the start

    def forward(self, image: Any) -> Any:
        """Logits and distributions of each stride, B×N×…; `image` BGR, 0 to 255."""
        fine = self.fine(self.stem(image / 255))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        middle = self.neck16(middle + nn.functional.interpolate(coarse, scale_factor=2.0))
        fine = self.neck8(self.lift(fine) + nn.functional.interpolate(middle, scale_factor=2.0))
        heads = [self.head(level) for level in (fine, middle, coarse)]
        return (
            *(self.classes(head).flatten(2).transpose(1, 2) for head in heads),
            *(self.sides(head).flatten(2).transpose(1, 2) for head in heads),
        )


class Scored(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """The detector as it is exported: scores past their sigmoid."""

    def __init__(self, network: Gfl) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Any) -> Any:
        """As `Gfl`, with scores for logits."""
        outputs = self.network(image)
        return (*(logits.sigmoid() for logits in outputs[:3]), *outputs[3:])


class Heatmaps(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """A map for each point of an arrow at a quarter of the picture, as SimpleBaseline's."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(_conv(3, 16, 2, 5), _conv(16, 24, 2), Residual(24))
        self.far = nn.Sequential(_conv(24, 32, 2), Residual(32), _conv(32, 32, 2), Residual(32), Residual(32))
        self.near = _conv(24, 32, 1, 1)
        self.maps = nn.Sequential(Residual(32), nn.Conv2d(32, len(POINTS), 1))

    def forward(self, image: Any) -> Any:
        """B×2×h/4×w/4; `image` BGR, 0 to 255."""
        near = self.down(image / 255)
        far = nn.functional.interpolate(self.far(near), scale_factor=4.0, mode="bilinear", align_corners=False)
        return self.maps(self.near(near) + far)


class Style(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """How light a shape is (B×1×1×1) and its style (B×2×1×1), as age-gender-recognition-retail-0013 gives its two."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(_conv(3, 16, 2), _conv(16, 24, 2), Residual(24), _conv(24, 32, 2), Residual(32))
        self.lightness, self.style = nn.Conv2d(32, 1, 1), nn.Conv2d(32, len(STYLES), 1)

    def forward(self, image: Any) -> Any:
        """The lightness from 0 to 1, and the styles' logits; `image` BGR, 0 to 255."""
        seen = self.trunk(image / 255)
        pooled = torch.amax(seen, dim=(2, 3), keepdim=True) + torch.mean(seen, dim=(2, 3), keepdim=True)
        return self.lightness(pooled), self.style(pooled)


class Named(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """The attributes as they are exported: the styles past their softmax."""

    def __init__(self, network: Style) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Any) -> Any:
        """As `Style`, with probabilities for logits."""
        lightness, style = self.network(image)
        return lightness, style.softmax(1)
