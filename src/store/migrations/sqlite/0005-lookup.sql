-- What the list of revoked certificates said of what is installed, when it was last asked.
CREATE TABLE lookup (
    tenant TEXT PRIMARY KEY,
    json   TEXT NOT NULL
) STRICT;
