-- How many letters went that are no longer kept.
CREATE TABLE delivered (
    tenant  text NOT NULL,
    channel text NOT NULL,
    count   bigint NOT NULL,
    PRIMARY KEY (tenant, channel)
);
