#!/bin/sh
# SPDX-License-Identifier: MIT
# mariadb.sh DIR - starts a MariaDB server on the database in DIR, runs
# load.maria.sql in three clients at a time, stops it.
set -eu

here=$(dirname "$0")
mariadbd --no-defaults --datadir="$1" --socket="$1/socket" --pid-file="$1/pid" --skip-networking --skip-grant-tables \
	--innodb-buffer-pool-size=8M --innodb-use-native-aio=0 --key-buffer-size=1M --aria-pagecache-buffer-size=1M \
	--thread-handling=one-thread-per-connection --thread-cache-size=0 2> "$1/log" &
server=$!
tries=0
until [ -S "$1/socket" ]; do
	tries=$((tries + 1))
	[ $tries -lt 60 ]
	sleep 0.5
done
clients=
for name in a b c; do
	sed "s/NAME/$name/g" "$here/load.maria.sql" | mariadb --no-defaults -S "$1/socket" test > /dev/null &
	clients="$clients $!"
done
for client in $clients; do
	wait "$client"
done
mariadb --no-defaults -S "$1/socket" -e SHUTDOWN
wait $server
