CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE picture (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, changed INTEGER NOT NULL,
    row BLOB NOT NULL
);
CREATE INDEX unfinished ON picture (changed, number) WHERE state <> 'ready';
INSERT INTO meta VALUES ('secret', x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
INSERT INTO picture VALUES (1, '11111111111111111111111111111111', 'ready', 1700000000000, CAST('{"id":"11111111111111111111111111111111","source":"gs://in/a.jpg","name":"a.jpg","version":"1","width":640,"height":480,"format":"jpeg","bytes":1000,"sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","phash":"00000000000000ff","labels":["cat","dog"],"camera":"X-T5","state":"ready","added":1700000000000,"changed":1700000000000,"revision":"0000000000000001"}' AS BLOB));
INSERT INTO picture VALUES (2, '22222222222222222222222222222222', 'pending', 1700000000001, CAST('{"id":"22222222222222222222222222222222","source":"gs://in/b.jpg","name":"b.jpg","version":"1","width":640,"height":480,"format":"jpeg","bytes":1000,"sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","labels":["cat"],"state":"pending","added":1700000000001,"changed":1700000000001,"revision":"0000000000000002"}' AS BLOB));
INSERT INTO picture VALUES (4, '44444444444444444444444444444444', 'ready', 1700000000002, CAST('{"id":"44444444444444444444444444444444","source":"gs://in/Ä.png","name":"Ä.png","version":"1","width":4000,"height":3000,"format":"png","bytes":5,"sha256":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","taken":-5,"state":"ready","added":1700000000002,"changed":1700000000002,"revision":"0000000000000004"}' AS BLOB));
PRAGMA user_version = 1;
