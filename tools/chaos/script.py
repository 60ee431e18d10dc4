"""The changes of the sources, drawn from a seed, so that a run can be repeated."""

import random
from collections.abc import Iterator

import cv2
import msgspec
import numpy as np

_CONTENTS = 24
POISON_SHARE, BACK_SHARE, REPEAT_SHARE = 0.05, 0.3, 0.3


class Op(msgspec.Struct, frozen=True):
    """One change of a key; without content, a deletion."""

    key: str
    content: bytes | None


class Script(msgspec.Struct, frozen=True):
    """Changes of each key, in order, and how many of the deliveries are repeats."""

    ops: dict[str, list[Op]]
    repeats: int

    @property
    def changes(self) -> int:
        """The number of changes."""
        return sum(map(len, self.ops.values()))


def written(seed: int, objects: int, deliveries: int, deletes: float = 0.25) -> Script:
    """Draw a script: at least three in ten deliveries are repeats; the rest are changes, at least one per key.

    `deletes` is the fraction of deletions among later changes.
    """
    generator = random.Random(seed)
    pictures = [picture(number) for number in range(_CONTENTS)]
    keys = [f"{generator.choice(('a', 'b/c', 'keep'))}/{number:04d} ü+.jpg" for number in range(objects)]
    repeats = max(round(deliveries * REPEAT_SHARE) + 1, 1)
    ops = {key: [Op(key, _content(generator, pictures))] for key in keys}
    for key in generator.choices(keys, k=deliveries - repeats - objects):
        ops[key].append(_next(generator, pictures, key, ops[key], deletes))
    return Script(ops, repeats)


def _next(generator: random.Random, pictures: list[bytes], key: str, before: list[Op], deletes: float) -> Op:
    """The next change: a deletion, the previous content again, or other content."""
    if before[-1].content is not None and generator.random() < deletes:
        return Op(key, None)
    if len(before) > 1 and generator.random() < BACK_SHARE and before[-2].content is not None:
        return Op(key, before[-2].content)
    return Op(key, _content(generator, pictures))


def _content(generator: random.Random, pictures: list[bytes]) -> bytes:
    if generator.random() >= POISON_SHARE:
        return generator.choice(pictures)
    return generator.choice([b"", b"this is no picture", pictures[0][: len(pictures[0]) // 3]])


def picture(number: int) -> bytes:
    """A small JPEG, different for each number."""
    pixels = np.random.default_rng(number).integers(0, 255, (12 + number % 5, 16 + number % 7, 3), np.uint8)
    done, data = cv2.imencode(".jpg", cv2.resize(pixels, None, fx=4, fy=4))
    assert done
    return data.tobytes()


def orders(script: Script, seed: int) -> Iterator[str]:
    """Keys in the order of their changes, unless one is hurried."""
    generator = random.Random(seed + 1)
    keys = [key for key, ops in script.ops.items() for _ in ops]
    generator.shuffle(keys)
    yield from keys
