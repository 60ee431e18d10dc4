"""The commands of the command line: summary, examples and options."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from darkroom_client.cli.argument_types import at_least_one, labels, option, second, share, until

IMAGE_VERBS = ("list", "put", "get", "rm", "similar")
TASKS = ("detect", "faces", "persons", "segment", "classify")


@dataclass(frozen=True)
class Command:
    """One command. `usage` replaces argparse's own, `offers` are further words for completion."""

    summary: str
    examples: str
    fill: Callable[[argparse.ArgumentParser], None]
    usage: str | None = None
    offers: tuple[str, ...] = ()


_RUN = """\
examples:
  darkroom run blur:15 photo.jpg                      writes photo-darkroom.jpg beside it
  darkroom run blur:15/sepia photo.jpg -o out.webp    the suffix of -o sets the format
  darkroom run resize:800,600,fit=cover *.jpg -o small/ -f webp -q 70
  darkroom run grayscale holiday/ -o grey/ -j 8       a folder with its subfolders, eight at a time
  darkroom run palette holiday/ --json                one line of JSON for each picture of a folder
  darkroom run sepia gs://photos/a.jpg -o s3://small/a.webp     the server reads and writes
  darkroom run palette/sharpness *.jpg --json         one line of JSON per picture
  darkroom run watermark:logo a.jpg --picture logo=logo.png
  darkroom run "" photo.heic -o photo.jpg             no steps: only converts the format
  cat photo.jpg | darkroom run sepia - > out.jpg      - is stdin; the result goes to stdout

A pipeline is a list of steps separated by /, each with optional arguments: name:value,value,key=value.
`darkroom filters` lists the names. Inside a value, write / , = + % and space as %2F %2C %3D %2B %25 %20.
"""

_DETECT = """\
examples:
  darkroom detect photo.jpg                           a table of what is in it, and where
  darkroom detect photo.jpg --draw seen.jpg           the same, also drawn over a copy
  darkroom detect street.jpg --model yolox_nano --classes person,dog --score 0.4
  darkroom detect group.jpg --task faces              faces; also persons, segment, classify
  darkroom detect holiday/ --draw seen/{stem}.webp    a folder; {stem} is each picture's own name
  darkroom detect *.jpg --json                        one line of JSON per picture, for programs
  cat photo.jpg | darkroom detect -                   - is stdin

Boxes are x, y, width and height in pixels, from the upper left corner; scores are 0 to 1.
`darkroom models` lists the models, and `darkroom models NAME` the labels of one.
This runs the steps `detect` and `draw`; other steps use findings too, as in darkroom run detect/redact photo.jpg.
"""

_EXPLAIN = """\
examples:
  darkroom explain resize:800/blur:15 photo.jpg       how the server would run it, and what it would cost
  darkroom explain resize:800 photo.jpg -f webp --json

The picture is sent, and nothing is made of it. Times are estimates, in milliseconds of one core of the machine that
costs were calibrated on.
"""

_STREAM = """\
examples:
  darkroom stream street.mp4 detect/track             a line of JSON for each frame
  darkroom stream 0 faces/track                       the first camera, until Ctrl-C
  darkroom stream street.mp4 detect/track/draw -o drawn/
  darkroom stream rtsp://camera/live detect/count --every 30
  ffmpeg -framerate 30 -i drawn/%06d.jpg drawn.mp4    a video of the pictures again

Frames share one stream: `track` gives objects numbers that they keep. It needs pip install 'darkroom-client[video]'.
"""

_MODELS = """\
examples:
  darkroom models                     every model: its task, state, size and licence
  darkroom models yolox_nano          one in full, with its labels
  darkroom models load yolox_nano     fetch it if it is absent, and load it
  darkroom models unload yolox_nano   free its memory

states: absent (its files are not on the server), cached (they are), loading, ready (loaded), failed.
"""

