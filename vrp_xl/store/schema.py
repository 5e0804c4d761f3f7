"""The tables of the local store, as a list of migrations.

``PRAGMA user_version`` counts the migrations that a file has seen. A released migration is never
changed; a new need is a new entry at the end. Pure data: touches no file.

Days are integers yyyymmdd, moments are ISO texts in UTC with microseconds (so that they sort),
``account`` is a short fingerprint of an API key and never the key.
"""

from __future__ import annotations

APPLICATION_ID = 0x56525058
"""Marks a SQLite file as ours ("VRPX")."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE snapshots (
            source TEXT NOT NULL,
            symbol TEXT NOT NULL,
            day INTEGER NOT NULL,
            as_of TEXT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (source, symbol, day)
        )""",
        """CREATE TABLE series (
            id INTEGER PRIMARY KEY,
            source TEXT NOT NULL,
            symbol TEXT NOT NULL,
            name TEXT NOT NULL,
            UNIQUE (source, symbol, name)
        )""",
        """CREATE TABLE observations (
            series_id INTEGER NOT NULL REFERENCES series (id),
            day INTEGER NOT NULL,
            value REAL NOT NULL,
            PRIMARY KEY (series_id, day)
        ) WITHOUT ROWID""",
        """CREATE TABLE wanted (
            source TEXT NOT NULL,
            symbol TEXT NOT NULL,
            asked_at TEXT NOT NULL,
            PRIMARY KEY (source, symbol)
        ) WITHOUT ROWID""",
        """CREATE TABLE quota (
            source TEXT NOT NULL,
            account TEXT NOT NULL,
            plan TEXT,
            "limit" INTEGER,
            remaining INTEGER,
            unlimited INTEGER NOT NULL,
            resets_at TEXT,
            seen_at TEXT,
            PRIMARY KEY (source, account)
        ) WITHOUT ROWID""",
        """CREATE TABLE latch (
            source TEXT NOT NULL,
            account TEXT NOT NULL,
            until TEXT NOT NULL,
            why TEXT NOT NULL,
            PRIMARY KEY (source, account)
        ) WITHOUT ROWID""",
        """CREATE TABLE not_covered (
            source TEXT NOT NULL,
            account TEXT NOT NULL,
            symbol TEXT NOT NULL,
            day_utc INTEGER NOT NULL,
            why TEXT NOT NULL,
            PRIMARY KEY (source, account, symbol)
        ) WITHOUT ROWID""",
        """CREATE TABLE watchlist (
            symbol TEXT PRIMARY KEY,
            position INTEGER NOT NULL,
            earnings INTEGER
        ) WITHOUT ROWID""",
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    ),
    (
        "ALTER TABLE observations ADD COLUMN imported INTEGER NOT NULL DEFAULT 0",
        """CREATE TABLE optional_done (
            source TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            symbol TEXT NOT NULL,
            until TEXT NOT NULL,
            PRIMARY KEY (source, endpoint, symbol)
        ) WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE scan_texts (
            id INTEGER PRIMARY KEY,
            body TEXT NOT NULL UNIQUE
        )""",
        """CREATE TABLE scans (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            source TEXT NOT NULL,
            sample INTEGER NOT NULL,
            day INTEGER NOT NULL,
            scanned_at TEXT NOT NULL,
            as_of TEXT,
            preset TEXT NOT NULL,
            pinned INTEGER NOT NULL,
            names_id INTEGER NOT NULL REFERENCES scan_texts (id),
            rules_id INTEGER NOT NULL REFERENCES scan_texts (id),
            cells TEXT NOT NULL,
            passed TEXT NOT NULL,
            failed INTEGER NOT NULL
        )""",
        "CREATE INDEX scans_by_day ON scans (source, day)",
        """CREATE TABLE scan_bodies (
            scan_id INTEGER PRIMARY KEY REFERENCES scans (id),
            figures BLOB NOT NULL,
            details BLOB NOT NULL,
            extra BLOB NOT NULL
        )""",
    ),
)
