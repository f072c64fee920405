-- A tenant and the version of its book: every committed change raises it by one.
CREATE TABLE tenant (
    name            text PRIMARY KEY,
    version         bigint NOT NULL,
    confirmed_topic text
);

-- Journeys, each a JSON document with a form of its own.
CREATE TABLE journey (
    tenant text NOT NULL REFERENCES tenant (name),
    number bigint NOT NULL,
    open   boolean NOT NULL,
    format bigint NOT NULL,
    json   text NOT NULL,
    PRIMARY KEY (tenant, number)
);

-- Files, named by their SHA-256.
CREATE TABLE artefact (
    digest text PRIMARY KEY,
    kind   text NOT NULL,
    name   text NOT NULL,
    bytes  bytea NOT NULL
);

-- The record. `line` is what is chained; the other columns are derived from it.
CREATE TABLE audit (
    tenant text NOT NULL REFERENCES tenant (name),
    number bigint NOT NULL,
    line   text NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (tenant, number)
);

CREATE FUNCTION pushcert_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the record is append-only'; END $$;

CREATE TRIGGER audit_is_not_edited BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION pushcert_append_only();

-- What was seen to be installed. Looking is no change, so it does not raise a tenant's version.
CREATE TABLE sighting (
    tenant text NOT NULL,
    source text NOT NULL,
    at     bigint NOT NULL,
    json   text NOT NULL,
    turn   bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (tenant, source)
);

-- Sign-ins that a server refused, by a keyed fingerprint of the secret.
CREATE TABLE refused_sign_in (
    tenant      text PRIMARY KEY,
    fingerprint text NOT NULL,
    at          bigint NOT NULL
);

-- The key of those fingerprints, made by this store for itself.
CREATE TABLE pepper (
    one integer PRIMARY KEY CHECK (one = 1),
    key bytea NOT NULL
);

-- Who holds a tenant: words for whoever comes second. The hold itself is an advisory lock.
CREATE TABLE holder (
    tenant text PRIMARY KEY,
    who    text NOT NULL
);
