-- Signed policy packs: a chain that only grows, and that nobody can fork.
\ir begin.psql
SELECT no_plan();

CREATE FUNCTION pg_temp.pack(revision int, digest text, prev text, epoch int DEFAULT 1)
	RETURNS text LANGUAGE sql AS $$ SELECT format('INSERT INTO gatehouse.policy_pack (tenant_id, '
	'revision, digest, prev_digest, epoch, pack, effective_at, activated_by) VALUES '
	'(%L, %s, %L, %L, %s, %L, now(), ''c'')', t.a(), revision, '\x' || repeat(digest, 32),
	'\x' || repeat(prev, 32), epoch, '\x' || repeat('88', 1024)) $$;
CREATE FUNCTION pg_temp.state(said text) RETURNS text LANGUAGE sql AS $$ SELECT left(said, 12) $$;

SELECT is(t.visit('gatehouse_app', :'token_a', pg_temp.pack(2, 'a2', '77')), 'INSERT 0 1',
	'a pack follows the one whose digest it names');
SELECT is(pg_temp.state(t.visit('gatehouse_app', :'token_a', pg_temp.pack(3, 'a3', '77'))),
	'23505: dupli', 'a second successor of the same pack is refused');
SELECT is(pg_temp.state(t.visit('gatehouse_app', :'token_a', pg_temp.pack(3, 'a3', 'ff'))),
	'23503: inser', 'and one whose predecessor is not there');
SELECT is(pg_temp.state(t.visit('gatehouse_app', :'token_a', pg_temp.pack(2, 'a3', 'a2'))),
	'23505: dupli', 'and a revision that is taken');
SELECT is(pg_temp.state(t.visit('gatehouse_app', :'token_a', pg_temp.pack(3, 'a2', 'a2'))),
	'23505: dupli', 'and a pack that was live already');
SELECT is(pg_temp.state(t.visit('gatehouse_app', :'token_a', pg_temp.pack(3, 'a3', 'a2', 9))),
	'23503: inser', 'and one of an epoch without signers');
SELECT is(t.visit('gatehouse_app', :'token_a', format('%s gatehouse.%s', verb, what)),
	format('42501: permission denied for table %s', split_part(what, ' ', 1)),
	format('the application may not %s %s', verb, what))
	FROM (VALUES ('DELETE FROM', 'policy_pack'), ('DELETE FROM', 'policy_trust'),
	      ('UPDATE', 'policy_pack SET effective_at = now()'),
	      ('UPDATE', 'policy_trust SET document = '''''),
	      ('UPDATE', 'api_key SET role = ''admin''')) v(verb, what);
SELECT is(pg_temp.state(t.visit('gatehouse_app', :'token_a', format('INSERT INTO '
	'gatehouse.policy_trust (tenant_id, epoch, document, created_by) VALUES (%L, 2, ''{}'', ''c'')',
	t.a()))), '23514: new r', 'an epoch after the first one needs the signatures of the one before');
SELECT * FROM finish();
