"""The networks: heatmaps of an arrow's points, and two attributes of a shape."""

from typing import Any

import torch
from torch import nn

from tools.layouts.drawing import POINTS, STYLES


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
