-- People who work at the centre, and their sessions. Passwords as Argon2id, tokens as digests.
CREATE TABLE staff (
    id            BLOB PRIMARY KEY,
    login         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,              -- reviewer | senior_reviewer | auditor
    offices       TEXT NOT NULL,              -- JSON list of home offices; empty: all
    password      TEXT NOT NULL,              -- PHC string
    added_ms      INTEGER NOT NULL,
    removed_ms    INTEGER,
    failures      INTEGER NOT NULL DEFAULT 0,
    wait_until_ms INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE staff_session (
    token        BLOB PRIMARY KEY,            -- SHA-256 of the cookie's token
    staff        BLOB NOT NULL,
    csrf         TEXT NOT NULL,
    language     TEXT NOT NULL,
    started_ms   INTEGER NOT NULL,
    last_used_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX staff_session_staff ON staff_session (staff);
