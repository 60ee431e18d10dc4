"""The sample pictures of a new gallery: views of the documents' street, and its shapes.

python -m tools.samples writes functions/pages/static/samples
"""

from pathlib import Path

import cv2

from core import codecs
from core.limits import Deadline, Limits
from core.output import Output
from core.pipeline import Pipeline
from core.process import process
from core.run import Context
from tools.scene import drawing

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "functions" / "pages" / "static" / "samples"
VIEWS = {
    "street.jpg": "resize:1440,960",
    "five houses.jpg": "crop:1400,620,x=240,y=380/resize:1120",
    "evening sky.webp": "crop:1920,720,x=0,y=0/resize:960/saturation:170",
    "tree.jpg": "crop:560,700,x=0,y=340/resize:400",
    "sign in black and white.png": "crop:560,280,x=800,y=700/grayscale/contrast:160",
    "cartoon.webp": "resize:720/cartoon/vignette",
}
"""What each sample is made by, of the drawing of 1920 × 1280 pixels."""


def samples() -> dict[str, bytes]:
    """The files by name."""
    street = cv2.imencode(".png", drawing())[1].tobytes()
    made = {name: _made(street, pipeline, Path(name).suffix[1:]) for name, pipeline in VIEWS.items()}
    return {**made, "shapes.png": (ROOT / "docs" / "img" / "shapes.png").read_bytes()}


def _made(data: bytes, pipeline: str, extension: str) -> bytes:
    limits = Limits()
    context = Context(limits, Deadline(60), lambda _: b"")  # no step names a second picture
    output = Output(pipeline=Pipeline.parse(pipeline), format={"jpg": "jpeg"}.get(extension, extension))
    return next(process(data, codecs.probe(data, limits), [output], context)).data


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for name, data in samples().items():
        (FOLDER / name).write_bytes(data)
        print(f"{name}: {len(data)} bytes")


if __name__ == "__main__":
    main()
