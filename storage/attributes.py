"""The metadata of `file://`: one extended attribute, set before the file gets its name, so that it is never torn."""

import errno
import os
import stat as modes

import msgspec

from storage.address import Address
from storage.errors import BadMetadataError, OccupiedError
from storage.facts import ObjectMetadata, Stat

_NAME = "user.darkroom"


class StoredAttributes(msgspec.Struct, frozen=True):
    """The attribute's content.

    `changed` (ns) and `size` are the file's own at that time: once the file differs, the attribute no longer applies.
    """

    token: str
    changed: int
    size: int
    sha256: str
    about: ObjectMetadata


def put(file: int, label: StoredAttributes) -> None:
    """Set the attribute of an open file. BadMetadataError where it does not fit into the inode."""
    try:
        os.setxattr(file, _NAME, msgspec.json.encode(label))
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.E2BIG, errno.ERANGE}:
            raise BadMetadataError("The file system cannot hold this much metadata.") from None
        raise


def stat(file: int, address: Address) -> Stat:
    """The Stat of an open file. The version of files that we did not write is made of the inode's times."""
    found = os.fstat(file)
    if not modes.S_ISREG(found.st_mode):
        raise OccupiedError(f'"{address}" is not a regular file.')
    label = _get(file)
    ours = label is not None and (label.changed, label.size) == (found.st_mtime_ns, found.st_size)
    foreign = f"{found.st_ino:x}.{found.st_mtime_ns:x}.{found.st_ctime_ns:x}.{found.st_size:x}"
    return Stat(
        address=address,
        version=label.token if label and ours else foreign,
        size=found.st_size,
        modified=found.st_mtime,
        about=label.about if label and ours else ObjectMetadata(),
        checksums={"sha256": label.sha256} if label and ours else {},
        token=label.token if label and ours else "",
    )


def _get(file: int) -> StoredAttributes | None:
    try:
        return msgspec.json.decode(os.getxattr(file, _NAME), type=StoredAttributes)
    except (OSError, msgspec.MsgspecError):
        return None
