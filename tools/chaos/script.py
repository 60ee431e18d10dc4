"""What happens to the sources: drawn from a seed, so that a run can be told by its number."""

import random
from collections.abc import Iterator

import cv2
import msgspec
import numpy as np

_CONTENTS = 24
POISON_SHARE, BACK_SHARE, REPEAT_SHARE = 0.05, 0.3, 0.3


class Op(msgspec.Struct, frozen=True):
    """One change of a key; without content it is deleted."""

    key: str
    content: bytes | None


class Script(msgspec.Struct, frozen=True):
    """Changes of each key, in order, and how many of the deliveries are repeats."""

    ops: dict[str, list[Op]]
    repeats: int

    @property
    def changes(self) -> int:
        """How many changes there are."""
        return sum(map(len, self.ops.values()))


def written(seed: int, objects: int, deliveries: int, deletes: float = 0.25) -> Script:
    """At least three in ten deliveries are repeats; the rest are changes, at least one a key.

    `deletes` is the share of later changes that delete.
    """
    dice = random.Random(seed)
    pictures = [picture(number) for number in range(_CONTENTS)]
    keys = [f"{dice.choice(('a', 'b/c', 'keep'))}/{number:04d} ü+.jpg" for number in range(objects)]
    repeats = max(round(deliveries * REPEAT_SHARE) + 1, 1)
    ops = {key: [Op(key, _content(dice, pictures))] for key in keys}
    for key in dice.choices(keys, k=deliveries - repeats - objects):
        ops[key].append(_next(dice, pictures, key, ops[key], deletes))
    return Script(ops, repeats)


def _next(dice: random.Random, pictures: list[bytes], key: str, before: list[Op], deletes: float) -> Op:
    """Deleted, back to what it was before, or something else."""
    if before[-1].content is not None and dice.random() < deletes:
        return Op(key, None)
    if len(before) > 1 and dice.random() < BACK_SHARE and before[-2].content is not None:
        return Op(key, before[-2].content)
    return Op(key, _content(dice, pictures))


def _content(dice: random.Random, pictures: list[bytes]) -> bytes:
    if dice.random() >= POISON_SHARE:
        return dice.choice(pictures)
    return dice.choice([b"", b"this is no picture", pictures[0][: len(pictures[0]) // 3]])


def picture(number: int) -> bytes:
    """A small JPEG, each number another one."""
    pixels = np.random.default_rng(number).integers(0, 255, (12 + number % 5, 16 + number % 7, 3), np.uint8)
    done, data = cv2.imencode(".jpg", cv2.resize(pixels, None, fx=4, fy=4))
    assert done
    return data.tobytes()


def orders(script: Script, seed: int) -> Iterator[str]:
    """Keys in the order in which their changes are made, unless one is hurried on."""
    dice = random.Random(seed + 1)
    keys = [key for key, ops in script.ops.items() for _ in ops]
    dice.shuffle(keys)
    yield from keys
