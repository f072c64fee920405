-- What was last announced of each matter, such as the end of a certificate.
CREATE TABLE matter (
    tenant   TEXT NOT NULL,
    name     TEXT NOT NULL,
    occasion TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT;

-- The only way to a channel. One row for each alert and channel, whoever watches.
CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY,
    tenant   TEXT NOT NULL,
    matter   TEXT NOT NULL,
    occasion TEXT NOT NULL,
    channel  TEXT NOT NULL,
    json     TEXT NOT NULL,
    state    TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead')),
    due      INTEGER NOT NULL,
    leased   INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    why      TEXT,
    UNIQUE (tenant, matter, occasion, channel)
) STRICT;

CREATE INDEX outbox_waiting ON outbox (due) WHERE state = 'waiting';
