"""Sign the URL of a render with DARKROOM_SIGNING_KEY.

python -m functions.jobs.sign 'https://photos.example/v1/render/resize:800/-/gs/photos/a.jpg?format=webp'
"""

import argparse
import os
import sys

from service.checks import load_settings
from service.render.links import sign_url
from service.settings import SettingsError
from storage.errors import StorageError


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 1 if there is no key."""
    parser = argparse.ArgumentParser(
        prog="python -m functions.jobs.sign", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", help="the URL, absolute or beginning with its path")
    options = parser.parse_args(arguments)
    try:
        sys.stdout.write(f"{sign_url(load_settings(os.environ).signing_key, options.url)}\n")
    except (SettingsError, StorageError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
