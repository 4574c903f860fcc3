#!/bin/sh
# SPDX-License-Identifier: MIT
# server.sh DIR - starts a PostgreSQL server on the database in DIR, runs
# load.pg.sql in two clients at a time, stops it. Needs PATH to hold
# PostgreSQL's own programs (pg_config --bindir).
set -eu

here=$(dirname "$0")
postgres -D "$1" -k "$1" -c listen_addresses= -c shared_buffers=2MB -c max_connections=8 -c autovacuum=off \
	-c max_parallel_workers=2 -c logging_collector=off 2> "$1/log" &
server=$!
tries=0
until psql -q -h "$1" -d postgres -c "SELECT 1" > /dev/null 2>&1; do
	tries=$((tries + 1))
	[ $tries -lt 50 ]
	sleep 0.2
done
psql -q -h "$1" -d postgres -v name=a -f "$here/load.pg.sql" > /dev/null &
first=$!
psql -q -h "$1" -d postgres -v name=b -f "$here/load.pg.sql" > /dev/null
wait $first
kill -INT $server
wait $server
