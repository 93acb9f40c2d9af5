-- Every table, every kind of statement, the wrong tenant: nothing is read or changed, and what the
-- server says is what it says of a tenant that does not exist.
\ir begin.psql
SELECT no_plan();

-- A column of the table that the application role may update, or tenant_id, which it may not.
CREATE FUNCTION pg_temp.column_of(relation regclass) RETURNS text LANGUAGE sql AS $$
	SELECT CASE relation::text WHEN 'gatehouse.tenant' THEN 'name'
	WHEN 'gatehouse.api_key' THEN 'name' WHEN 'gatehouse.data_key' THEN 'wrapped'
	WHEN 'gatehouse.pii_mode' THEN 'mode' WHEN 'gatehouse.pii_reveal_budget' THEN 'left_over'
	WHEN 'gatehouse.pii_threshold' THEN 'threshold'
	WHEN 'shop.note' THEN 'body'
	WHEN 'shop.remark' THEN 'note' ELSE 'tenant_id' END $$;
CREATE FUNCTION pg_temp.insert_of(relation regclass, tenant uuid, tail text DEFAULT '')
	RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	sample jsonb := t.sample(tenant, relation);
	columns text;
	vals text;
BEGIN
	-- Plain literals, as a client would send them.
	SELECT string_agg(quote_ident(key), ', '), string_agg(CASE
		WHEN key = 'caps' THEN '''{}''' ELSE quote_literal(value #>> '{}') END, ', ')
		INTO columns, vals FROM jsonb_each(sample);
	RETURN format('INSERT INTO %s (%s) VALUES (%s) %s', relation, columns, vals, tail);
END $$;

CREATE FUNCTION pg_temp.probes(relation regclass, tenant uuid)
	RETURNS TABLE (probe text, sql text) LANGUAGE plpgsql AS $$
DECLARE
	col text := pg_temp.column_of(relation);
BEGIN
	RETURN QUERY VALUES
	('select', format('SELECT count(tenant_id) FROM %s WHERE tenant_id = %L', relation, tenant)),
	('update', format('UPDATE %s SET %I = %2$I WHERE tenant_id = %L', relation, col, tenant)),
	('delete', format('DELETE FROM %s WHERE tenant_id = %L', relation, tenant)),
	('insert', pg_temp.insert_of(relation, tenant)),
	('upsert, do nothing', pg_temp.insert_of(relation, tenant, 'ON CONFLICT DO NOTHING')),
	('upsert, do update', pg_temp.insert_of(relation, tenant, format(
		'ON CONFLICT (%s) DO UPDATE SET %I = excluded.%2$I',
		(SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY ord)
		 FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k(n, ord), pg_attribute a
		 WHERE i.indrelid = relation AND i.indisprimary AND a.attrelid = relation
		 AND a.attnum = k.n), col))),
	('merge, update', format('MERGE INTO %s t USING (VALUES (%L::uuid)) s(id) ON '
		't.tenant_id = s.id WHEN MATCHED THEN UPDATE SET %I = t.%3$I', relation, tenant, col)),
	('merge, delete', format('MERGE INTO %s t USING (VALUES (%L::uuid)) s(id) ON '
		't.tenant_id = s.id WHEN MATCHED THEN DELETE', relation, tenant)),
	('lock', format('SELECT tenant_id FROM %s WHERE tenant_id = %L FOR UPDATE', relation, tenant)),
	('copy from', format('COPY %s FROM STDIN', relation)),
	('truncate', format('TRUNCATE %s', relation));
END $$;

-- As A: what is said of B's rows is what is said of nobody's.
CREATE FUNCTION pg_temp.check_table(relation regclass, token text) RETURNS SETOF text
	LANGUAGE plpgsql AS $$
DECLARE
	item record;
	of_b text;
	of_absent text;
BEGIN
	FOR item IN SELECT b.probe, b.sql AS b, n.sql AS absent
		FROM pg_temp.probes(relation, t.b()) b JOIN pg_temp.probes(relation, t.absent()) n
		USING (probe)
	LOOP
		of_b := t.visit('gatehouse_app', token, item.b);
		of_absent := t.visit('gatehouse_app', token, item.absent);
		RETURN NEXT tap.is(of_b, of_absent, format('%s: %s: another tenant''s row is an absent '
			'one', relation, item.probe));
		RETURN NEXT tap.ok(of_b ~ '^(\(0\)|UPDATE 0|DELETE 0|INSERT 0 0|MERGE 0|'
			'42501: (permission denied|new row violates row-level security|this role may not run).*|)$',
			format('%s: %s: nothing happens (%s)', relation, item.probe, of_b));
	END LOOP;
END $$;

CREATE TEMP TABLE before AS SELECT relation::text, (xpath('/row/c/text()', query_to_xml(format(
	'SELECT md5(string_agg(x::text, chr(10) ORDER BY x::text)) AS c FROM %s x', relation), false,
	true, '')))[1]::text AS digest FROM t.tenant_table;

SELECT pg_temp.check_table(relation, :'token_a') FROM t.tenant_table ORDER BY relation::text;

SELECT results_eq($$ SELECT relation::text, (xpath('/row/c/text()', query_to_xml(format(
	'SELECT md5(string_agg(x::text, chr(10) ORDER BY x::text)) AS c FROM %s x', relation), false,
	true, '')))[1]::text FROM t.tenant_table ORDER BY 1 $$,
	$$ SELECT relation, digest FROM before ORDER BY 1 $$, 'no row of anybody has changed');

-- The probes find what is one's own: they can fail.
SELECT is(t.visit('gatehouse_app', :'token_a', sql), '(1)', format('%s: one''s own row is there', r))
	FROM (SELECT relation r FROM t.tenant_table) x, LATERAL pg_temp.probes(r, t.a())
	WHERE probe = 'select' AND r::text <> 'gatehouse.api_key' ORDER BY r::text;
SELECT is(t.visit('gatehouse_app', :'token_a', sql), 'UPDATE 1', format('%s: and can be changed', r))
	FROM (SELECT relation r FROM t.tenant_table) x, LATERAL pg_temp.probes(r, t.a())
	WHERE probe = 'update' AND pg_temp.column_of(r) <> 'tenant_id'
	AND r::text <> 'gatehouse.api_key' ORDER BY r::text;
SELECT is(t.visit('gatehouse_app', :'token_a', 'DELETE FROM gatehouse.pii_vault'), 'DELETE 1',
	  'DELETE without a condition takes one''s own rows only');
SELECT is(t.visit('gatehouse_app', :'token_a', pg_temp.insert_of('gatehouse.pii_vault', t.a())),
	  'INSERT 0 1', 'and they can be written again');
SELECT is(t.visit('gatehouse_app', :'token_a', 'UPDATE gatehouse.pii_mode SET mode = ''off'''),
	  'UPDATE 1', 'UPDATE without a condition too');
SELECT is((SELECT mode FROM gatehouse.pii_mode WHERE tenant_id = t.b()), 'flag',
	  'the other tenant''s is as it was');
SELECT is(t.visit('gatehouse_app', :'token_a', format('UPDATE gatehouse.pii_mode SET tenant_id = %L',
	  t.b())), '42501: permission denied for table pii_mode', 'a row does not move to another tenant');
SELECT is(t.visit('gatehouse_app', :'token_a', 'UPDATE gatehouse.pii_threshold SET threshold = 0'),
	  'UPDATE 1', 'UPDATE without a condition of a threshold too');
SELECT is((SELECT threshold FROM gatehouse.pii_threshold WHERE tenant_id = t.b()), 80::smallint,
	  'the other tenant''s threshold is as it was');
SELECT is(t.visit('gatehouse_app', :'token_a', format('UPDATE gatehouse.pii_threshold SET tenant_id = %L',
	  t.b())), '42501: permission denied for table pii_threshold', 'a threshold does not move to another tenant');
SELECT is(t.visit('gatehouse_app', :'token_a', format('UPDATE shop.note SET tenant_id = %L', t.b())),
	  '42501: new row violates row-level security policy for table "note"',
	  'nor where the column may be written');

-- Without a token, everything is as absent as that.
SELECT is(t.visit('gatehouse_app', NULL, sql), '(0)', format('%s: nobody sees nothing', r))
	FROM (SELECT relation r FROM t.tenant_table) x, LATERAL pg_temp.probes(r, t.a())
	WHERE probe = 'select' ORDER BY r::text;
SELECT * FROM finish();
