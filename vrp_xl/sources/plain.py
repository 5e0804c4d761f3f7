"""Makes text from outside safe to show: one line, printable, short, without secrets.

Pure: may not import anything of the package but `vrp_xl.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vrp_xl.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable


def plain(text: str, limit: int = 200, secrets: Iterable[str] = ()) -> str:
    r"""`text` on one line without control characters, cut to `limit`, with `secrets` as ``***``.

    >>> plain("a\x1b[31m\r\nkey-1", 20, ["key-1"])
    'a [31m ***'
    """
    line = " ".join(printable(text).split())
    for secret in secrets:
        if secret:
            line = line.replace(secret, "***")
    return line if len(line) <= limit else line[: limit - 1] + "…"
