"""The memory of a container that its requests share: what fits beside what all of them hold."""

from core.errors import TooMuchWorkError
from service.machine import Memory, own_memory, return_freed_memory
from service.request_table import READING, RequestTable

_SPARE = 16
"""The share of the memory that is left to what no estimate covers: one sixteenth."""
_FRESH, _CROWDED = 5.0, 0.5
"""Seconds after which an idle container is measured again; the share of the memory from which it always is measured."""
_LARGE = 32 * 2**20
"""Bytes from which a request may leave much freed memory behind."""
_KEPT = 128 * 2**20
"""Bytes that a process may keep of what its requests have freed: what is used again takes no fresh pages."""


class MemoryBudget:
    """What the requests of a table may hold of a `memory`, if it is limited. Called inside `with table:`."""

    def __init__(self, memory: Memory | None, table: RequestTable) -> None:
        self.memory = memory
        self._table = table
        self._was_large, self._least_own = False, 0

    def fits(self, wanted: int, now: float) -> bool:
        """Whether this many more bytes fit beside what all requests hold."""
        if self.memory is None or not wanted:
            return True
        held, usable = self._table.memory_held(), self._usable(self.memory)
        in_use = self._idle(self.memory, held, now) + held
        if in_use + wanted > _CROWDED * usable:
            in_use = max(in_use, self.memory.used())  # estimates may be wrong, and freed memory stay with a process
        return in_use + wanted <= usable

    def is_within_share(self, client: int, wanted: int) -> bool:
        """Whether so many more bytes of a caller's bodies leave half of the memory to others; one body always may."""
        table = self._table
        if self.memory is None or not client:
            return True
        held = sum(table.held[row] for row in table.rows(READING) if table.client[row] == client)
        return not held or held + wanted <= self._usable(self.memory) // 2

    def refuse_if_impossible(self, wanted: int, now: float) -> None:
        """TooMuchWorkError for what would not even fit alone. Programs beside a container may end, its own do not."""
        if self.memory is None or not wanted:
            return
        self._idle(self.memory, self._table.memory_held(), now)
        idle = self._table.least_idle if self.memory.group else 0
        most = max(0, self._usable(self.memory) - idle)
        if wanted > most:
            raise TooMuchWorkError(
                f"The request would need about {wanted // 2**20} MiB of memory; this server has {most // 2**20} MiB."
            )

    def request_ended(self, most: int) -> None:
        """A request of this process held so many bytes at most.

        Where memory is scarce, what was freed is returned: it counts as used, so others would be refused.
        """
        if most <= _LARGE:
            return
        self._was_large = True
        if self.memory is not None and self.memory.used() > _CROWDED * self._usable(self.memory):
            return_freed_memory()

    def request_begins(self) -> None:
        """After a large request, and while there is no other here: return what this process keeps beyond `_KEPT`.

        The C library's own threshold counts the end of the heap alone: one block that stays there holds all below.
        """
        if not self._was_large or self._table.own:
            return
        self._was_large, own = False, own_memory()
        self._least_own = min(self._least_own, own)
        if own - self._least_own > _KEPT:
            return_freed_memory()
            self._least_own = own_memory()

    def _idle(self, memory: Memory, held: int, now: float) -> int:
        """Bytes in use while there is no request, measured anew when there is none."""
        idle, measured = self._table.idle
        if not measured or (not held and now - measured > _FRESH):
            idle = max(0, memory.used() - held)
            self._table.set_idle(idle, now)
        return idle

    def _usable(self, memory: Memory) -> int:
        return memory.limit - memory.limit // _SPARE
