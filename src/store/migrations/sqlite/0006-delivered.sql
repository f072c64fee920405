-- How many letters went that are no longer kept.
CREATE TABLE delivered (
    tenant  TEXT NOT NULL,
    channel TEXT NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (tenant, channel)
) STRICT;
