"""The user's yes to the terms of a source that has some, kept once and revocable.

Without it nothing is asked of that source, whichever host would ask. It is kept with the settings
of this user; a notice whose words have changed needs a new yes. May not import sources or hosts.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from vrp_xl import settings
from vrp_xl.errors import ConsentError

CBOE_NOTICE = """\
Cboe's delayed quotes: read this before you switch the source on.

- Cboe shows these quotes, about 15 minutes delayed, on its web site. Its terms license them for
  personal, non-commercial use and restrict pulling them automatically and passing them on. They
  may change; cboe.com links them at the foot of its pages. It is you whom they bind.
- vrp_xl asks for the documents behind those pages only when you scan or refresh, at most a few a
  second, and not again before they can have changed. It names itself in each request.
- What comes stays on this machine. Do not sell it, publish it or pass it on; the same holds for
  workbooks that show it.
- There is no warranty. Any address may close at any time; saved files (the source folder) and the
  sample market go on without it.

You can take your yes back at any time: vrp-xl source cboe --revoke
"""
"""What the user says yes to."""

FIX = (
    "Read its terms and say yes once: vrp-xl source cboe. Until then nothing is asked of it; what "
    "is stored is read with --offline."
)

_SETTING = "cboe_agreed"


def given() -> datetime | None:
    """When the user said yes to the notice as it stands, UTC; None where that never happened.

    Raises:
        StoreError: the settings file cannot be read.
    """
    kept = settings.setting(_SETTING)
    if not isinstance(kept, dict) or kept.get("notice") != _fingerprint():
        return None
    try:
        when = datetime.fromisoformat(str(kept.get("at")))
    except ValueError:
        return None
    return when if when.tzinfo is not None else None


def give(now: datetime | None = None) -> None:
    """Keeps the user's yes.

    Raises:
        StoreError: the settings file cannot be read or written.
    """
    at = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    settings.put_setting(_SETTING, {"at": at, "notice": _fingerprint()})


def revoke() -> bool:
    """Takes the yes back, also for a refresh that is under way; False where there was none.

    Raises:
        StoreError: the settings file cannot be read or written.
    """
    there = settings.setting(_SETTING) is not None
    if there:
        settings.put_setting(_SETTING, None)
    return there


def require() -> None:
    """Passes where the user has said yes.

    Raises:
        ConsentError: nothing may be asked.
        StoreError: the settings file cannot be read.
    """
    if given() is None:
        raise ConsentError("The source cboe is switched off.", FIX)


def _fingerprint() -> str:
    return hashlib.sha256(CBOE_NOTICE.encode()).hexdigest()[:12]
