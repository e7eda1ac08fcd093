-- Cases under review, what was checked and found, and the index of persons.
-- Nothing here names a person: names, dates, numbers and templates are sealed under the review role's index key,
-- and search keys are keyed digests.
CREATE TABLE review_case (
    enrolment      BLOB PRIMARY KEY,
    packet         BLOB NOT NULL,             -- the version in question
    version        INTEGER NOT NULL,
    state          TEXT NOT NULL,             -- under_review | duplicate_hold | second_opinion | accepted | returned | rejected | same_person
    home_office    TEXT NOT NULL,
    station        BLOB NOT NULL,
    sequence       INTEGER NOT NULL,
    pack_id        TEXT NOT NULL,
    received_ms    INTEGER NOT NULL,
    day            TEXT NOT NULL,             -- of receipt, YYYY-MM-DD in the programme's zone
    checks_failed  INTEGER NOT NULL,
    summary        BLOB NOT NULL,             -- sealed: name and birth date for lists
    row_version    INTEGER NOT NULL,
    lease_staff    BLOB,
    lease_until_ms INTEGER
) STRICT;
CREATE INDEX review_case_queue ON review_case (state, home_office, received_ms);
CREATE INDEX review_case_batch ON review_case (station, day, sequence);

CREATE TABLE review_version (
    enrolment   BLOB NOT NULL,
    version     INTEGER NOT NULL,
    packet      BLOB NOT NULL,
    examined_ms INTEGER NOT NULL,
    checks      TEXT NOT NULL,                -- JSON list of checks and outcomes
    PRIMARY KEY (enrolment, version)
) STRICT;

CREATE TABLE finding (
    id        INTEGER PRIMARY KEY,
    enrolment BLOB NOT NULL,
    packet    BLOB NOT NULL,
    kind      TEXT NOT NULL,                  -- demographic | fingerprint | sample_reused
    other     BLOB NOT NULL,                  -- the other enrolment
    score     INTEGER NOT NULL,               -- 0 to 100
    holds     INTEGER NOT NULL,
    detail    TEXT NOT NULL,                  -- JSON: reasons, fingers, rates
    found_ms  INTEGER NOT NULL,
    UNIQUE (packet, kind, other)
) STRICT;
CREATE INDEX finding_enrolment ON finding (enrolment);
CREATE INDEX finding_other ON finding (other);

CREATE TABLE person_index (
    enrolment BLOB PRIMARY KEY,
    packet    BLOB NOT NULL,
    version   INTEGER NOT NULL,
    pack_id   TEXT NOT NULL,
    facts     BLOB NOT NULL                   -- sealed
) STRICT;

CREATE TABLE person_key (
    key       BLOB NOT NULL,
    enrolment BLOB NOT NULL,
    PRIMARY KEY (key, enrolment)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_key_enrolment ON person_key (enrolment);

CREATE TABLE finger_template (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    enrolment BLOB NOT NULL,
    position  INTEGER NOT NULL,               -- ISO/IEC 19794-4 code
    template  BLOB NOT NULL,                  -- sealed
    UNIQUE (enrolment, position)
) STRICT;

CREATE TABLE sample_key (
    key       BLOB NOT NULL,
    packet    BLOB NOT NULL,
    sample    BLOB NOT NULL,
    enrolment BLOB NOT NULL,
    kind      TEXT NOT NULL,
    PRIMARY KEY (key, packet, sample)
) STRICT, WITHOUT ROWID;
CREATE INDEX sample_key_enrolment ON sample_key (enrolment);
