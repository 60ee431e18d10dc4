"""How the three are trained: the same seed, threads and steps give the same weights."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tools.layouts.drawing import ARROW, arrow, styled
from tools.layouts.networks import BINS, STRIDES, Gfl, Heatmaps, Style
from tools.shapes.outlines import LABELS
from tools.shapes.targets import Sample, Targets, sample, smaller, varied

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


# --- the detector --------------------------------------------------------------------------------------------------


def detector(steps: int, side: int, pictures: int, batch: int = 16, rate: float = 0.006) -> Gfl:
    """A detector that has learnt from so many pictures of so many pixels a side."""
    samples = [smaller(sample(seed), side) for seed in range(pictures)]
    print(f"{pictures} pictures drawn", flush=True)
    network = Gfl()
    fitted(network, _shapes(samples, side, batch), lambda raw, *wanted: _detecting(raw, side, *wanted), steps, rate)
    return network


def _shapes(samples: list[Sample], side: int, batch: int) -> Iterator[Batch]:
    rng, targets = np.random.default_rng(5), Targets(side)
    while True:
        chosen = [varied(samples[index], rng) for index in rng.integers(0, len(samples), batch)]
        owners = [targets.of(item.boxes) for item in chosen]
        boxes = [item.boxes[owner[owner >= 0]] for item, owner in zip(chosen, owners, strict=True)]
        classes = [item.classes[owner[owner >= 0]] for item, owner in zip(chosen, owners, strict=True)]
        yield (
            images_of([item.pixels for item in chosen]),
            torch.from_numpy(np.stack(owners)),
            torch.from_numpy(np.concatenate(boxes)),
            torch.from_numpy(np.concatenate(classes)),
        )


def points_of(side: int) -> tuple[Any, Any]:
    """The middles of all cells, N×2, and their strides, N×1."""
    grids = [np.stack(np.meshgrid(*[np.arange(side // s)] * 2), axis=-1).reshape(-1, 2) for s in STRIDES]
    middles = np.concatenate([(grid + 0.5) * s for s, grid in zip(STRIDES, grids, strict=True)])
    strides = np.concatenate([np.full((len(grid), 1), s) for s, grid in zip(STRIDES, grids, strict=True)])
    return torch.from_numpy(middles).float(), torch.from_numpy(strides).float()


def _detecting(raw: Any, side: int, owners: Any, boxes: Any, classes: Any) -> Any:
    """Quality focal loss, distribution focal loss and 1 - GIoU: https://arxiv.org/abs/2006.04388."""
    logits, sides = torch.cat(raw[:3], 1), torch.cat(raw[3:], 1)
    answers = owners >= 0
    middles, strides = (part.expand(len(owners), -1, -1)[answers] for part in points_of(side))
    count = max(1, len(boxes))
    chances = sides[answers].reshape(-1, 4, BINS)
    means = (chances.softmax(2) * torch.arange(BINS)).sum(2) * strides
    found = torch.cat([middles - means[:, :2], middles + means[:, 2:]], 1)
    overlap, general = _overlaps(found, boxes)
    wanted = torch.zeros_like(logits)
    rows = torch.zeros(len(boxes), len(LABELS))
    rows[torch.arange(len(boxes)), classes] = overlap.detach().clamp(0, 1)
    wanted[answers] = rows
    away = (logits.sigmoid() - wanted).abs() ** 2
    quality = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none") * away
    quality = quality[owners > -2].sum() / count
    exact = torch.cat([middles - boxes[:, :2], boxes[:, 2:] - middles], 1) / strides
    exact = exact.clamp(0, BINS - 1.01)
    low = exact.long()
    share = exact - low
    flat = chances.reshape(-1, BINS)
    left = functional.cross_entropy(flat, low.reshape(-1), reduction="none") * (1 - share).reshape(-1)
    right = functional.cross_entropy(flat, low.reshape(-1) + 1, reduction="none") * share.reshape(-1)
    return quality + 2 * (1 - general).sum() / count + 0.25 * (left + right).sum() / (4 * count)


def _overlaps(these: Any, those: Any) -> tuple[Any, Any]:
    """IoU and generalised IoU of pairs of boxes, https://arxiv.org/abs/1902.09630."""
    shared = (torch.minimum(these[:, 2:], those[:, 2:]) - torch.maximum(these[:, :2], those[:, :2])).clamp(min=0)
    around = torch.maximum(these[:, 2:], those[:, 2:]) - torch.minimum(these[:, :2], those[:, :2])
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (these, those)]
    inter, hull = shared.prod(1), around.prod(1)
    union = areas[0] + areas[1] - inter
    overlap = inter / (union + 1e-7)
    return overlap, overlap - (hull - union) / (hull + 1e-7)


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
