# A PostgreSQL server for as long as standard input stays open: it ends with the tests, however they end.
# $1: PostgreSQL's programs · $2: the port · PASSWORD, CERTIFICATE, KEY: of the server.
set -eu
trap '' INT TERM HUP
umask 077
room=$(mktemp -d "${TMPDIR:-/tmp}/pushcert-postgres-XXXXXX")
trap '"$1/pg_ctl" -D "$room/data" -m immediate stop >/dev/null 2>&1; rm -rf "$room"' EXIT
printf '%s\n' "$PASSWORD" >"$room/password"
"$1/initdb" -D "$room/data" -U postgres -E UTF8 --locale=C -A scram-sha-256 --pwfile="$room/password" --no-sync >"$room/log"
printf '%s' "$CERTIFICATE" >"$room/data/server.crt"
printf '%s' "$KEY" >"$room/data/server.key"
cat >>"$room/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $2
unix_socket_directories = '$room'
ssl = on
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 300
shared_buffers = '32MB'
autovacuum = off
CONF
"$1/pg_ctl" -D "$room/data" -w -l "$room/log" start >/dev/null || { cat "$room/log"; exit 1; }
echo ready
while read -r _; do :; done
