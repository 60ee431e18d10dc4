"""Sign the link to a render or to a stored picture with DARKROOM_SIGNING_KEY.

python -m functions.jobs.sign 'https://photos.example/v1/render/resize:800/-/gs/photos/a.jpg?format=webp'
python -m functions.jobs.sign --expires 7d https://photos.example/v1/images/0123456789abcdef0123456789abcdef/original
"""

import argparse
import os
import re
import sys
import time

from functions.jobs import run
from service.checks import load_settings
from service.render.links import sign_url
from service.settings import SettingsError
from storage.errors import StorageError

_TIME = re.compile(r"([0-9]{1,12})([smhd]?)\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def moment(text: str) -> int:
    """A time, `30m`, `12h` or `7d` from now, or Unix time in seconds. ArgumentTypeError."""
    found = _TIME.match(text)
    if not found:
        raise argparse.ArgumentTypeError(f'expected 30m, 12h, 7d or Unix time in seconds, not "{text}"')
    count, unit = int(found[1]), found[2]
    return int(time.time()) + count * _SECONDS[unit] if unit else count


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 1 if there is no key, or if the URL cannot be signed."""
    parser = argparse.ArgumentParser(
        prog="python -m functions.jobs.sign", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", help="the URL, absolute or beginning with its path")
    parser.add_argument(
        "--expires", metavar="TIME", type=moment, help="until when it is valid: 30m, 12h, 7d, or Unix time in seconds"
    )
    options = parser.parse_args(arguments)
    try:
        signed = sign_url(load_settings(os.environ).signing_key, options.url, options.expires)
    except (SettingsError, StorageError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{signed}\n")
    return 0


if __name__ == "__main__":
    run(main)
