-- What stations announced, what they are sending, what was taken in, and what they were told.
CREATE TABLE announcement (
    station         BLOB NOT NULL,
    packet          BLOB NOT NULL,
    sequence        INTEGER NOT NULL,
    manifest_sha256 BLOB NOT NULL,
    previous_sha256 BLOB,
    manifest        BLOB NOT NULL,
    announced_ms    INTEGER NOT NULL,
    PRIMARY KEY (station, packet)
) STRICT;
CREATE INDEX announcement_sequence ON announcement (station, sequence);

CREATE TABLE upload (
    id          BLOB PRIMARY KEY,
    station     BLOB NOT NULL,
    packet      BLOB,
    length      INTEGER NOT NULL,
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL,
    state       TEXT NOT NULL,              -- open | done | refused | gone
    receipt     INTEGER                     -- number of the receipt that ended it
) STRICT;
CREATE INDEX upload_station ON upload (station, state);
CREATE INDEX upload_packet ON upload (packet);

CREATE TABLE packet (
    id              BLOB PRIMARY KEY,
    station         BLOB NOT NULL,
    sequence        INTEGER NOT NULL,
    enrolment       BLOB NOT NULL,
    version         INTEGER NOT NULL,
    previous_sha256 BLOB,                   -- what its manifest says of the one before
    manifest_sha256 BLOB NOT NULL,          -- the blob's name
    length          INTEGER NOT NULL,
    pack_id         TEXT NOT NULL,
    pack_version    INTEGER NOT NULL,
    station_kind    TEXT NOT NULL,
    home_office     TEXT NOT NULL,
    received_ms     INTEGER NOT NULL,
    chain           TEXT NOT NULL,          -- whole | gap | fork
    quarantine      TEXT,                   -- reason, or NULL
    examined_ms     INTEGER,                -- when review had opened it; until then it counts against the quota
    receipt         INTEGER NOT NULL
) STRICT;
CREATE INDEX packet_station ON packet (station, sequence);
CREATE INDEX packet_unexamined ON packet (station) WHERE examined_ms IS NULL;
CREATE INDEX packet_enrolment ON packet (enrolment, version);

CREATE TABLE receipt (
    station         BLOB NOT NULL,
    number          INTEGER NOT NULL,
    packet          BLOB NOT NULL,
    manifest_sha256 BLOB NOT NULL,
    refused_sha256  BLOB,                   -- of what came, where it was refused
    stored          INTEGER NOT NULL,       -- 1 stored, 0 refused
    reason          TEXT,                   -- code of the refusal
    bytes           BLOB NOT NULL,
    digest          BLOB NOT NULL,
    PRIMARY KEY (station, number)
) STRICT;
CREATE INDEX receipt_packet ON receipt (station, packet);

CREATE TABLE audit_entry (
    station  BLOB NOT NULL,
    number   INTEGER NOT NULL,
    digest   BLOB NOT NULL,
    bytes    BLOB NOT NULL,
    taken_ms INTEGER NOT NULL,
    PRIMARY KEY (station, number)
) STRICT;
