"""Training with torch: the same seeds, threads and steps give the same weights."""

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

# How long threads spin before they sleep, read when torch loads. Without a bound a step takes ten times as long beside
# other work; without any spinning a fifth longer on an idle machine.
os.environ.setdefault("GOMP_SPINCOUNT", "20000")

import numpy as np
import torch
from torch.nn import functional

from tools.shapes.curve import Point
from tools.shapes.evaluation import cells
from tools.shapes.network import network
from tools.shapes.outlines import LABELS
from tools.shapes.targets import Sample, Targets, smaller, varied
from tools.shapes.writing import EPSILON, Weights

_MEMORY, _AVERAGE = 0.03, 0.995
"""How fast running statistics follow, and how slowly the averaged weights do."""
_DECAY, _BOX, _RARE = 0.02, 5.0, -4.6
"""Weight decay; weight of the boxes' loss; objectness at the start: 1 %."""


class Stage(NamedTuple):
    """So many steps on batches of pictures of so many pixels a side."""

    side: int
    steps: int
    batch: int


class Plan(NamedTuple):
    """How long and how fast: small pictures first, since they teach as much in a fraction of the time.

    `rate` is the peak of the learning rate.
    """

    stages: tuple[Stage, ...]
    rate: float
    seed: int

    @property
    def steps(self) -> int:
        """Of all stages."""
        return sum(stage.steps for stage in self.stages)


