"""How they are trained: the same seed, threads and steps give the same weights."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tools.layouts.drawing import ARROW, arrow, styled
from tools.layouts.networks import Heatmaps, Style

Batch = tuple[Any, ...]
_SIGMA = 1.5
"""Width of a point's hill, pixels of the map."""


def fitted(network: nn.Module, batches: Iterator[Batch], loss: Callable[..., Any], steps: int, rate: float) -> None:
    """Train: AdamW, one cycle of the learning rate."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps + 1, pct_start=0.1)
    network.train()
    for step in range(1, steps + 1):
        images, *wanted = next(batches)
        value = loss(network(images), *wanted)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimizer.step()
        schedule.step()
        if step % max(1, steps // 40) == 0:
            print(f"step {step}: loss {value.item():.4f}", flush=True)
    network.eval()


def seeded(seed: int, threads: int) -> None:
    """Everything that is random, and on how many threads."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)


def images_of(pictures: list[Any]) -> Any:
    """B×3×H×W floats, 0 to 255."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float()


# --- an arrow's points ---------------------------------------------------------------------------------------------


def heatmaps(steps: int, pictures: int, batch: int = 24, rate: float = 0.004) -> Heatmaps:
    """A network that has learnt where arrows' points are."""
    network = Heatmaps()
    fitted(network, _arrows(pictures, batch), lambda maps, hills: functional.mse_loss(maps, hills) * 100, steps, rate)
    return network


def _arrows(pictures: int, batch: int) -> Iterator[Batch]:
    drawn = [arrow(seed) for seed in range(pictures)]
    rng, places = np.random.default_rng(6), np.arange(ARROW // 4)
    while True:
        chosen = [drawn[index] for index in rng.integers(0, pictures, batch)]
        points = (np.stack([item.points for item in chosen]) - 0.5) / 4  # a pixel's number in the map
        across, down = (np.exp(-((points[..., axis, None] - places) ** 2) / (2 * _SIGMA**2)) for axis in (0, 1))
        hills = torch.from_numpy(down[..., :, None] * across[..., None, :]).float()
        yield images_of([item.pixels[:, :, rng.permutation(3)] for item in chosen]), hills


# --- attributes ----------------------------------------------------------------------------------------------------


def style(steps: int, pictures: int, batch: int = 48, rate: float = 0.01) -> Style:
    """A network that has learnt a shape's style and lightness."""
    network = Style()
    fitted(network, _styled(pictures, batch), _styling, steps, rate)
    return network


def _styled(pictures: int, batch: int) -> Iterator[Batch]:
    drawn = [styled(seed) for seed in range(pictures)]
    rng = np.random.default_rng(8)
    while True:
        chosen = [drawn[index] for index in rng.integers(0, pictures, batch)]
        light = torch.tensor([item.lightness for item in chosen])
        styles = torch.tensor([item.style for item in chosen])
        yield images_of([item.pixels[:, :, rng.permutation(3)] for item in chosen]), light, styles


def _styling(outputs: Any, light: Any, styles: Any) -> Any:
    lightness, logits = (part.flatten(1) for part in outputs)
    return functional.cross_entropy(logits, styles) + 10 * functional.mse_loss(lightness[:, 0], light)
