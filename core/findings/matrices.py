"""Points and maps under 3×3 matrices in edge coordinates: pixel i covers [i, i + 1), its centre is i + 0.5."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]
"""Rows of (x, y)."""


def project(points: Any, matrix: Matrix) -> Points:
    """Points under a matrix; those whose third coordinate is not positive lie nowhere and come out anywhere."""
    moved = np.column_stack([np.asarray(points, np.float64).reshape(-1, 2), np.ones(len(points))]) @ matrix.T
    return moved[:, :2] / np.where(np.abs(moved[:, 2:]) > 1e-12, moved[:, 2:], 1e-12)


def inverse(matrix: Matrix) -> Matrix:
    """The matrix that leads back."""
    return np.linalg.inv(matrix).astype(np.float64)


def centres(matrix: Matrix) -> Matrix:
    """Edge coordinates to OpenCV's, in which a pixel's centre is a whole number."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]], np.float64)
    return np.linalg.inv(half) @ matrix @ half


def shift(across: float, down: float) -> Matrix:
    """The matrix that moves to the right and down, pixels."""
    return np.array([[1, 0, across], [0, 1, down], [0, 0, 1]], np.float64)


def warped(
    plane: NDArray[np.uint8], matrix: Matrix, width: int, height: int, *, outside: int, smooth: bool = False
) -> NDArray[np.uint8]:
    """A plane (height, width) under a matrix, each pixel the nearest one (or mixed where `smooth`).

    What nothing covers is `outside`.
    """
    options: Any = {
        "flags": cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST,
        "borderMode": cv2.BORDER_CONSTANT,
        "borderValue": (outside,),
    }
    forward = centres(matrix)
    if np.allclose(forward[2], (0, 0, 1)):
        return cv2.warpAffine(plane, forward[:2], (width, height), **options)
    return cv2.warpPerspective(plane, forward, (width, height), **options)
