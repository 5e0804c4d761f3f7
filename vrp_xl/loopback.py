"""Whether an address is this machine itself. Imports nothing of the package."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an IP address) is this machine itself.

    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("127.example.com")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
