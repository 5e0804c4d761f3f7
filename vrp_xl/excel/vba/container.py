"""Writes a compound file, the container of a VBA project, as [MS-CFB] version 3 describes it.

One level of storages, no times, no class ids; equal input gives equal output.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from vrp_xl.errors import InputError

_SECTOR, _MINI = 512, 64
_MINI_BELOW = 4096
"""Streams shorter than this live in the mini stream."""
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_NONE = -1
_ROOT, _STORAGE, _STREAM = 5, 1, 2
_RED, _BLACK = 0, 1
_IN_HEADER = 109
"""Sectors of the allocation table that the header can name."""

Tree = Mapping[str, "bytes | Mapping[str, bytes]"]


@dataclass(slots=True)
class _Entry:
    """An entry of the directory: the root, a storage or a stream."""

    name: str
    kind: int
    data: bytes = b""
    left: int = _NONE
    right: int = _NONE
    child: int = _NONE
    colour: int = _BLACK
    start: int = 0

    def packed(self) -> bytes:
        """The entry in its 128 bytes."""
        name = self.name.encode("utf-16-le") + b"\0\0"
        return (
            name.ljust(64, b"\0")
            + struct.pack("<HBB", len(name), self.kind, self.colour)
            + struct.pack("<iii", self.left, self.right, self.child)
            + bytes(16 + 4 + 16)  # class id, state, times
            + struct.pack("<IQ", self.start, len(self.data))
        )


_UNUSED = bytes(68) + struct.pack("<iii", _NONE, _NONE, _NONE) + bytes(48)


def compound_file(tree: Tree) -> bytes:
    """A compound file of `tree`: streams by name, or storages of streams.

    Raises:
        InputError: more than about 7 MB.
    """
    entries = _directory(tree)
    sectors = bytearray()
    table: list[int] = []

    def stored(data: bytes) -> int:
        """The first of the sectors that `data` fills."""
        if not data:
            return _END
        first, count = len(table), -(-len(data) // _SECTOR)
        sectors.extend(data.ljust(count * _SECTOR, b"\0"))
        table.extend([*range(first + 1, first + count), _END])
        return first

    mini, mini_table = bytearray(), list[int]()
    for entry in entries:
        if entry.kind != _STREAM:
            continue
        if 0 < len(entry.data) < _MINI_BELOW:
            entry.start, count = len(mini_table), -(-len(entry.data) // _MINI)
            mini.extend(entry.data.ljust(count * _MINI, b"\0"))
            mini_table.extend([*range(entry.start + 1, entry.start + count), _END])
        else:
            entry.start = stored(entry.data)
    entries[0].data = bytes(mini)
    entries[0].start = stored(entries[0].data)
    mini_at = stored(_numbers(mini_table))
    per_sector = _SECTOR // 128
    directory = b"".join(entry.packed() for entry in entries)
    directory_at = stored(directory + _UNUSED * (-len(entries) % per_sector))

    table_sectors = 1
    while (len(table) + table_sectors) * 4 > table_sectors * _SECTOR:
        table_sectors += 1
    if table_sectors > _IN_HEADER:
        raise InputError("The VBA project is too big for its container.", "Make it smaller.")
    table_at = len(table)
    table.extend([_FAT] * table_sectors)
    sectors.extend(_numbers(table))
    places = [table_at + n for n in range(table_sectors)]
    header = (
        bytes.fromhex("D0CF11E0A1B11AE1")
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
        + struct.pack("<IIIII", 0, table_sectors, directory_at, 0, _MINI_BELOW)
        + struct.pack("<IIII", mini_at, -(-len(mini_table) * 4 // _SECTOR), _END, 0)
        + b"".join(struct.pack("<I", n) for n in places + [_FREE] * (_IN_HEADER - len(places)))
    )
    return header + bytes(sectors)


def _numbers(values: list[int]) -> bytes:
    """An allocation table in whole sectors."""
    data = b"".join(struct.pack("<I", value) for value in values)
    return data + b"\xff" * (-len(data) % _SECTOR)


def _directory(tree: Tree) -> list[_Entry]:
    """The entries in order, each storage with its children as a search tree."""
    entries = [_Entry("Root Entry", _ROOT)]

    def add(parent: int, content: Tree) -> None:
        numbers = []
        for name, value in content.items():
            numbers.append(len(entries))
            if isinstance(value, bytes):
                entries.append(_Entry(name, _STREAM, value))
            else:
                entries.append(_Entry(name, _STORAGE))
                add(numbers[-1], value)
        numbers.sort(key=lambda n: (len(entries[n].name), entries[n].name.upper()))
        entries[parent].child = _balanced(entries, numbers, len(numbers).bit_length())

    add(0, tree)
    return entries


def _balanced(entries: list[_Entry], numbers: list[int], levels: int) -> int:
    """The root of a red-black tree over sorted entries: all black, the lowest level red."""
    if not numbers:
        return _NONE
    middle = len(numbers) // 2
    entry = entries[numbers[middle]]
    entry.left = _balanced(entries, numbers[:middle], levels - 1)
    entry.right = _balanced(entries, numbers[middle + 1 :], levels - 1)
    entry.colour = _RED if levels == 1 else _BLACK
    return numbers[middle]
