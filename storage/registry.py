"""Stores by scheme. A class that is registered by `@scheme` in `storage/schemes/` is all that a new one needs."""

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import TypeVar, cast

from storage.address import Address
from storage.errors import UnknownSchemeError
from storage.objects import Store
from storage.options import Options
from storage.watched import StoreWatch, WatchedStore

Opened = TypeVar("Opened", bound=Store)
_SHIPPED = "storage.schemes"
_SCHEMES: dict[str, Callable[[Options], Store]] = {}


def scheme(opened: type[Opened]) -> type[Opened]:
    """Register a class: its attribute `scheme` is the name, and it is called with Options. TypeError if it is taken."""
    other = _SCHEMES.setdefault(opened.scheme, cast("Callable[[Options], Store]", opened))
    if other is not opened:
        where = f"{other.__module__} and {opened.__module__}"
        raise TypeError(f'The scheme "{opened.scheme}" is registered twice: in {where}.')
    return opened


@cache
def load_schemes(package: str) -> None:
    """Import every module of a package, so that its schemes register; a package of one's own loads the same way.

    TypeError if two classes register one scheme.
    """
    if package != _SHIPPED:
        load_schemes(_SHIPPED)
    module = importlib.import_module(package)
    for entry in pkgutil.iter_modules(getattr(module, "__path__", ())):
        importlib.import_module(f"{package}.{entry.name}")


def schemes() -> list[str]:
    """The names of all schemes."""
    load_schemes(_SHIPPED)
    return sorted(_SCHEMES)


class Stores:
    """One store per scheme, made on first use. Threads may share it; `watch` is told of each operation."""

    def __init__(self, options: Options, watch: StoreWatch | None = None) -> None:
        self._options = options
        self._watch = watch
        self._stores: dict[str, Store] = {}

    def of(self, address: Address) -> Store:
        """The store that an address belongs to. UnknownSchemeError, NoSdkError."""
        known = schemes()
        if address.scheme not in known:
            raise UnknownSchemeError(address.scheme, known)
        if address.scheme not in self._stores:
            # Two threads may both make one; the first is kept, and the other has not opened anything yet.
            store = _SCHEMES[address.scheme](self._options)
            watched = cast("Store", WatchedStore(store, self._watch)) if self._watch else store
            self._stores.setdefault(address.scheme, watched)
        return self._stores[address.scheme]
