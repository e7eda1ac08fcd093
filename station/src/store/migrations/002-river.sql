-- What happens after the seal, and what the station remembers of it. Conventions as in 001.

-- outbox/: sealed packets. The bytes are files beside this database; a row stays for ever, as the record of what
-- became of the packet.
CREATE TABLE outbox (
    packet          BLOB PRIMARY KEY CHECK (length(packet) = 16),
    enrolment       BLOB NOT NULL CHECK (length(enrolment) = 16),
    sequence        INTEGER NOT NULL UNIQUE CHECK (sequence >= 1),
    -- of the packet file, and of the signed manifest at its head
    digest          BLOB NOT NULL CHECK (length(digest) = 32),
    manifest_digest BLOB NOT NULL CHECK (length(manifest_digest) = 32),
    length          INTEGER NOT NULL CHECK (length > 0),
    queued          INTEGER NOT NULL,
    state           TEXT NOT NULL DEFAULT 'queued'
                    CHECK (state IN ('queued', 'sending', 'delivered', 'settled', 'stuck')),
    -- why it is stuck, by name, with the centre's code where there is one
    reason          TEXT CHECK ((reason IS NOT NULL) = (state = 'stuck')),
    detail          TEXT,
    -- the transfer: its id at the centre and the bytes the centre has acknowledged
    upload          BLOB CHECK (length(upload) = 16),
    acknowledged    INTEGER NOT NULL DEFAULT 0 CHECK (acknowledged BETWEEN 0 AND length),
    attempts        INTEGER NOT NULL DEFAULT 0,
    error_code      TEXT,
    error_at        INTEGER,
    receipt         INTEGER REFERENCES receipt (number),
    delivered       INTEGER,
    -- when the file was deleted; never without a receipt
    released        INTEGER CHECK (released IS NULL OR receipt IS NOT NULL),
    decision        TEXT,
    settled         INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_by_state ON outbox (state, sequence);
CREATE TRIGGER outbox_forgets_nothing BEFORE DELETE ON outbox
BEGIN SELECT RAISE(ABORT, 'an outbox row is never deleted'); END;

-- upload/: the centre's signed receipts, numbered by the centre for this station from 1, each with the digest of the
-- one before.
CREATE TABLE receipt (
    number   INTEGER PRIMARY KEY CHECK (number >= 1),
    packet   BLOB NOT NULL CHECK (length(packet) = 16),
    signed   BLOB NOT NULL,
    received INTEGER NOT NULL
) STRICT;
CREATE INDEX receipt_by_packet ON receipt (packet, number);

-- inbox/: the centre's signed messages, numbered and chained in the same way.
CREATE TABLE inbox (
    number   INTEGER PRIMARY KEY CHECK (number >= 1),
    kind     TEXT NOT NULL,
    packet   BLOB CHECK (length(packet) = 16),
    signed   BLOB NOT NULL,
    received INTEGER NOT NULL,
    applied  INTEGER,
    -- why it could not be applied, by code
    problem  TEXT
) STRICT;
CREATE INDEX inbox_by_packet ON inbox (packet, number);

-- watch/: for the days that policy allows, what is needed to notice that a person came twice. Never an image.
CREATE TABLE watch (
    enrolment BLOB PRIMARY KEY CHECK (length(enrolment) = 16),
    made      INTEGER NOT NULL,
    record    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX watch_by_time ON watch (made);
CREATE TABLE watch_word (
    word      TEXT NOT NULL,
    enrolment BLOB NOT NULL REFERENCES watch ON DELETE CASCADE,
    PRIMARY KEY (word, enrolment)
) STRICT, WITHOUT ROWID;
CREATE INDEX watch_word_by_enrolment ON watch_word (enrolment);
