"""The entry points: HTTP, event functions and commands."""

VERSION = "0.1.0"
