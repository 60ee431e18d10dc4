"""The model card: what the detector is for, how it was made, how good it is."""

from typing import NamedTuple

from tools.shapes.evaluation import HIT, SCORE, SIDE, Figures
from tools.shapes.outlines import LABELS


class Facts(NamedTuple):
    """What one training gave. `bytes` of both files; `parameters` of all convolutions.

    `others`: figures under other conditions, by what those are. `stages`: pixels a side, steps, pictures a step.
    """

    pictures: int
    stages: tuple[tuple[int, int, int], ...]
    parameters: int
    bytes: int
    measured: int
    figures: Figures
    others: dict[str, Figures]


def card(facts: Facts) -> str:
    """The card as Markdown."""
    whole = facts.figures
    return _TEXT.format(
        labels=", ".join(LABELS),
        side=SIDE,
        width=5 + len(LABELS),
        score=SCORE,
        hit=HIT,
        stages=", then ".join(f"{steps:,} steps of {batch} at {side}×{side}" for side, steps, batch in facts.stages),
        rows="\n".join(_row(index, whole) for index in range(len(LABELS))),
        others="".join(f"| {name} | {one.recall:.3f} | {one.precision:.3f} |\n" for name, one in facts.others.items()),
        recall=f"{whole.recall:.3f}",
        precision=f"{whole.precision:.3f}",
        overlap=f"{whole.overlap:.2f}",
        **{name: f"{value:,}" for name, value in facts._asdict().items() if isinstance(value, int)},
    )


def _row(index: int, figures: Figures) -> str:
    return f"| {LABELS[index]} | {figures.recalls[index]:.3f} | {figures.precisions[index]:.3f} |"


_TEXT = """\
# shapes: a detector of drawn shapes

Written by `make train-shapes`; do not edit. It is what `detect` runs where no model is named, so that a fresh clone
detects something without a download. Apache-2.0, like everything here: the network, its training and every picture it
has seen are code of this repository (`tools/train_shapes.py`, `tools/shapes/`), and no weights or pictures of others
went into it.

| | |
|---|---|
| task | detect: {labels} |
| input | `image` f32 1×3×{side}×{side}, BGR, 0 to 255; letterboxed at the top left, filled with 114, scaled by area |
| output | `detections` f32 1×N×{width}, YOLOX's head: strides 8, 16, 32, boxes not yet decoded, scores 0 to 1 |
| size | {parameters} parameters, {bytes} bytes as IR in FP16 |

## Figures

{measured} pictures of seeds that training never saw: 320×240 to 1600×1200 pixels, width and height each on its own; 1
to 6 shapes of 10 to 60 % of the short side at any turn, half of them outlined; on plain, gradient and noisy ground. A
hit has the right class and IoU ≥ {hit}; boxes count from a score of {score}. The hits' mean IoU is {overlap}.

| class | recall | precision |
|---|---|---|
{rows}
| all | {recall} | {precision} |
{others}
![losses while training](curve.svg)

Trained from scratch on {pictures} drawn pictures: {stages} pixels. Each picture is turned, flipped and recoloured anew
each time; the weights are the running average of the last steps. Seeds and threads are fixed.

The recipe and the score were chosen by looking at these 200 pictures, so they are slightly optimistic. The tests
require 0.95 on other pictures (`tests/core/models/test_shapes.py`).

## What counts as what

- A turned square is a square and a turned cross a cross: there is no "diamond" and no ×. Triangles may be squat or
  steep; other shapes are at most a tenth wider or higher than their model; a long rectangle or ellipse is no class.
- A box holds the stroke of an outlined shape. Filled and outlined are one class.
- Shapes lie inside the picture and differ from the ground by 60 levels of some channel. Two boxes share at most a tenth
  of the smaller one.
- 1600×240 is among the sizes: there a shape of 10 % is 5 pixels for the network. Most misses are such.

## Limits

It detects flat drawings only; results on photographs are meaningless. Shapes under 10 pixels of the network's input
(3 % of the picture's longer side) are often missed or misnamed.
"""
