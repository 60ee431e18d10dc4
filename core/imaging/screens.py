"""Threshold masks for ordered dithering: square tiles of numbers between 0 and 1, each rank once."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.float32]

_SIDE = 64
_SIGMA = 1.9


@lru_cache(maxsize=1)
def bayer() -> Mask:
    """8×8 dispersed dots. Source: Bayer, IEEE Int. Conf. on Communications, 1973."""
    ranks = np.zeros((1, 1))
    for _ in range(3):
        ranks = np.block([[4 * ranks, 4 * ranks + 2], [4 * ranks + 3, 4 * ranks + 1]])
    return _thresholds(ranks)


@lru_cache(maxsize=1)
def blue_noise() -> Mask:
    """64×64 blue noise, void and cluster. Source: Ulichney, Proc. SPIE 1913, 1993."""
    dots = np.zeros((_SIDE, _SIDE), np.bool_)
    dots.flat[np.random.default_rng(1).permutation(_SIDE**2)[: _SIDE**2 // 10]] = True
    _even_out(dots)
    ranks = np.zeros(dots.shape)
    energy, left = _energy(dots), dots.copy()
    for rank in reversed(range(int(dots.sum()))):
        spot = _tightest(energy, left)
        ranks.flat[spot], left.flat[spot] = rank, False
        energy -= _around(spot)
    energy, left = _energy(dots), dots.copy()
    for rank in range(int(dots.sum()), _SIDE**2):
        spot = _emptiest(energy, left)
        ranks.flat[spot], left.flat[spot] = rank, True
        energy += _around(spot)
    return _thresholds(ranks)


def _thresholds(ranks: NDArray[np.float64]) -> Mask:
    mask = ((ranks + 0.5) / ranks.size).astype(np.float32)
    mask.setflags(write=False)
    return mask


def _even_out(dots: NDArray[np.bool_]) -> None:
    """Move dots from the tightest cluster to the largest void until that is one place."""
    energy = _energy(dots)
    while True:
        source = _tightest(energy, dots)
        dots.flat[source] = False
        energy -= _around(source)
        target = _emptiest(energy, dots)
        dots.flat[target] = True
        energy += _around(target)
        if source == target:
            return


def _tightest(energy: NDArray[np.float64], dots: NDArray[np.bool_]) -> int:
    return int(np.argmax(np.where(dots, energy, -np.inf)))


def _emptiest(energy: NDArray[np.float64], dots: NDArray[np.bool_]) -> int:
    return int(np.argmin(np.where(dots, np.inf, energy)))


@lru_cache(maxsize=1)
def _bell() -> NDArray[np.float64]:
    """A Gaussian on the torus about (0, 0), repeated twice each way so that any shift is a slice of it."""
    distance = np.minimum(np.arange(_SIDE), _SIDE - np.arange(_SIDE))
    bell = np.exp(-(distance[:, None] ** 2 + distance**2) / (2 * _SIGMA**2))
    return np.tile(bell, (2, 2))


def _around(spot: int) -> NDArray[np.float64]:
    row, column = divmod(spot, _SIDE)
    return _bell()[_SIDE - row : 2 * _SIDE - row, _SIDE - column : 2 * _SIDE - column]


def _energy(dots: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.sum([_around(int(spot)) for spot in np.flatnonzero(dots)], axis=0)
