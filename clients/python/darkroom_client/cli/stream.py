"""`darkroom stream`: the frames of a video or a camera through a pipeline, a line of JSON each."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from darkroom_client.cli.common import Exit, UsageError, key_of, say, text_of
from darkroom_client.errors import BrokenResponseError
from darkroom_client.files import Writer
from darkroom_client.stream import Answer, FrameAnswer, MissingExtraError
from darkroom_client.stream import stream as send

_JPEG_QUALITY = 90


def stream(args: Namespace) -> int:
    """Send the frames, print what is said of each, and save the pictures."""
    folder = Path(args.output) if args.output else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    answer: Answer | None = args.answer or ("both" if folder else None)
    failed = 0
    frames = _frames(args.source, args.every, args.frames)
    try:
        key = key_of(args)
    except (OSError, ValueError) as error:
        raise UsageError(f"the key cannot be read: {text_of(error)}") from error
    try:
        for told in send(
            args.server, frames, args.pipeline, answer=answer, format=args.format, quality=args.quality, key=key,
            timeout=args.timeout,
        ):  # fmt: skip
            failed += told.problem is not None
            _print(told)
            if folder is not None and told.picture is not None:
                Writer(force=args.force).save(folder / f"{told.seq:06d}.{args.format or 'jpg'}", told.picture)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if failed:
        say(f"{failed} frames failed.")
    return Exit.SOME_FAILED if failed else Exit.DONE


def _print(told: FrameAnswer) -> None:
    shown: dict[str, Any] = {name: value for name, value in asdict(told).items() if name != "picture"}
    if told.problem is None:
        del shown["problem"]
    sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _frames(source: str, every: int, most: int | None) -> Iterator[bytes]:
    """The frames of a video file, of a camera by its number, or of an address that OpenCV opens; as JPEGs."""
    try:
        import cv2
    except ImportError:
        raise MissingExtraError from None
    is_camera = source.isdecimal() and not Path(source).exists()
    video = cv2.VideoCapture(int(source) if is_camera else source)
    try:
        if not video.isOpened():
            raise OSError(0, "no video that can be read", source)
        number = sent = 0
        while most is None or sent < most:
            done, pixels = video.read()
            if not done:
                return
            number += 1
            if (number - 1) % every == 0:
                sent += 1
                yield _encoded(cv2, pixels)
    finally:
        video.release()


def _encoded(cv2: Any, pixels: Any) -> bytes:
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise BrokenResponseError("A frame of the video cannot be encoded.")
    return bytes(data)
