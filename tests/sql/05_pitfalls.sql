-- Ways around row security that were found open on a plain PostgreSQL, one by one, shut here. The
-- numbers are those of the list in docs/tenancy.
\ir begin.psql
SELECT no_plan();
\set A 'gatehouse_app'
\setenv TOKEN_A :token_a

-- 1. An owner without FORCE sees all.
CREATE FUNCTION pg_temp.as_owner(sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	SET LOCAL ROLE gatehouse_owner;
	EXECUTE sql INTO said;
	RESET ROLE;
	RETURN said;
END $$;
SELECT is(pg_temp.as_owner('SELECT count(*) FROM gatehouse.api_key'), '0', '1: the owner is bound by FORCE');

-- 2. Superusers and BYPASSRLS are never bound.
SELECT is_empty($$ SELECT rolname FROM pg_roles WHERE (rolsuper OR rolbypassrls) AND rolcanlogin
	AND rolname <> 'gatehouse_admin' $$, '2: one role is above the policies, and it is not the gateway''s');
SELECT is(t.visit(:'A', :'token_a', 'SET ROLE gatehouse_admin'),
	'42501: permission denied to set role "gatehouse_admin"', '2: and cannot be become');

-- 3. Views and SECURITY DEFINER functions run as their owner.
CREATE VIEW shop.all_notes AS SELECT * FROM shop.remark;
ALTER VIEW shop.all_notes OWNER TO gatehouse_owner;
CREATE FUNCTION shop.count_notes() RETURNS bigint LANGUAGE sql SECURITY DEFINER
	AS 'SELECT count(*) FROM shop.remark';
ALTER FUNCTION shop.count_notes() OWNER TO gatehouse_owner;
GRANT SELECT ON shop.all_notes TO gatehouse_app;
GRANT EXECUTE ON FUNCTION shop.count_notes() TO gatehouse_app;
SELECT is(t.visit(:'A', :'token_a', 'SELECT count(*) FROM shop.all_notes'), '(1)',
	'3: a forgetful view still shows one tenant, since its owner is bound');
SELECT is(t.visit(:'A', :'token_a', 'SELECT shop.count_notes()'), '(1)',
	'3: and so does a SECURITY DEFINER function');
SELECT is(t.visit(:'A', NULL, 'SELECT shop.count_notes()'), '(0)', '3: without a token neither');
DROP VIEW shop.all_notes;
DROP FUNCTION shop.count_notes();

-- 4. Materialized views have no policies.
CREATE MATERIALIZED VIEW shop.frozen AS SELECT * FROM shop.remark WITH NO DATA;
ALTER MATERIALIZED VIEW shop.frozen OWNER TO gatehouse_owner;
SET ROLE gatehouse_owner;
REFRESH MATERIALIZED VIEW shop.frozen;
RESET ROLE;
SELECT is((SELECT count(*) FROM shop.frozen), 0::bigint, '4: a refresh by the bound owner freezes no row');
SELECT alike(t.visit(:'A', :'token_a', 'REFRESH MATERIALIZED VIEW shop.frozen'), '42501: %',
	'4: and the application cannot refresh');
DROP MATERIALIZED VIEW shop.frozen;

-- 5. Partitions have no policies of their parent.
SELECT is_empty($$ SELECT oid::regclass FROM pg_class WHERE relispartition
	AND relnamespace = 'gatehouse'::regnamespace $$, '5: there are no partitions');

-- 6. A foreign key without tenant_id tells which ids exist.
SELECT is(t.visit(:'A', :'token_a', format('INSERT INTO shop.remark VALUES (%L, 2, 1)', t.a())),
	'INSERT 0 1', '6: a reference to one''s own row');
INSERT INTO shop.note VALUES (t.b(), 77, 'b''s own');
SELECT is(t.visit(:'A', :'token_a', format('INSERT INTO shop.remark VALUES (%L, 3, 77)', t.a())),
	t.visit(:'A', :'token_a', format('INSERT INTO shop.remark VALUES (%L, 3, 78)', t.a())),
	'6: a reference to another tenant''s row fails like one to an absent row');
SELECT alike(t.visit(:'A', :'token_a', format('INSERT INTO shop.remark VALUES (%L, 3, 77)', t.a())),
	'23503: %', '6: it does fail');
SELECT is(t.visit(:'A', :'token_a', format('INSERT INTO gatehouse.pii_mode VALUES (%L, ''email'', '
	'''prompt'', ''off'')', t.b())), t.visit(:'A', :'token_a',
	format('INSERT INTO gatehouse.pii_mode VALUES (%L, ''email'', ''prompt'', ''off'')', t.absent())),
	'6: a row under an existing tenant fails like one under an absent tenant');
SELECT is(t.visit(:'A', :'token_a', format('INSERT INTO gatehouse.pii_threshold VALUES (%L, ''minor'', 0)',
	t.b())), t.visit(:'A', :'token_a',
	format('INSERT INTO gatehouse.pii_threshold VALUES (%L, ''minor'', 0)', t.absent())),
	'6: a threshold too');

-- 7. A unique key without tenant_id tells which values exist.
INSERT INTO gatehouse.api_key (tenant_id, key_id, secret_sha256, caps, name, created_by)
	VALUES (t.b(), 'BBBBBBBB', sha256('x'), '{}', 'n', 'c');
SELECT is(t.visit(:'A', :'token_a', format('INSERT INTO gatehouse.api_key (tenant_id, key_id, '
	'secret_sha256, caps, name, created_by) VALUES (%L, ''BBBBBBBB'', sha256(''y''), ''{}'', ''n'', ''c'')',
	t.a())), 'INSERT 0 1', '7: an id that another tenant has can be taken: nothing is told');

-- 8. ON DELETE CASCADE reaches over tenants.
SELECT is_empty($$ SELECT conname FROM pg_constraint WHERE contype = 'f'
	AND connamespace = 'gatehouse'::regnamespace AND (confdeltype <> 'a' OR confupdtype <> 'a') $$,
	'8: no foreign key cascades');
SELECT alike(t.visit(:'A', :'token_a', 'DELETE FROM gatehouse.tenant'), '42501: %',
	'8: and no tenant is deleted');

-- 9. TRUNCATE and COPY.
SELECT is(t.visit(:'A', :'token_a', 'TRUNCATE gatehouse.pii_vault'),
	'42501: this role may not run TRUNCATE TABLE', '9: no TRUNCATE');
\set copied `PGUSER=gatehouse_app PGPASSWORD="$APP_PASSWORD" psql -X -q -t -c BEGIN -c "SELECT gatehouse.open('$TOKEN_A')" -c 'COPY (SELECT tenant_id FROM gatehouse.pii_mode) TO STDOUT' | grep -v '^ t$' | xargs`
SELECT is(:'copied', t.a()::text, '9: COPY TO gives the policy''s rows');
SELECT is(t.visit(:'A', :'token_a', 'COPY shop.note FROM STDIN'),
	'42501: this role may not run COPY', '9: no COPY FROM');
SELECT is(t.visit(:'A', :'token_a', 'COPY shop.note TO PROGRAM ''cat'''),
	'42501: this role may not run COPY', '9: no COPY TO PROGRAM');

-- 10. A function in the condition sees rows before the policy does.
INSERT INTO gatehouse.pii_mode VALUES (t.b(), 'health', 'log', 'strict');
SELECT is(t.visit(:'A', :'token_a', 'SELECT count(*) FROM gatehouse.pii_mode WHERE 1 / '
	'(CASE WHEN mode = ''strict'' THEN 0 ELSE 1 END) = 1'), '(1)',
	'10: a condition that fails on another tenant''s row never meets it');
SELECT alike(t.visit(:'A', :'token_a', 'CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql LEAKPROOF '
	'AS ''SELECT 1'''), '42501: %', '10: and nobody makes a LEAKPROOF one');

-- 11. Statistics and plans count all tenants' rows.
SELECT is(t.visit(:'A', :'token_a', 'SELECT * FROM pg_stats'),
	'42501: permission denied for view pg_stats', '11: no pg_stats');
SELECT is(t.visit(:'A', :'token_a', 'EXPLAIN SELECT * FROM gatehouse.api_key'),
	'42501: this role may not run EXPLAIN', '11: no EXPLAIN');
SELECT is(t.visit(:'A', :'token_a', 'EXPLAIN ANALYZE SELECT * FROM gatehouse.api_key'),
	'42501: this role may not run EXPLAIN', '11: no EXPLAIN ANALYZE');
SELECT is(t.visit(:'A', :'token_a', 'SELECT reltuples FROM pg_class'),
	'42501: permission denied for table pg_class', '11: no reltuples');
SELECT is(t.visit(:'A', :'token_a', 'SELECT pg_relation_size(''gatehouse.api_key'')'),
	'42501: permission denied for function pg_relation_size', '11: no sizes');
SELECT alike(t.visit(:'A', :'token_a', 'SELECT n_live_tup FROM pg_stat_user_tables'), '42501: %',
	'11: no table statistics');
SELECT alike(t.visit(:'A', :'token_a', 'SELECT pg_stat_get_live_tuples(''gatehouse.api_key''::regclass)'),
	'42501: %', '11: nor the functions under them');

-- 12. Another tenant's row takes longer to refuse than an absent one: it must cost the same pages.
CREATE FUNCTION pg_temp.pages(sql text, token text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	SET LOCAL ROLE gatehouse_app;
	PERFORM gatehouse.open(token);
	EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT json) ' || sql INTO plan;
	EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT json) ' || sql INTO plan;
	RESET ROLE;
	RETURN (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::int;
END $$;
GRANT EXECUTE ON FUNCTION pg_temp.pages(text, text) TO gatehouse_app;
SELECT is(pg_temp.pages('SELECT name FROM gatehouse.api_key WHERE key_id = ''b0000777''', :'token_a'),
	pg_temp.pages('SELECT name FROM gatehouse.api_key WHERE key_id = ''b0000xxx''', :'token_a'),
	'12: looking for another tenant''s key id touches as many pages as for an absent one');
SELECT cmp_ok(pg_temp.pages('SELECT name FROM gatehouse.api_key WHERE key_id = ''a0000777''', :'token_a'),
	'>', pg_temp.pages('SELECT name FROM gatehouse.api_key WHERE key_id = ''b0000777''', :'token_a'),
	'12: one''s own touches more: the measure measures');
SELECT is(pg_temp.pages(format('SELECT name FROM gatehouse.api_key WHERE tenant_id = %L AND key_id = '
	'''b0000777''', t.b()), :'token_a'), pg_temp.pages(format('SELECT name FROM gatehouse.api_key '
	'WHERE tenant_id = %L AND key_id = ''b0000777''', t.absent()), :'token_a'),
	'12: also when the tenant is named');

-- 13. A setting that was set once is '' afterwards, and ''::jsonb is an error.
SELECT t.connect('s', :'A') \g /dev/null
SELECT is(t.step('s', 'SELECT count(*) FROM shop.note'), '(0)', '13: before the first token: no error');
SELECT t.step('s', format('SELECT gatehouse.open(%L)', :'token_a')) \g /dev/null
SELECT is(t.step('s', 'SELECT count(*) FROM shop.note'), '(0)', '13: after it: no error');

-- 14. A claim function that is IMMUTABLE is folded into a cached plan.
SELECT t.step('s', 'SET plan_cache_mode = force_generic_plan'),
	t.step('s', 'PREPARE mine AS SELECT tenant_id FROM gatehouse.tenant'),
	t.step('s', 'PREPARE notes AS SELECT tenant_id FROM shop.note') \g /dev/null
CREATE FUNCTION pg_temp.prepared(token text, name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	PERFORM t.step('s', 'BEGIN'), t.step('s', format('SELECT gatehouse.open(%L)', token));
	SELECT string_agg(DISTINCT x::text, ';') INTO said FROM tap.dblink('s', 'EXECUTE ' || name) r(x uuid);
	PERFORM t.step('s', 'COMMIT');
	RETURN said;
END $$;
SELECT is(pg_temp.prepared(:'token_a', 'mine'), t.a()::text, '14: a kept plan, for A');
SELECT is(pg_temp.prepared(:'token_b', 'mine'), t.b()::text, '14: the same plan, for B');
SELECT is(pg_temp.prepared(:'token_a', 'notes'), t.a()::text, '14: and with the setting, for A');
SELECT is(pg_temp.prepared(:'token_b', 'notes'), t.b()::text, '14: for B');

-- 15. Whoever has SQL sets the claim.
SELECT alike(t.step('s', 'SELECT set_config(''request.jwt.claims'', ''{"tenant_id": "'
	|| t.b() || '"}'', false)'), '42501: %', '15: the claim cannot be set');

-- 16. row_security = off.
SELECT t.step('s', 'SET row_security = off') \g /dev/null
SELECT is(t.step('s', 'SELECT * FROM gatehouse.tenant'),
	'42501: query would be affected by row-level security policy for table "tenant"',
	'16: switching it off gives an error and no row');
SELECT t.step('s', 'RESET row_security') \g /dev/null

-- 17. Sequences.
SELECT is_empty($$ SELECT oid::regclass FROM pg_class WHERE relkind = 'S'
	AND relnamespace = 'gatehouse'::regnamespace $$, '17: there are none');

-- 18. Reaching other sessions and shared places.
SELECT alike(t.step('s', sql), '42501: %', '18: ' || sql) FROM (VALUES
	('SELECT lo_create(0)'), ('SELECT lo_from_bytea(0, ''x'')'), ('SELECT lo_get(1)'),
	('SELECT pg_advisory_lock(1)'), ('SELECT pg_try_advisory_xact_lock(1)'),
	('SELECT pg_notify(''c'', ''p'')'), ('NOTIFY c'), ('LISTEN c'),
	('SELECT pg_terminate_backend(pg_backend_pid())'), ('SELECT pg_cancel_backend(pg_backend_pid())'),
	('LOCK TABLE gatehouse.pii_vault'), ('LOCK TABLE shop.note IN ACCESS EXCLUSIVE MODE'),
	('ALTER ROLE gatehouse_app SET search_path = public'),
	('ALTER ROLE gatehouse_app PASSWORD ''x'''), ('LOAD ''$libdir/plugins/x'''),
	('DO $do$ BEGIN END $do$'), ('VACUUM'), ('CHECKPOINT'), ('PREPARE TRANSACTION ''x''')) v(sql);

-- 19. Other sessions' statements.
SELECT alike(t.step('s', sql), '42501: %', '19: ' || sql) FROM (VALUES
	('SELECT query FROM pg_stat_activity'), ('SELECT * FROM pg_stat_get_activity(NULL)'),
	('SELECT * FROM pg_locks'), ('SELECT * FROM pg_lock_status()'),
	('SELECT * FROM pg_stat_replication'), ('SELECT * FROM pg_prepared_xacts'),
	('SELECT * FROM pg_cursors'), ('SELECT pg_blocking_pids(1)')) v(sql);

-- 20. Rows that outlive their tenant on a pooled connection.
SELECT t.step('s', 'BEGIN'), t.step('s', format('SELECT gatehouse.open(%L)', :'token_a')) \g /dev/null
SELECT is(t.step('s', 'DECLARE c CURSOR WITH HOLD FOR SELECT * FROM shop.note'),
	'42501: this role may not run DECLARE CURSOR', '20: no cursor WITH HOLD');
SELECT t.step('s', 'ROLLBACK') \g /dev/null
SELECT is(t.step('s', 'CREATE TEMP TABLE kept AS SELECT * FROM shop.note'),
	'42501: this role may not run CREATE TABLE AS', '20: no temporary copy');
SELECT is(t.step('s', 'CREATE TEMP TABLE kept (n int)'), '42501: this role may not run CREATE TABLE',
	'20: no temporary table');
SELECT alike(t.step('s', 'SELECT 1 AS n INTO TEMP kept'), '4%', '20: nor by SELECT INTO');
SELECT t.step('s', 'BEGIN'), t.step('s', format('SELECT gatehouse.open(%L)', :'token_a')) \g /dev/null
SELECT is(t.step('s', 'DECLARE c CURSOR FOR SELECT * FROM shop.note'), 'DECLARE CURSOR',
	'20: a cursor of the transaction is fine');
SELECT t.step('s', 'COMMIT') \g /dev/null
SELECT is(t.step('s', 'CLOSE c'), '34000: cursor "c" does not exist', '20: and ends with it');

-- 21. RESET ALL and DISCARD ALL.
SELECT t.step('s', 'BEGIN'), t.step('s', format('SELECT gatehouse.open(%L)', :'token_a')) \g /dev/null
SELECT is(t.step('s', 'RESET ALL'), 'RESET', '21: RESET ALL');
SELECT is(t.step('s', 'SELECT count(*) FROM shop.note'), '(0)', '21: takes the claims away');
SELECT t.step('s', 'COMMIT'), t.step('s', 'DISCARD ALL') \g /dev/null
SELECT is(t.step('s', 'SELECT count(*), current_setting(''request.jwt.claims'') FROM shop.note'),
	'(0,{})', '21: DISCARD ALL leaves none');

-- 22. MERGE (the other kinds of statement are in 03_isolation).
SELECT is(t.visit(:'A', :'token_a', format('MERGE INTO shop.note n USING (VALUES (%L::uuid)) v(id) '
	'ON n.tenant_id = v.id WHEN MATCHED THEN UPDATE SET body = ''x'' WHEN NOT MATCHED THEN DO NOTHING',
	t.b())), 'MERGE 0', '22: MERGE touches nobody else''s row');

-- 23. Publications and slots.
SELECT alike(t.step('s', sql), '42501: %', '23: ' || sql) FROM (VALUES
	('CREATE PUBLICATION p FOR TABLE shop.note'), ('CREATE SUBSCRIPTION s CONNECTION ''x'' PUBLICATION p'),
	('SELECT pg_create_logical_replication_slot(''s'', ''test_decoding'')'),
	('SELECT pg_create_physical_replication_slot(''s'')')) v(sql);

-- 24. Waiting for another tenant tells that it is there; names that are found elsewhere.
SELECT t.connect('w', :'A') \g /dev/null
SELECT t.step('s', 'BEGIN'), t.step('s', format('SELECT gatehouse.open(%L)', :'token_b')) \g /dev/null
SELECT is(t.step('s', format('INSERT INTO gatehouse.api_key (tenant_id, key_id, secret_sha256, caps, '
	'name, created_by) VALUES (%L, ''CCCCCCCC'', sha256(''x''), ''{}'', ''n'', ''c'')', t.b())),
	'INSERT 0 1', '24: B inserts, and does not commit');
SELECT is(t.step('s', 'UPDATE gatehouse.pii_mode SET mode = ''off'''), 'UPDATE 2', '24: B locks its rows');
SELECT t.step('w', 'SET lock_timeout = ''500ms'''), t.step('w', 'BEGIN'),
	t.step('w', format('SELECT gatehouse.open(%L)', :'token_a')) \g /dev/null
SELECT is(t.step('w', format('INSERT INTO gatehouse.api_key (tenant_id, key_id, secret_sha256, caps, '
	'name, created_by) VALUES (%L, ''CCCCCCCC'', sha256(''x''), ''{}'', ''n'', ''c'')', t.a())),
	'INSERT 0 1', '24: A inserts the same id without waiting');
SELECT is(t.step('w', 'UPDATE gatehouse.pii_mode SET mode = ''flag'''), 'UPDATE 1',
	'24: A changes its rows without waiting');
SELECT is(t.step('w', 'DELETE FROM gatehouse.pii_mode WHERE class = ''health'''), 'DELETE 0',
	'24: A''s delete does not wait for a row of B''s that it would match');
SELECT t.step('w', 'ROLLBACK'), t.step('s', 'ROLLBACK'), t.disconnect('w') \g /dev/null
SELECT t.step('s', 'SET search_path = shop, pg_temp') \g /dev/null
SELECT alike(t.step('s', 'CREATE FUNCTION shop.tenant_id() RETURNS uuid LANGUAGE sql AS ''SELECT NULL::uuid'''),
	'42501: %', '24: nothing can be put in front of our functions');
SELECT is(t.step('s', 'SELECT count(*) FROM gatehouse.tenant'), '(0)',
	'24: and a search path does not change what the policies call');
SELECT is((SELECT count(*) FROM pg_proc WHERE pronamespace = 'gatehouse'::regnamespace AND prolang
	IN (SELECT oid FROM pg_language WHERE lanname = 'plpgsql')), 0::bigint,
	'24: no claim function is in a language with a search path');
SELECT t.disconnect('s') \g /dev/null
SELECT * FROM finish();
