"""How far a scanned page or a tilted photograph is turned, read from its straight edges.

Source: W. Postl, "Detection of linear oblique structures and skew scan in digitized documents", 1986: of all angles
the right one gives the sharpest projection profile. Here the profile is of edges, along rows and columns together; a
point is shared by the two bins it lies between, for else what lies on the grid of pixels looks sharper turned a little.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.alpha import filled, premultiplied, straight
from core.imaging.pixels import grey
from core.picture import Pixels

_SIDE = 1000
_POINTS = 12_000
_COARSE, _FINE = 0.25, 0.05
_LEAST = 0.1
_GAIN = 1.12
"""The best angle's profile must be this much sharper than the usual one's: noise, clouds and animals have no angle."""
_GAIN_OVER_UPRIGHT = 1.01
"""And so much sharper than the one of the picture as it is: what is nearer to upright cannot be measured."""

Points = NDArray[np.float32]


def skew(pixels: Pixels, limit: float) -> float:
    """Degrees, clockwise, by which the content is turned, within ±limit; 0 where no angle of 0.1 or more stands out.

    The edge of what is seen on a transparent ground is an edge too.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = straight(cv2.resize(premultiplied(pixels), target, interpolation=cv2.INTER_AREA).reshape(*target[::-1], -1))
    planes = [grey(filled(small)), small[:, :, 3:]][: 2 if small.shape[2] == 4 else 1]
    # Without the outermost pixels: across the picture's edge there is no change to be seen, whatever runs into it.
    across, down = (
        sum(np.abs(cv2.Sobel(plane, cv2.CV_32F, dx, dy))[1:-1, 1:-1] for plane in planes) for dx, dy in ((1, 0), (0, 1))
    )
    lying, standing = _strong(down, across), _strong(across, down)
    angles = np.arange(-limit, limit + _COARSE / 2, _COARSE)
    profiles = [_sharpness(lying, standing, angle) for angle in angles]
    best = int(np.argmax(profiles))
    if best in {0, len(angles) - 1} or profiles[best] <= _GAIN * float(np.median(profiles)):
        return 0.0  # at the limit it may still rise, towards an angle that is not looked for
    fine = angles[best] + np.arange(-_COARSE, _COARSE + _FINE / 2, _FINE)
    angle = float(max(fine, key=lambda angle: _sharpness(lying, standing, angle)))
    least = _GAIN_OVER_UPRIGHT * _sharpness(lying, standing, 0)
    return round(angle, 2) if abs(angle) >= _LEAST and _sharpness(lying, standing, angle) > least else 0.0


def _strong(along: NDArray[np.float32], other: NDArray[np.float32]) -> Points:
    """Coordinates (x; y) of the strong edges of one direction, 12,000 at most."""
    if not along.size:
        return np.empty((2, 0), np.float32)
    y, x = np.nonzero((along > other) & (along > along.mean() + along.std()))
    if len(x) > _POINTS:  # at random: every so-and-so-many point of a regular pattern makes a pattern of its own
        kept = np.random.default_rng(0).choice(len(x), _POINTS, replace=False, shuffle=False)
        x, y = x[kept], y[kept]
    return np.stack([x, y]).astype(np.float32)


def _sharpness(lying: Points, standing: Points, angle: float) -> float:
    """Energy of both profiles: edges of a straight line fall into one bin at its angle."""
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return _energy(lying[1] * cos - lying[0] * sin) + _energy(standing[0] * cos + standing[1] * sin)


def _energy(distances: NDArray[np.float32]) -> float:
    if not distances.size:
        return 0.0
    places = distances - distances.min()
    bins = places.astype(np.int32)
    after = np.bincount(bins, places - bins)
    profile = np.append(np.bincount(bins) - after, 0.0)
    profile[1:] += after
    return float(profile @ profile)
