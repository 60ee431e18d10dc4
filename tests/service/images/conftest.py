"""The application that keeps pictures, for the tests of what is behind its routes."""

from tests.functions.routes.images.conftest import app, client, own

__all__ = ["app", "client", "own"]