_IMAGES = """\
examples:
  darkroom images list                                the newest 50 on the server, as a table
  darkroom images list min_width=1920 format=jpeg sort=-taken
  darkroom images list label=person after=2024-05-01 --json
  darkroom images put *.jpg                           store pictures
  darkroom images get ID                              the details of one
  darkroom images get ID -o photo.jpg                 its bytes, as they were sent
  darkroom images similar ID limit=10                 the most similar ones, nearest first
  darkroom images rm ID ID                            delete pictures and everything made from them

list and similar take KEY=VALUE: min_width, max_width, min_height, max_height, format, label, camera, name, after,
before, sort (added, taken, width, height, bytes, name; - before it for the largest first), limit, cursor.
With --json there is one line of JSON per picture.
"""

_SIGN = """\
examples:
  darkroom sign https://photos.example/v1/render/resize:800/-/gs/photos/a.jpg?format=webp
  darkroom sign --expires 7d https://photos.example/v1/images/ID/original
  darkroom sign --expires 2000000000 /v1/images/ID/resize:320

Whoever holds a signed link may read what it names, until it expires. DARKROOM_SIGNING_KEY in the environment is the
server's signing key; nothing is sent to the server.
"""

_FILTERS = """\
examples:
  darkroom filters            every filter, measure and vision step
  darkroom filters resize     its parameters, units and defaults, and a command to try
"""

_FORMATS = """\
example:
  darkroom formats            what the server reads and writes, and the options of each format
"""

_VERSION = """\
examples:
  darkroom version            client and server
  darkroom --version          client only, without contacting a server
"""

_COMPLETIONS = """\
examples:
  bash:  darkroom completions bash > ~/.local/share/bash-completion/completions/darkroom
  zsh:   darkroom completions zsh > "${fpath[1]}/_darkroom"
  fish:  darkroom completions fish > ~/.config/fish/completions/darkroom.fish
"""


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pipeline", metavar="PIPELINE", help="the steps, such as resize:1280/blur:15/sepia")
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="+",
        help="pictures, folders, addresses that the server reads (gs://, s3://, https://), or - for stdin",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="a file; a folder when it ends in /, exists, or there are several pictures; an address where the server"
        " stores it (gs://, s3://); or - for stdout"
        " (default: NAME-darkroom.EXT beside the picture)",
    )
    _format_options(parser)
    parser.add_argument("-q", "--quality", type=int, help="of the encoder, 1 to 100")
    parser.add_argument(
        "-O",
        "--option",
        metavar="KEY=VALUE",
        type=option,
        action="append",
        default=[],
        help="another option, such as keep=exif",
    )
    _picture_option(parser)
    parser.add_argument("-j", "--jobs", metavar="N", type=at_least_one, default=4, help="pictures at a time (4)")
    _existing_options(parser)
    parser.add_argument("--quiet", action="store_true", help="print only what failed")


def _format_options(parser: argparse.ArgumentParser) -> None:
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "-f", "--format", help="jpeg, png, webp, avif, … (default: by the suffix of OUT, else the server's choice)"
    )
    kind.add_argument("--json", action="store_true", help="findings instead of a picture, printed unless -o is given")


def _picture_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--picture",
        metavar="NAME=FILE",
        type=second,
        action="append",
        default=[],
        help="a second picture the pipeline names",
    )


def _existing_options(parser: argparse.ArgumentParser) -> None:
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--force", action="store_true", help="overwrite existing files")
    existing.add_argument(
        "--skip-existing",
        action="store_true",
        help="leave out pictures whose result is there; so it is with folders, unless --force is given",
    )


def _detect_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="+",
        help="pictures, folders, addresses that the server reads (gs://, s3://, https://), or - for stdin",
    )
    parser.add_argument("--task", choices=TASKS, default="detect", help="what to look for (detect)")
    parser.add_argument("--model", metavar="NAME", help="the model to use (default: the server's choice for the task)")
    parser.add_argument(
        "--classes", metavar="LABEL,LABEL", type=labels, default=(), help="labels to look for (default: all)"
    )
    parser.add_argument("--score", metavar="SCORE", type=share, help="minimum score, 0 to 1 (default: the model's own)")
    parser.add_argument(
        "--draw",
        metavar="OUT",
        help="draw the findings over a copy: a file; a folder when it ends in /, exists, or there are several"
        " pictures; or a name with {stem} in it",
    )
    parser.add_argument("--json", action="store_true", help="findings as JSON instead of a table, one line per picture")
    parser.add_argument("-j", "--jobs", metavar="N", type=at_least_one, default=4, help="pictures at a time (4)")
    parser.add_argument("--force", action="store_true", help="overwrite existing files")
    parser.add_argument("--quiet", action="store_true", help="print only findings and what failed")


