-- What the station is, who works at it, what happened, and the enrolments it holds.
-- Ids are 16 bytes, digests 32, times milliseconds since the Unix epoch.

-- settings/: identity, keys, keyring, policy, clock. One row per fact, CBOR or raw bytes.
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- provisioning/: procedure packs with their code tables as the centre signed them. Old versions stay: open drafts
-- and sealed work name them.
CREATE TABLE pack (
    id       TEXT NOT NULL,
    version  INTEGER NOT NULL,
    signed   BLOB NOT NULL,
    received INTEGER NOT NULL,
    PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;

-- session/: operators. Their wrapped keys are files in wraps/, because they are needed before this file opens.
CREATE TABLE operator (
    operator    BLOB PRIMARY KEY CHECK (length(operator) = 16),
    login       TEXT NOT NULL UNIQUE,
    role        TEXT NOT NULL,
    certificate BLOB NOT NULL,
    added_by    BLOB,
    added       INTEGER NOT NULL,
    revoked     INTEGER
) STRICT, WITHOUT ROWID;

-- audit/: signed entries, each with the digest of the one before. Append only.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY CHECK (number >= 1),
    entry  BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_is_append_only_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit is append only'); END;
CREATE TRIGGER audit_is_append_only_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit is append only'); END;

-- enrolment/: drafts. Everything a person said or gave is sealed under the draft's own key, and deleting the key
-- makes the rest unreadable wherever a copy of it lies.
CREATE TABLE draft (
    enrolment    BLOB PRIMARY KEY CHECK (length(enrolment) = 16),
    version      INTEGER NOT NULL CHECK (version >= 1),
    pack_id      TEXT NOT NULL,
    pack_version INTEGER NOT NULL,
    operator     BLOB NOT NULL,
    step         TEXT NOT NULL,
    -- grows with every change, so that what is sealed is what was finalised
    revision     INTEGER NOT NULL,
    started      INTEGER NOT NULL,
    changed      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE draft_key (
    enrolment BLOB PRIMARY KEY REFERENCES draft ON DELETE CASCADE,
    key       BLOB NOT NULL CHECK (length(key) = 32)
) STRICT, WITHOUT ROWID;

CREATE TABLE draft_field (
    enrolment BLOB NOT NULL REFERENCES draft ON DELETE CASCADE,
    number    INTEGER NOT NULL,
    sealed    BLOB NOT NULL,
    PRIMARY KEY (enrolment, number)
) STRICT, WITHOUT ROWID;

-- The value a field had before, newest last: undo.
CREATE TABLE draft_undo (
    id        INTEGER PRIMARY KEY,
    enrolment BLOB NOT NULL REFERENCES draft ON DELETE CASCADE,
    number    INTEGER NOT NULL,
    sealed    BLOB
) STRICT;
CREATE INDEX draft_undo_by_enrolment ON draft_undo (enrolment, id);

CREATE TABLE draft_sample (
    id        INTEGER PRIMARY KEY,
    enrolment BLOB NOT NULL REFERENCES draft ON DELETE CASCADE,
    sample    BLOB NOT NULL CHECK (length(sample) = 16),
    slot      TEXT NOT NULL,
    entry     BLOB NOT NULL,
    -- NULL: the centre holds the bytes since an earlier version
    bytes     BLOB,
    UNIQUE (enrolment, sample),
    UNIQUE (enrolment, slot)
) STRICT;

CREATE TABLE draft_exception (
    enrolment BLOB NOT NULL REFERENCES draft ON DELETE CASCADE,
    position  INTEGER NOT NULL,
    sealed    BLOB NOT NULL,
    PRIMARY KEY (enrolment, position)
) STRICT, WITHOUT ROWID;

-- What another step keeps with the draft, by name: attempts of the capture, the decision that returned it.
CREATE TABLE draft_note (
    enrolment BLOB NOT NULL REFERENCES draft ON DELETE CASCADE,
    name      TEXT NOT NULL,
    sealed    BLOB NOT NULL,
    PRIMARY KEY (enrolment, name)
) STRICT, WITHOUT ROWID;

-- enrolment/: what the station keeps of a sealed enrolment: enough to find it and say how it stands.
CREATE TABLE enrolment (
    enrolment BLOB PRIMARY KEY CHECK (length(enrolment) = 16),
    number    INTEGER NOT NULL UNIQUE CHECK (number >= 1),
    pack_id   TEXT NOT NULL,
    version   INTEGER NOT NULL,
    packet    BLOB NOT NULL,
    state     TEXT NOT NULL,
    slip      BLOB NOT NULL,
    sealed    INTEGER NOT NULL,
    changed   INTEGER NOT NULL
) STRICT;

CREATE TABLE enrolment_version (
    packet    BLOB PRIMARY KEY CHECK (length(packet) = 16),
    enrolment BLOB NOT NULL REFERENCES enrolment,
    version   INTEGER NOT NULL,
    sequence  INTEGER NOT NULL UNIQUE CHECK (sequence >= 1),
    manifest  BLOB NOT NULL,
    sealed    INTEGER NOT NULL,
    UNIQUE (enrolment, version)
) STRICT;

-- Folded words of names, each a prefix search away from the running number of its enrolment.
CREATE TABLE enrolment_word (
    word   TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (word, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolment_word_by_number ON enrolment_word (number, word);
