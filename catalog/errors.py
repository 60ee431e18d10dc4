"""What a catalog tells its caller, beside the core's errors about wrong values."""

from core.errors import BadRequestError, DarkroomError


class BadCursorError(BadRequestError):
    """The cursor was not made by us, or for another query."""

    code, title = "bad_cursor", "The cursor is wrong"

    def __init__(self) -> None:
        super().__init__(
            "«cursor» is not one that this catalog gave for this query; begin again without it.", parameter="cursor"
        )


class CatalogError(DarkroomError):
    """The catalog cannot answer now."""

    status, code, title = 503, "catalog_down", "The catalog does not answer"


class CatalogBusyError(CatalogError):
    """Another writer held the catalog for too long; trying again helps."""

    code, title = "catalog_busy", "The catalog is busy"


class CatalogTooNewError(CatalogError):
    """A later version of the program wrote this catalog: an older one must not touch it."""

    code, title = "catalog_too_new", "The catalog is of a later version"

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"The catalog's schema is {found}, and this version knows {known} at most.")
