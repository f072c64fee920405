-- What the list of revoked certificates said of what is installed, when it was last asked.
CREATE TABLE lookup (
    tenant text PRIMARY KEY,
    json   text NOT NULL
);
