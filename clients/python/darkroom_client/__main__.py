"""The command `darkroom`, also as `python -m darkroom_client`."""

import signal
import sys


def main() -> int:
    """Run the command and return its exit code. Ctrl-C while it is imported leaves no trace."""
    handler = signal.getsignal(signal.SIGINT)
    if handler != signal.SIG_IGN:  # as it is in the background of a script: there Ctrl-C is meant for another
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from darkroom_client.cli.main import main as command

    signal.signal(signal.SIGINT, handler)
    return command()


if __name__ == "__main__":
    sys.exit(main())
