-- A tenant and the version of its book: every committed change raises it by one.
CREATE TABLE tenant (
    name            TEXT PRIMARY KEY,
    version         INTEGER NOT NULL,
    confirmed_topic TEXT
) STRICT;

-- Journeys, each a JSON document with a form of its own.
CREATE TABLE journey (
    tenant TEXT NOT NULL REFERENCES tenant (name),
    number INTEGER NOT NULL,
    open   INTEGER NOT NULL,
    format INTEGER NOT NULL,
    json   TEXT NOT NULL,
    PRIMARY KEY (tenant, number)
) STRICT;

-- Files, named by their SHA-256.
CREATE TABLE artefact (
    digest TEXT PRIMARY KEY,
    kind   TEXT NOT NULL,
    name   TEXT NOT NULL,
    bytes  BLOB NOT NULL
) STRICT;

-- The record. `line` is what is chained; the other columns are derived from it.
CREATE TABLE audit (
    tenant TEXT NOT NULL REFERENCES tenant (name),
    number INTEGER NOT NULL,
    line   TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (tenant, number)
) STRICT;

CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON audit
BEGIN SELECT RAISE (ABORT, 'the record is append-only'); END;

CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
BEGIN SELECT RAISE (ABORT, 'the record is append-only'); END;

-- What was seen to be installed. Looking is no change, so it does not raise a tenant's version.
CREATE TABLE sighting (
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    at     INTEGER NOT NULL,
    json   TEXT NOT NULL,
    PRIMARY KEY (tenant, source)
) STRICT;

-- Sign-ins that a server refused, by a keyed fingerprint of the secret.
CREATE TABLE refused_sign_in (
    tenant      TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;

-- The key of those fingerprints, made by this store for itself.
CREATE TABLE pepper (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    key BLOB NOT NULL
) STRICT;
