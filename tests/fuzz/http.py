"""Fuzzes what comes over the wire: raw HTTP into the client, documents into records.

How to run: python -m tests.fuzz.http --seconds 3600 [--seed 1] [--findings DIR] [--only wire]

Raw bytes come from a server on this machine; each is an answer or an error of ours, in time. A
document of the vendor, however changed, is a record that can be stored, decided and written as CSV,
or an error of ours.
"""

from __future__ import annotations

import gzip
import io
import json
import socket
import sys
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.fuzz.mutations import Target, command
from vrp_xl.core.decide import decide
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.sources import flashalpha_wire as wire
from vrp_xl.sources import http
from vrp_xl.sources.base import Fetched
from vrp_xl.sources.http import HttpClient
from vrp_xl.sources.sample.documents import Documents
from vrp_xl.sources.sample.market import Market
from vrp_xl.store.database import Store
from vrp_xl.workflow.refresh import completed
from vrp_xl.workflow.scan import run_scan
from vrp_xl.workflow.tables import write_csv

NOW = datetime(2026, 3, 18, 20, 0, tzinfo=UTC)
KEY = "fa-fuzz-0123456789"


class Wire:
    """A server whose next answers are the bytes of the case; it closes behind each."""

    def __init__(self) -> None:
        self.answer = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.client = HttpClient(
            url, headers={"X-Api-Key": KEY}, read_timeout=2.0, total_time=4.0, max_body=100_000
        )
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            try:
                with sock:
                    sock.settimeout(2.0)
                    while b"\r\n\r\n" not in sock.recv(65536):
                        pass
                    sock.sendall(self.answer)
                    sock.shutdown(socket.SHUT_WR)
            except OSError:
                continue


_WIRE: list[Wire] = []


def through_the_client(data: bytes) -> str:
    """Raw bytes as the answer of a server."""
    if not _WIRE:
        _WIRE.append(Wire())
    _WIRE[0].answer = data
    answer = _WIRE[0].client.get("/v1/vrp/SPY")
    assert isinstance(answer.status, int)
    assert (answer.json is not None) >= (200 <= answer.status < 300)
    assert KEY not in repr(answer)
    json.dumps(answer.json, allow_nan=False) if b"e999" not in data else None
    wire.parse_quota_headers(answer.headers)
    refusal = wire.Refusal(answer.status, answer.json, answer.text, answer.headers)
    assert wire.to_error(refusal, symbol="SPY", now=NOW, clean=_WIRE[0].client.mask).why
    return f"{answer.status // 100}xx, {'no object' if answer.json is None else 'object'}"


_STORE: list[Store] = []


def to_a_record(data: bytes) -> str:
    """A pair of documents to a snapshot in the store and its row in a CSV."""
    if not _STORE:
        _STORE.append(Store(Path(tempfile.mkdtemp()) / "store.sqlite3", clock=lambda: NOW))
    store = _STORE[0]
    try:
        pair = json.loads(data, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return "no JSON"
    if not isinstance(pair, dict) or not isinstance(pair.get("answer"), dict):
        return "no object"
    levels: Any = pair.get("levels")
    main = pair.get("main")
    main = main if main in {wire.VRP, wire.VOLATILITY, wire.SUMMARY} else wire.VRP
    past = wire.parse_vrp_history(pair["answer"])
    wire.parse_account(pair["answer"], NOW)
    made = wire.to_snapshot(
        "SPY", pair["answer"], levels if isinstance(levels, dict) else None,
        asked=wire.Asked(main, "Basic", 0), fetched_at=NOW,
    )  # fmt: skip
    stored = json.dumps(made.to_dict(), allow_nan=False)
    assert Snapshot.from_dict(json.loads(stored)).to_dict() == made.to_dict()
    done = completed(store, Fetched(made, past))
    store.save(Fetched(done, past, whole=True))
    decision = decide(done, STANDARD, today=NOW.date())
    write_csv(run_scan(store, "flashalpha", ["SPY"], STANDARD, now=NOW), io.StringIO())
    return f"record, cell {decision.cell_text}, {'z' if done.z_score is not None else 'no z'}"


def _documents() -> list[bytes]:
    made = Documents(Market(NOW, 0), "2026-08")
    mains = {wire.VRP: made.vrp("SPY", 0), wire.VOLATILITY: made.volatility("SPY"),
             wire.SUMMARY: made.stock_summary("SPY", 0)}  # fmt: skip
    pairs = [
        {"main": main, "answer": answer, "levels": made.levels("SPY")}
        for main, answer in mains.items()
    ]
    return [json.dumps(pair).encode() for pair in pairs]


_BODY = b'{"symbol": "SPY", "spot": 580.5, "vrp": {"atm_iv": 18.4}}'
_PACKED = gzip.compress(_BODY)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
_ANSWERS = [
    _HEAD % len(_BODY) + b"\r\n" + _BODY,
    _HEAD % len(_PACKED) + b"Content-Encoding: gzip\r\n\r\n" + _PACKED,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
    % (len(_BODY), _BODY),
    (
        b"HTTP/1.1 429 Too Many\r\nRetry-After: 60\r\nX-RateLimit-Remaining: 0\r\n"
        b"X-RateLimit-Reset: 1795219200\r\nContent-Length: 2\r\n\r\n{}"
    ),
    b"HTTP/1.1 302 Found\r\nLocation: /v2/vrp?days=3\r\nContent-Length: 0\r\n\r\n",
    b'HTTP/1.0 403 x\r\nX: y\r\n\r\n{"error": "tier_restricted", "current_plan": "Growth"}',
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\n\r\n",
]
TARGETS = {
    "wire": Target(_ANSWERS, through_the_client),
    "documents": Target(_documents(), to_a_record),
}

if __name__ == "__main__":
    http._BACKOFF = 0.0001
    sys.exit(command(TARGETS, __doc__ or ""))
