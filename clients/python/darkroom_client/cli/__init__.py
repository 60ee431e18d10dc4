"""The command `darkroom`."""
