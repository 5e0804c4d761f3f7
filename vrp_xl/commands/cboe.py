"""``vrp-xl source cboe``: shows the terms, asks for the yes, takes it back."""

from __future__ import annotations

import sys

from vrp_xl.errors import ConsentError, InputError


def settle_terms(*, agree: bool, revoke: bool, user_agent: str | None) -> bool:
    """Does what was asked about the terms of Cboe's quotes; makes no request.

    Args:
        agree: yes, without the question.
        revoke: take the yes back.
        user_agent: how requests name themselves from now on.

    Returns:
        Whether the source can be chosen now.

    Raises:
        InputError: yes and no at once, or a name that no header can carry.
        ConsentError: the user said no, or could not be asked.
        StoreError: the settings cannot be read or written.
    """
    from vrp_xl import consent, settings

    if agree and revoke:
        raise InputError("--yes and --revoke cannot go together.", "Choose one.")
    if revoke:
        _revoke()
        return False
    if user_agent is not None:
        kept = settings.choose_cboe_user_agent(user_agent)
        print(f"Requests name themselves: {kept or 'vrp_xl and its version'}")
    if consent.given() is not None:
        return True
    print(consent.CBOE_NOTICE)
    if not agree:
        _ask()
    consent.give()
    print("Agreed. Take it back at any time: vrp-xl source cboe --revoke")
    return True


def _ask() -> None:
    if not sys.stdin.isatty():
        raise ConsentError(
            "Nobody could be asked, so the source cboe stays off.",
            "In a terminal: vrp-xl source cboe. In a script, after reading the terms: "
            "vrp-xl source cboe --yes",
        )
    print("Do you agree? Type yes: ", end="", flush=True)
    if sys.stdin.readline().strip().lower() not in {"yes", "y"}:
        raise ConsentError("The source cboe stays off; nothing was asked of it.")


def _revoke() -> None:
    from vrp_xl import consent, settings

    print("Taken back: nothing is asked of Cboe any more." if consent.revoke() else
          "There was no yes to take back.")  # fmt: skip
    if settings.chosen_source() == "cboe":
        print("It is still the chosen source, for what is stored; choose another: vrp-xl source")
