"""The application and its clients, for the tests of what is behind the doors."""

from tests.functions.conftest import _on_this_machine, app, client, door, jpeg, png

__all__ = ["_on_this_machine", "app", "client", "door", "jpeg", "png"]
