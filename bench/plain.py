"""The plain loop that the server is measured against: decode, filter, encode, by OpenCV in two processes."""

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from typing import Any, NamedTuple

import cv2
import numpy as np

from core.picture import Pixels

PROCESSES = 2


def _blur(pixels: Pixels) -> Pixels:
    return cv2.GaussianBlur(pixels, (15, 15), 0)


def _resize(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    return cv2.resize(pixels, (800, round(height * 800 / width)), interpolation=cv2.INTER_AREA)


def _grayscale(pixels: Pixels) -> Pixels:
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)


FILTERS: dict[str, Callable[[Pixels], Pixels]] = {"blur:15": _blur, "resize:800": _resize, "grayscale": _grayscale}


def once(pipeline: str, data: bytes) -> bytes:
    """One picture through the loop's body."""
    pixels: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return bytes(cv2.imencode(".jpg", FILTERS[pipeline](pixels), [cv2.IMWRITE_JPEG_QUALITY, 85])[1])


class Rate(NamedTuple):
    """Pictures a second, and the milliseconds of one core that a picture takes."""

    per_second: float
    core_ms: float


def load(pipeline: str, pictures: list[bytes], seconds: float) -> Rate:
    """The loop in PROCESSES processes."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(PROCESSES)
    counts, rates, used = (context.Array("d", PROCESSES) for _ in range(3))
    arguments = (pipeline, pictures, seconds, barrier, counts, rates, used)
    processes = [context.Process(target=_loop, args=(*arguments, number)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return Rate(sum(rates[:]), sum(used[:]) / sum(counts[:]) * 1e3)


def _loop(
    pipeline: str, pictures: list[bytes], seconds: float, barrier: Barrier,
    counts: list[float], rates: list[float], used: list[float], number: int,
) -> None:  # fmt: skip
    cv2.setNumThreads(1)
    once(pipeline, pictures[0])
    barrier.wait()
    began, cpu, count = time.perf_counter(), time.process_time(), 0
    while (spent := time.perf_counter() - began) < seconds:
        once(pipeline, pictures[(count + number) % len(pictures)])
        count += 1
    counts[number], rates[number], used[number] = count, count / spent, time.process_time() - cpu
