"""Every test runs in a home of its own, without a key, away from the user's keyring."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest

import vrp_xl

IN_CHECKOUT = Path(vrp_xl.__file__).resolve().parents[1] == Path(__file__).resolve().parents[1]
"""Whether the package under test is the one beside these tests, not an installed wheel."""

# A change is judged by the same examples on every machine; no example is judged by its time. New
# ones are looked for by hand: pytest --hypothesis-profile=search
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", max_examples=1000, deadline=None)
hypothesis.settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Against an installed package, what needs the checkout skips and says so."""
    if IN_CHECKOUT:
        return
    skip = pytest.mark.skip(reason="needs the package's checkout: an installed wheel is tested")
    for item in items:
        if item.get_closest_marker("checkout"):
            item.add_marker(skip)


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
