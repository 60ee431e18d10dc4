"""`darkroom sign`: links that need no other permission."""

import os
import sys
from argparse import Namespace

from darkroom_client.cli.common import Exit, UsageError, plain
from darkroom_client.links import sign_url


def sign(args: Namespace) -> Exit:
    """Print each URL signed. The key is read from the environment: a command line is visible to other users."""
    key = os.environ.get("DARKROOM_SIGNING_KEY")
    if not key:
        raise UsageError("DARKROOM_SIGNING_KEY must hold the server's signing key.")
    try:
        signed = [sign_url(key, url, args.expires) for url in args.urls]
    except ValueError as error:
        raise UsageError(plain(str(error))) from error
    sys.stdout.write("".join(f"{url}\n" for url in signed))
    return Exit.DONE
