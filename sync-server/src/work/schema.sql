CREATE TABLE work (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    priority    INTEGER NOT NULL,
    state       TEXT NOT NULL,              -- queued | leased | done | dead
    attempts    INTEGER NOT NULL DEFAULT 0,
    due_ms      INTEGER NOT NULL,
    lease_until INTEGER,
    holder      TEXT,
    failure     TEXT,
    made_ms     INTEGER NOT NULL,
    UNIQUE (kind, subject)
) STRICT;
CREATE INDEX work_due ON work (state, kind, priority, due_ms);