class Learner:
    """The network's layers on tensors that learn; made when a layer is first asked for."""

    def __init__(self, seed: int) -> None:
        self._random = torch.Generator().manual_seed(seed)
        self.learnt: dict[str, Any] = {}
        self.running: dict[str, Any] = {}

    def conv(self, name: str, picture: Any, channels: int, kernel: int = 3, stride: int = 1) -> Any:
        """Convolution, batch normalisation, ReLU."""
        weight = self._weight(name, picture.shape[1], channels, kernel)
        plain = functional.conv2d(picture, weight, None, stride, kernel // 2)
        return functional.relu(self._normal(name, plain), inplace=True)

    def shared(self, name: str, pictures: list[Any], channels: int) -> list[Any]:
        """The same convolution; its results are normalised as one picture, so that one set of statistics serves."""
        weight = self._weight(name, pictures[0].shape[1], channels, 3)
        plain = [functional.conv2d(picture, weight, None, 1, 1) for picture in pictures]
        joint = torch.cat([result.flatten(2) for result in plain], dim=2)
        normal = functional.relu(self._normal(name, joint), inplace=True)
        parts = normal.split([result[0, 0].numel() for result in plain], dim=2)
        return [part.reshape(result.shape) for part, result in zip(parts, plain, strict=True)]

    def out(self, name: str, picture: Any, channels: int) -> Any:
        """1×1 convolution with a bias; objectness starts low."""
        bias = torch.zeros(channels)
        bias[4] = _RARE
        weight = self._weight(name, picture.shape[1], channels, 1, gain=0.1)
        return functional.conv2d(picture, weight, self._learnt(f"{name}.bias", bias))

    def doubled(self, picture: Any) -> Any:
        """Each pixel four times."""
        return functional.interpolate(picture, scale_factor=2, mode="nearest")

    def _normal(self, name: str, plain: Any) -> Any:
        channels = plain.shape[1]
        scale = self._learnt(f"{name}.scale", torch.ones(channels))
        bias = self._learnt(f"{name}.bias", torch.zeros(channels))
        mean = self.running.setdefault(f"{name}.mean", torch.zeros(channels))
        variance = self.running.setdefault(f"{name}.variance", torch.ones(channels))
        return functional.batch_norm(plain, mean, variance, scale, bias, True, _MEMORY, EPSILON)

    def _weight(self, name: str, inputs: int, outputs: int, kernel: int, gain: float = 1.0) -> Any:
        key = f"{name}.weight"
        if key not in self.learnt:
            deviation = gain * math.sqrt(2 / (inputs * kernel * kernel))
            random = torch.randn(outputs, inputs, kernel, kernel, generator=self._random)
            self._learnt(key, random * deviation)
        return self.learnt[key]

    def _learnt(self, key: str, start: Any) -> Any:
        return self.learnt.setdefault(key, start.requires_grad_())


def trained(samples: Sequence[Sample], plan: Plan, report: Callable[[Point], None]) -> Weights:
    """The averaged weights of the last steps; `report` is called with the losses forty times on the way."""
    _seed_everything(plan.seed)
    learner = Learner(plan.seed)
    batches = _batches(samples, plan)
    _raw(learner, torch.zeros(1, 3, 64, 64))  # makes the layers
    learner.running.clear()
    optimizer, schedule = _optimizer(learner, plan)
    average = {key: value.detach().clone() for key, value in learner.learnt.items()}
    started, sums = time.monotonic(), np.zeros(3)
    every = max(1, plan.steps // 40)
    for step in range(1, plan.steps + 1):
        images, *wanted = next(batches)
        losses = _losses(_raw(learner, images), images.shape[-1], *wanted)
        optimizer.zero_grad(set_to_none=True)
        (_BOX * losses[0] + losses[1] + losses[2]).backward()
        torch.nn.utils.clip_grad_norm_(list(learner.learnt.values()), 10.0)
        optimizer.step()
        schedule.step()
        _follow(average, learner.learnt, min(_AVERAGE, step / (step + 10)))
        sums += [loss.item() for loss in losses]
        if step % every == 0 or step == plan.steps:
            point = Point(step, time.monotonic() - started, *(sums / ((step - 1) % every + 1)).tolist())
            sums[:] = 0
            report(point)
    return _weights(average, learner.running)


def _seed_everything(seed: int) -> None:
    torch.manual_seed(seed)
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)


def _optimizer(learner: Learner, plan: Plan) -> tuple[Any, Any]:
    """AdamW that decays only what multiplies pixels, one cycle of the learning rate."""
    heavy = [value for key, value in learner.learnt.items() if key.endswith(".weight")]
    light = [value for key, value in learner.learnt.items() if not key.endswith(".weight")]
    groups = [{"params": heavy, "weight_decay": _DECAY}, {"params": light, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=plan.rate, fused=True)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(
        optimizer, plan.rate, plan.steps + 1, pct_start=0.04, final_div_factor=100
    )


def _follow(average: dict[str, Any], learnt: dict[str, Any], weight: float) -> None:
    with torch.no_grad():
        for key, value in average.items():
            value.lerp_(learnt[key], 1 - weight)


def _weights(average: dict[str, Any], running: dict[str, Any]) -> Weights:
    return {key: value.detach().numpy().copy() for key, value in {**average, **running}.items()}


def _batches(samples: Sequence[Sample], plan: Plan) -> Iterator[tuple[Any, ...]]:
    """Batches one after the other, each made while the one before it is learnt."""
    with ThreadPoolExecutor(1) as pool:
        made = _made(samples, plan)
        ahead = pool.submit(next, made, None)
        for _ in range(plan.steps):
            batch, ahead = ahead.result(), pool.submit(next, made, None)
            yield batch or ()


def _made(samples: Sequence[Sample], plan: Plan) -> Iterator[tuple[Any, ...]]:
    """Images B×3×H×W from 0 to 1; for each cell whether it matters and answers; boxes and classes of those."""
    rng = np.random.default_rng(plan.seed)
    for stage in plan.stages:
        targets, sized = Targets(stage.side), [smaller(item, stage.side) for item in samples]
        order = _endless(len(samples), rng)
        for _ in range(stage.steps):
            yield _batch([varied(sized[next(order)], rng) for _ in range(stage.batch)], targets)


def _endless(count: int, rng: np.random.Generator) -> Iterator[int]:
    """Each of so many once in a random order, again and again."""
    while True:
        yield from rng.permutation(count).tolist()


def _batch(chosen: list[Sample], targets: Targets) -> tuple[Any, ...]:
    # Channels stay last in memory: a third faster.
    images = torch.from_numpy(np.stack([item.pixels for item in chosen])).permute(0, 3, 1, 2)
    owners = [targets.of(item.boxes) for item in chosen]
    matters, answers = np.stack(owners) > -2, np.stack(owners) >= 0
    boxes = np.concatenate([item.boxes[owner[owner >= 0]] for item, owner in zip(chosen, owners, strict=True)])
    classes = np.concatenate([item.classes[owner[owner >= 0]] for item, owner in zip(chosen, owners, strict=True)])
    return images.float() / 255, *(torch.from_numpy(array) for array in (matters, answers, boxes, classes))


def _raw(learner: Learner, images: Any) -> Any:
    """The head of all strides, B×N×(5 + classes)."""
    heads = network(learner, images, len(LABELS))
    return torch.cat([head.flatten(2) for head in heads], dim=2).transpose(1, 2)


def _losses(raw: Any, side: int, matters: Any, answers: Any, boxes: Any, classes: Any) -> tuple[Any, Any, Any]:
    """Of boxes (1 - GIoU), objectness (towards the IoU) and classes, each in parts of the answering cells."""
    corners, strides = (torch.from_numpy(array).expand(len(raw), -1, -1)[answers] for array in cells(side))
    chosen = raw[answers]
    count = max(1, len(chosen))
    middle, half = (chosen[:, :2] + corners) * strides, torch.exp(chosen[:, 2:4].clamp(max=6)) * strides / 2
    overlap, general = _overlaps(torch.cat([middle - half, middle + half], dim=1), boxes)
    wanted = torch.zeros(answers.shape)
    wanted[answers] = overlap.detach().clamp(0, 1)
    objectness = functional.binary_cross_entropy_with_logits(raw[:, :, 4][matters], wanted[matters], reduction="sum")
    named = functional.cross_entropy(chosen[:, 5:], classes, reduction="sum")
    return (1 - general).sum() / count, objectness / count, named / count


def _overlaps(these: Any, those: Any) -> tuple[Any, Any]:
    """IoU and generalised IoU of pairs of boxes, https://arxiv.org/abs/1902.09630."""
    shared = (torch.minimum(these[:, 2:], those[:, 2:]) - torch.maximum(these[:, :2], those[:, :2])).clamp(min=0)
    around = torch.maximum(these[:, 2:], those[:, 2:]) - torch.minimum(these[:, :2], those[:, :2])
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (these, those)]
    inter, hull = shared.prod(1), around.prod(1)
    union = areas[0] + areas[1] - inter
    overlap = inter / (union + 1e-7)
    return overlap, overlap - (hull - union) / (hull + 1e-7)
