"""Runs the vrp-xl command in this process; no tests here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from vrp_xl import cli

if TYPE_CHECKING:
    import pytest


class Ran(NamedTuple):
    """What a run returned and printed."""

    code: int
    out: str
    err: str


def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object
) -> Ran:
    """Runs ``vrp-xl`` with these words."""
    monkeypatch.setattr(sys, "argv", ["vrp-xl", *map(str, words)])
    capsys.readouterr()
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    told = capsys.readouterr()
    return Ran(code, told.out, told.err)
