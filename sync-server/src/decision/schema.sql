-- What was decided, by whom, why and when. The log only grows.
CREATE TABLE decision_log (
    number    INTEGER PRIMARY KEY,            -- from 1, without gaps
    enrolment BLOB NOT NULL,
    packet    BLOB NOT NULL,
    version   INTEGER NOT NULL,
    event     TEXT NOT NULL,                  -- decided | proposed | confirmed | declined
    kind      TEXT NOT NULL,                  -- accepted | returned | rejected | same_person
    reason    TEXT NOT NULL,                  -- codes, never a note
    by_staff  BLOB NOT NULL,
    proposer  BLOB,
    at_ms     INTEGER NOT NULL,
    body      BLOB NOT NULL,                  -- sealed: notes may name a person
    signed    BLOB NOT NULL,                  -- COSE_Sign1 by the centre key
    digest    BLOB NOT NULL                   -- SHA-256 of signed; the next entry names it
) STRICT;
CREATE INDEX decision_log_enrolment ON decision_log (enrolment);
CREATE TRIGGER decision_log_stands BEFORE UPDATE ON decision_log BEGIN SELECT RAISE(ABORT, 'the decision log only grows'); END;
CREATE TRIGGER decision_log_stays BEFORE DELETE ON decision_log BEGIN SELECT RAISE(ABORT, 'the decision log only grows'); END;

-- Proposed by one person, waiting for another.
CREATE TABLE decision_pending (
    enrolment BLOB PRIMARY KEY,
    number    INTEGER NOT NULL,               -- of the proposal in the log
    from_state TEXT NOT NULL                  -- where the case stood before
) STRICT;
