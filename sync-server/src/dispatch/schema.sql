CREATE TABLE inbox (
    station  BLOB NOT NULL,
    number   INTEGER NOT NULL,
    bytes    BLOB NOT NULL,
    digest   BLOB NOT NULL,
    made_ms  INTEGER NOT NULL,
    subject  TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (station, number)
) STRICT;
