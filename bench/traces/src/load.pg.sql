-- SPDX-License-Identifier: MIT
CREATE TABLE :name AS SELECT i AS id, 'item ' || i AS text, (i * 7919 % 10007)::float AS price FROM generate_series(1, 8000) AS i;
CREATE INDEX ON :name (price);
SELECT count(*), avg(x.price) FROM :name AS x JOIN :name AS y ON x.id = y.id + 1 WHERE y.price < 5000;
SELECT text FROM :name ORDER BY price DESC, text LIMIT 3;
DROP TABLE :name;
