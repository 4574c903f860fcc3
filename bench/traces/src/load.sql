-- SPDX-License-Identifier: MIT
-- A table filled, indexed, joined and thinned out; then, while sqlite3 waits for the shell, a copy of its /proc/PID/maps.
PRAGMA mmap_size = 16777216;
PRAGMA cache_size = -4000;
CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL, blob BLOB);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO item SELECT i, 'item ' || i, (i * 7919 % 10007) / 100.0, zeroblob(i % 400) FROM n;
CREATE INDEX by_price ON item (price, name);
SELECT count(*), sum(a.price) FROM item a JOIN item b ON a.id = b.id * 3 WHERE b.price < 50;
SELECT name FROM item ORDER BY length(blob) DESC, name LIMIT 3;
DELETE FROM item WHERE id % 3 = 0;
VACUUM;
.shell cat /proc/$PPID/maps > "$MAPS"
SELECT count(*) FROM item;
