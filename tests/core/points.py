"""Paint a spot, move the picture, find the spot: do findings follow the pixels?"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.findings.findings import Findings, Mark
from core.findings.region import Region
from core.limits import Deadline, Limits
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.run import Context, Run

RADIUS = 3.0
Spot = tuple[float, float]


def spotted(size: Size, at: Spot) -> Picture:
    """A black picture with a soft white spot at a point (edge coordinates), and a finding of 2 × 2 pixels there."""
    x, y = at
    across, down = (np.arange(side) + 0.5 - place for side, place in zip(size, at, strict=True))
    light = np.exp(-(across[None, :] ** 2 + down[:, None] ** 2) / RADIUS**2)
    pixels = np.rint(255 * light).astype(np.uint8)[:, :, None]
    region = Region(((x - 1, y - 1), (x + 1, y - 1), (x + 1, y + 1), (x - 1, y + 1)))
    findings = Findings(measures={"spot": [Mark(region=region, facts={})]})
    return Picture(pixels=pixels, origin=Origin(format="png", size=size, channels=1), findings=findings)


def found(picture: Picture) -> Spot | None:
    """Where the finding says the spot is; None where it was dropped."""
    marks = picture.findings.measures["spot"]
    return tuple(np.mean(marks[0].region.quad, axis=0)) if marks else None


def seen(pixels: NDArray[np.uint8]) -> Spot:
    """The centroid of the light's bright middle (a perspective shifts that of all of it), in edge coordinates."""
    middle = cv2.subtract(pixels[:, :, 0], int(pixels.max()) * 3 // 4)
    moments = cv2.moments(middle)
    return (moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5)


def moved(text: str, picture: Picture) -> Picture:
    """The picture after a pipeline."""
    run = Run(Pipeline.parse(text), Context(Limits(), Deadline(60)))
    return next(run.frames([picture]))


def distance(text: str, size: Size, at: Spot) -> float | None:
    """Pixels of the result between where the spot is seen and where its finding says; None where it is cut off."""
    result = moved(text, spotted(size, at))
    said = found(result)
    if said is None or _at_edge(result.pixels):
        return None
    return float(np.hypot(*np.subtract(seen(result.pixels), said)))


def _at_edge(pixels: NDArray[np.uint8]) -> bool:
    """Whether a part of the spot is cut off, so that its centroid says nothing."""
    return any(edge.max(initial=0) > 4 for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]))