def _explain_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pipeline", metavar="PIPELINE", help="the steps, such as resize:1280/blur:15/sepia")
    parser.add_argument("input", metavar="INPUT", help="a picture, an address that the server reads, or - for stdin")
    parser.add_argument("-f", "--format", help="of the result (default: the server's choice)")
    _picture_option(parser)
    parser.add_argument("--json", action="store_true", help="the server's JSON, for programs")


def _stream_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="a video file, the number of a camera, or a stream's URL")
    parser.add_argument("pipeline", metavar="PIPELINE", help="the steps, such as detect/track")
    parser.add_argument("-o", "--output", metavar="DIR", help="folder for the pictures: 000001.jpg and so on")
    parser.add_argument(
        "--answer",
        choices=["findings", "picture", "both"],
        help="what the server answers (default: both with -o or where the pipeline changes pictures, else findings)",
    )
    parser.add_argument("-f", "--format", help="of the pictures: jpeg, png, webp, … (jpeg)")
    parser.add_argument("-q", "--quality", type=int, help="of the encoder, 1 to 100")
    parser.add_argument("--every", metavar="N", type=at_least_one, default=1, help="send every Nth frame (1)")
    parser.add_argument("--frames", metavar="N", type=at_least_one, help="end after so many frames")
    parser.add_argument("--force", action="store_true", help="overwrite existing files")


def _models_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", metavar="NAME", nargs="*", help="one model, in full; or to load or unload")


def _sign_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("urls", metavar="URL", nargs="+", help="absolute, or beginning with its path")
    parser.add_argument(
        "--expires",
        metavar="TIME",
        type=until,
        help="until when: 30m, 12h or 7d from now, or Unix time in seconds (default: always valid)",
    )


def _filters_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="one filter, in full")


def _completions_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help="your shell")


def _no_options(parser: argparse.ArgumentParser) -> None:
    """A command without options of its own."""


def _images_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("verb", choices=IMAGE_VERBS, metavar="VERB", help="list, put, get, rm or similar")
    parser.add_argument("words", metavar="WORD", nargs="*", help="files, ids or KEY=VALUE: see the examples")
    parser.add_argument("-o", "--output", metavar="FILE", help="with get: write the picture itself; - for stdout")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    parser.add_argument("--json", action="store_true", help="one line of JSON per picture, for programs")


_MODELS_USAGE = """darkroom models [NAME] [--server URL] [--timeout SECONDS] [--retries N]
       darkroom models load NAME
       darkroom models unload NAME"""

COMMANDS = {
    "run": Command("Send pictures through a pipeline", _RUN, _run_options),
    "detect": Command("Show what is in pictures", _DETECT, _detect_options),
    "explain": Command("Show how a picture would be made, and at what cost", _EXPLAIN, _explain_options),
    "stream": Command("Send the frames of a video or a camera through a pipeline", _STREAM, _stream_options),
    "images": Command("Store pictures on the server; list, fetch and delete them", _IMAGES, _images_options),
    "models": Command(
        "List the models, explain one, load or unload it", _MODELS, _models_options, _MODELS_USAGE, ("load", "unload")
    ),
    "sign": Command("Sign links to renders and stored pictures", _SIGN, _sign_options),
    "filters": Command("List the filters, or explain one", _FILTERS, _filters_options),
    "formats": Command("List the formats the server reads and writes", _FORMATS, _no_options),
    "version": Command("Show the versions of client and server", _VERSION, _no_options),
    "completions": Command("Print completions for your shell", _COMPLETIONS, _completions_options),
}
