"""Every test runs in a home of its own, without a key, away from the user's keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home: Path = tmp_path_factory.mktemp("vrp_xl_home")
    monkeypatch.setenv("VRP_XL_HOME", str(home))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    for name in (
        "FLASHALPHA_API_KEY",
        "VRP_XL_FLASHALPHA_URL",
        "VRP_XL_CBOE_URL",
        "VRP_XL_WORKERS",
    ):
        monkeypatch.delenv(name, raising=False)
