"""The compression of VBA streams, as [MS-OVBA] 2.4.1 describes it.

Bytes in, bytes out; equal input gives equal output.
"""

from __future__ import annotations

import struct

_CHUNK = 4096
_SHORTEST = 3
"""A copy of fewer bytes would be longer than the bytes."""
_TRIED = 48
"""Earlier places that are looked at for each copy: more would gain next to nothing."""


def compress(data: bytes) -> bytes:
    """`data` as a compressed container.

    >>> compress(b"aaaaaaaaaa").hex()
    '0103b002610600'
    """
    out = bytearray(b"\x01")
    for start in range(0, len(data), _CHUNK):
        chunk = data[start : start + _CHUNK]
        packed = _packed(chunk)
        if len(packed) > _CHUNK:  # it would grow: stored as it is, filled up with zeros
            out += struct.pack("<H", 0x3000 | (_CHUNK - 1)) + chunk.ljust(_CHUNK, b"\0")
        else:
            out += struct.pack("<H", 0xB000 | (len(packed) - 1)) + packed
    return bytes(out)


def _packed(chunk: bytes) -> bytes:
    """One chunk as groups of up to eight tokens, each group behind a byte of flags."""
    out = bytearray()
    seen: dict[bytes, list[int]] = {}
    at = 0
    while at < len(chunk):
        flags_at = len(out)
        out.append(0)
        for bit in range(8):
            if at >= len(chunk):
                break
            length, offset = _copy(chunk, at, seen)
            if length:
                out[flags_at] |= 1 << bit
                out += struct.pack(
                    "<H", (offset - 1) << (16 - _offset_bits(at)) | length - _SHORTEST
                )
            else:
                out.append(chunk[at])
                length = 1
            for place in range(at, at + length):
                seen.setdefault(chunk[place : place + _SHORTEST], []).append(place)
            at += length
    return bytes(out)


def _offset_bits(at: int) -> int:
    """Bits of a copy token that tell how far back it goes: as many as `at` needs, at least 4."""
    return max(4, (at - 1).bit_length())


def _copy(chunk: bytes, at: int, seen: dict[bytes, list[int]]) -> tuple[int, int]:
    """Length and distance of the longest earlier text that repeats at `at`; 0, 0 for none."""
    most = min((0xFFFF >> _offset_bits(at)) + _SHORTEST, len(chunk) - at)
    best, back = 0, 0
    if most < _SHORTEST:
        return best, back
    for place in reversed(seen.get(chunk[at : at + _SHORTEST], [])[-_TRIED:]):
        length = _SHORTEST
        while length < most and chunk[place + length] == chunk[at + length]:
            length += 1
        if length > best:
            best, back = length, at - place
            if length == most:
                break
    return best, back
