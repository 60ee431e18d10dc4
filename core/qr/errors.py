"""What goes wrong while a QR code is read."""


class UnreadableError(ValueError):
    """The modules are no QR code, or too many of them are wrong."""
