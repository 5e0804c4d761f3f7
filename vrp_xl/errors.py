"""The one error tree. Each error knows its cell text, its exit code and what to do about it.

    VrpError
    +-- InputError            #VALUE!  exit 2   an argument makes no sense
    |   +-- RulesError                          a rules file or a rule's value
    +-- NoNumberError         #NUM!    exit 8   no number exists (no deviation, too little history)
    +-- MissingError          #N/A     exit 8   nothing is stored
    +-- SourceError           #N/A              a data source said no
    |   +-- KeyRefusedError            exit 4   no key, or a key that is not accepted
    |   |   +-- ConsentError                    the user has not agreed to the source's terms
    |   +-- PlanError                  exit 5   the plan lacks the endpoint
    |   |   +-- SymbolNotCoveredError           the plan lacks the symbol
    |   +-- QuotaError                 exit 6   spent until `until`
    |   +-- UnknownSymbolError         exit 8   the source does not know the symbol
    |   +-- ServiceError               exit 7   network, server, or an answer that is none
    |       +-- UnreachableError
    |       +-- BadAnswerError
    |       +-- ClosedError                     every request is refused; no more are made
    +-- StoreError            #N/A     exit 7   the local store cannot be read or written
    +-- OfficeError                    exit 7   LibreOffice is not there, too old, or refused

This module imports nothing of the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime


def printable(text: str) -> str:
    r"""`text` with a blank for each control character, as a sentence or a screen may show it.

    >>> printable("a\x1b[2J\nb")
    'a [2J b'
    """
    return "".join(c if c.isprintable() else " " for c in text)


class VrpError(Exception):
    """Base of every error that this package raises on purpose.

    Attributes:
        cell: what a spreadsheet cell shows for it.
        exit_code: what ``vrp-xl`` returns when it ends the run.
        why: what happened, one sentence.
        fix: what to do about it, one sentence, may be empty.
    """

    cell: ClassVar[str] = "#VALUE!"
    exit_code: ClassVar[int] = 1

    def __init__(self, why: str, fix: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.why} {self.fix}".strip()


class InputError(VrpError):
    """An argument that makes no sense."""

    cell = "#VALUE!"
    exit_code = 2


class RulesError(InputError):
    """A rule's name or value that is not allowed, or a rules file that cannot be read."""


class NoNumberError(VrpError):
    """The arguments are fine, but no number exists: zero deviation, too little history."""

    cell = "#NUM!"
    exit_code = 8


class MissingError(VrpError):
    """Nothing is stored for what was asked."""

    cell = "#N/A"
    exit_code = 8


class SourceError(VrpError):
    """A data source could not or would not answer."""

    cell = "#N/A"
    exit_code = 7


class KeyRefusedError(SourceError):
    """There is no API key, or the vendor does not accept it."""

    exit_code = 4


class ConsentError(KeyRefusedError):
    """The user has not agreed to the terms of a source; nothing is asked of it."""


class PlanError(SourceError):
    """The plan behind the key does not include the endpoint."""

    exit_code = 5

    def __init__(self, why: str, fix: str = "", *, current: str = "", required: str = "") -> None:
        super().__init__(why, fix)
        self.current = current
        self.required = required


class SymbolNotCoveredError(PlanError):
    """The plan behind the key does not include the symbol."""


class QuotaError(SourceError):
    """The day's requests are spent; nothing can succeed before `until` (UTC)."""

    exit_code = 6

    def __init__(self, why: str, fix: str = "", *, until: datetime | None = None) -> None:
        super().__init__(why, fix)
        self.until = until


class UnknownSymbolError(SourceError):
    """The source does not know the symbol."""

    exit_code = 8


class ServiceError(SourceError):
    """The network or the server failed."""

    exit_code = 7


class UnreachableError(ServiceError):
    """No answer: refused, timed out, name not found, certificate not valid."""


class BadAnswerError(ServiceError):
    """An answer came, but it is not what the endpoint promises."""


class ClosedError(ServiceError):
    """The service refuses whatever is asked: no further request can succeed."""


class StoreError(VrpError):
    """The local store cannot be read or written."""

    cell = "#N/A"
    exit_code = 7


class OfficeError(VrpError):
    """LibreOffice is not there, is too old, is shut in a sandbox, or refused."""

    exit_code = 7
