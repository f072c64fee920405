-- What was last announced of each matter, such as the end of a certificate.
CREATE TABLE matter (
    tenant   text NOT NULL,
    name     text NOT NULL,
    occasion text NOT NULL,
    at       bigint NOT NULL,
    PRIMARY KEY (tenant, name)
);

-- The only way to a channel. One row for each alert and channel, whoever watches.
CREATE TABLE outbox (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant   text NOT NULL,
    matter   text NOT NULL,
    occasion text NOT NULL,
    channel  text NOT NULL,
    json     text NOT NULL,
    state    text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead')),
    due      bigint NOT NULL,
    leased   bigint NOT NULL DEFAULT 0,
    attempts bigint NOT NULL DEFAULT 0,
    why      text,
    UNIQUE (tenant, matter, occasion, channel)
);

CREATE INDEX outbox_waiting ON outbox (due) WHERE state = 'waiting';
