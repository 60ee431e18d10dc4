"""`python -m darkroom_client` is the command `darkroom`."""

import sys

from darkroom_client.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
