"""Counts what this process has written, so that its own readers notice at once.

Another process's writes are noticed by looking at the files; this spares the wait for one's own.
"""

from __future__ import annotations

_COUNT = [0]


def note() -> None:
    """Something that readers keep in memory has been written."""
    _COUNT[0] += 1


def stamp() -> int:
    """A number that grows with every `note`."""
    return _COUNT[0]
