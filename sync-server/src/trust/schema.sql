-- Invitations, stations, alarms and the centre's own journal.
CREATE TABLE invitation (
    id             BLOB PRIMARY KEY,
    secret_sha256  BLOB NOT NULL,
    kind           TEXT NOT NULL,
    site           TEXT NOT NULL,
    name           TEXT NOT NULL,
    packs          TEXT NOT NULL,           -- JSON list of pack ids
    production     INTEGER NOT NULL,
    issued_ms      INTEGER NOT NULL,
    expires_ms     INTEGER NOT NULL,
    used_ms        INTEGER,
    station        BLOB                     -- the station it became
) STRICT;

CREATE TABLE station (
    id               BLOB PRIMARY KEY,
    kind             TEXT NOT NULL,
    site             TEXT NOT NULL,
    name             TEXT NOT NULL,
    key              BLOB NOT NULL UNIQUE,  -- Ed25519 public key
    receiving_key    BLOB NOT NULL,         -- CBOR of a SealingKey
    certificate      BLOB NOT NULL,         -- signed by the issuer
    packs            TEXT NOT NULL,
    production       INTEGER NOT NULL,
    provisioned_ms   INTEGER NOT NULL,
    last_seen_ms     INTEGER,
    revoked_ms       INTEGER,
    trusted_sequence INTEGER,               -- last sequence number trusted after a revocation
    quota_bytes      INTEGER NOT NULL
) STRICT;

CREATE TABLE alarm (
    id        INTEGER PRIMARY KEY,
    raised_ms INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    station   BLOB,
    detail    TEXT NOT NULL,
    seen_ms   INTEGER
) STRICT;

CREATE TABLE journal (
    number   INTEGER PRIMARY KEY,
    at_ms    INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    action   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    detail   TEXT NOT NULL,
    previous BLOB NOT NULL,
    digest   BLOB NOT NULL
) STRICT;
