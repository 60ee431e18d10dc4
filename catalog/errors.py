"""The catalog's errors, beside the core's errors about invalid values."""

from core.errors import BadRequestError, DarkroomError


class BadCursorError(BadRequestError):
    """The cursor was not made by this catalog, or for another query."""

    code, title = "bad_cursor", "The cursor is invalid"

    def __init__(self) -> None:
        super().__init__(
            '"cursor" is not from an earlier page of this query; start again without it.', parameter="cursor"
        )


class CatalogError(DarkroomError):
    """The catalog cannot answer at the moment."""

    status, code, title = 503, "catalog_down", "The catalog does not answer"


class CatalogBusyError(CatalogError):
    """Another writer locked the catalog for too long; a retry helps."""

    code, title = "catalog_busy", "The catalog is busy"


class CatalogTooNewError(CatalogError):
    """A later version of the program wrote this catalog: this one must not touch it."""

    code, title = "catalog_too_new", "The catalog was written by a later version"

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"The catalog has schema version {found}; this version supports {known} at most.")
