"""The doors: how requests reach the core."""

VERSION = "0.1.0"
