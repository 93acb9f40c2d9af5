-- What must hold for every table, function and role, whatever a later migration adds. Each query
-- gives no rows.
\ir begin.psql
SELECT no_plan();

SELECT is_empty($$ SELECT relation FROM t.tenant_table x JOIN pg_class c ON c.oid = x.oid
	WHERE NOT (relrowsecurity AND relforcerowsecurity) $$,
	'row security is enabled and forced on every tenant table');
SELECT isnt_empty($$ SELECT 1 FROM t.tenant_table WHERE schema = 'gatehouse'
	OFFSET 6 $$, 'there are tenant tables to look at');
SELECT is_empty($$ SELECT c.oid::regclass FROM pg_class c
	JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = 'gatehouse' AND c.relkind IN ('r', 'p', 'f', 'm')
	AND c.oid NOT IN (SELECT oid FROM t.tenant_table)
	AND c.relname NOT IN ('migration', 'log_head', 'log_entry', 'log_checkpoint') $$,
	'a table without tenant_id is one of four that belong to no tenant');
SELECT is_empty($$ SELECT relation FROM t.tenant_table WHERE schema = 'gatehouse' AND NOT EXISTS (
	SELECT FROM pg_policy WHERE polrelid = relation AND polname = 'tenant_isolation'
	AND polpermissive AND polcmd = '*' AND polroles = '{0}'
	AND pg_get_expr(polqual, polrelid) = '(tenant_id = ( SELECT gatehouse.tenant_id() AS tenant_id))'
	AND pg_get_expr(polwithcheck, polrelid)
	    = '(tenant_id = ( SELECT gatehouse.tenant_id() AS tenant_id))') $$,
	'every tenant table has the one isolation policy, byte for byte');
SELECT set_eq($$ SELECT (polrelid::regclass::text || ' ' || polname::text || ' ' || polcmd::text || ' '
	|| array_to_string(ARRAY(SELECT r::regrole::text FROM unnest(polroles) r), ',') || ' '
	|| coalesce(pg_get_expr(polqual, polrelid), '-') || ' '
	|| coalesce(pg_get_expr(polwithcheck, polrelid), '-') || ' ' || polpermissive::text)
	FROM pg_policy JOIN t.tenant_table ON relation = polrelid
	WHERE schema = 'gatehouse' AND polname <> 'tenant_isolation' ORDER BY 1 $$,
	$$ VALUES
	('gatehouse.api_key identity_index r gatehouse_identity (octet_length(secret_sha256) = 32) - false'),
	('gatehouse.api_key identity_lookup r gatehouse_identity true - true'),
	('gatehouse.audit_event log_insert a gatehouse_log - true true'),
	('gatehouse.audit_event log_select r gatehouse_log true - true'),
	('gatehouse.exchange log_insert a gatehouse_log - true true'),
	('gatehouse.pii_vault log_insert a gatehouse_log - true true') $$,
	'the other policies are these six, each for one role and one command');
SELECT is_empty($$ SELECT relation FROM t.tenant_table JOIN pg_attribute a ON a.attrelid = oid
	AND a.attname = 'tenant_id' WHERE NOT a.attnotnull OR a.atttypid <> 'uuid'::regtype
	OR NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = oid AND i.indisprimary
		       AND i.indkey[0] = a.attnum) $$,
	'tenant_id is a uuid, NOT NULL and the first column of the primary key');
SELECT is_empty($$ SELECT i.indexrelid::regclass FROM pg_index i JOIN t.tenant_table ON oid = i.indrelid
	JOIN pg_attribute a ON a.attrelid = oid AND a.attname = 'tenant_id'
	WHERE i.indkey[0] <> a.attnum
	AND i.indexrelid <> 'gatehouse.api_key_lookup'::regclass $$,
	'every index is led by tenant_id, but for the identity look-up');
SELECT is_empty($$ SELECT 1 FROM pg_index WHERE indexrelid = 'gatehouse.api_key_lookup'::regclass
	AND (indisunique OR indpred IS NULL) $$, 'which is neither unique nor open to others');
SELECT is_empty($$ SELECT conname FROM pg_constraint k JOIN t.tenant_table f ON f.oid = k.conrelid
	JOIN t.tenant_table p ON p.oid = k.confrelid
	JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'tenant_id'
	JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attname = 'tenant_id'
	WHERE k.contype = 'f' AND (k.conkey[1] <> a.attnum OR k.confkey[1] <> b.attnum) $$,
	'foreign keys between tenant tables carry tenant_id on both sides');
SELECT is_empty($$ SELECT conname FROM pg_constraint k JOIN t.tenant_table ON relation = conrelid
	WHERE contype = 'x' $$, 'there are no exclusion constraints');
SELECT is_empty($$ SELECT v.oid::regclass FROM pg_class v JOIN pg_rewrite r ON r.ev_class = v.oid
	JOIN pg_depend d ON d.objid = r.oid AND d.classid = 'pg_rewrite'::regclass
	JOIN t.tenant_table p ON p.oid = d.refobjid
	WHERE v.relkind = 'v' AND NOT coalesce(v.reloptions && '{security_invoker=true,security_invoker=on}',
	false) $$, 'views over tenant tables run as whoever asks');
SELECT is_empty($$ SELECT c.oid::regclass FROM pg_class c, unnest(ARRAY['gatehouse_app',
	'gatehouse_identity', 'gatehouse_log']) r
	WHERE c.relkind = 'm' AND has_table_privilege(r, c.oid, 'SELECT') $$,
	'no role reads a materialized view');
SELECT is_empty($$ SELECT c.oid::regclass FROM pg_class c, unnest(ARRAY['gatehouse_app',
	'gatehouse_identity', 'gatehouse_log']) r WHERE c.relispartition AND c.relkind = 'r'
	AND has_table_privilege(r, c.oid, 'SELECT, INSERT, UPDATE, DELETE') $$,
	'no role reaches a partition past its parent');
SELECT set_eq($$ SELECT p.oid::regprocedure::text || ' ' || array_to_string(proconfig, ',')
	FROM pg_proc p WHERE prosecdef AND pronamespace NOT IN ('pg_catalog'::regnamespace,
	'information_schema'::regnamespace, 'tap'::regnamespace) ORDER BY 1 $$,
	$$ VALUES ('gatehouse.log_durability() search_path=pg_catalog, pg_temp') $$,
	'one function runs as its owner, with a pinned search path');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_depend d ON d.refobjid = p.oid
	AND d.refclassid = 'pg_proc'::regclass AND d.classid = 'pg_policy'::regclass
	WHERE provolatile <> 's' AND p.pronamespace <> 'pg_catalog'::regnamespace $$,
	'functions in policies are STABLE');
SELECT set_eq($$ SELECT p.oid::regprocedure::text FROM pg_proc p WHERE proleakproof
	AND pronamespace <> 'pg_catalog'::regnamespace ORDER BY 1 $$,
	$$ VALUES ('gatehouse.request_id()'), ('gatehouse.tenant_id()') $$,
	'two functions of ours are LEAKPROOF');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p
	WHERE p.pronamespace = 'gatehouse'::regnamespace
	AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
		    WHERE x.grantee = 0) $$, 'PUBLIC may run none of our functions');
SELECT is_empty($$ SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'gatehouse'::regnamespace
	AND EXISTS (SELECT FROM aclexplode(c.relacl) x WHERE x.grantee = 0) $$,
	'and has no privilege on a table');
SELECT is_empty($$ SELECT rolname FROM pg_roles r WHERE rolname IN ('gatehouse_owner', 'gatehouse_app',
	'gatehouse_identity', 'gatehouse_log') AND (rolsuper OR rolbypassrls OR rolreplication
	OR rolcreaterole OR rolcreatedb OR rolinherit
	OR EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid)
	OR EXISTS (SELECT FROM pg_auth_members WHERE roleid = r.oid)) $$,
	'our roles have no attribute and no membership that goes around a policy');
SELECT is_empty($$ SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace IN (
	'gatehouse'::regnamespace, 'shop'::regnamespace)
	AND c.relowner <> 'gatehouse_owner'::regrole AND c.relkind IN ('r', 'p', 'v', 'm', 'S') $$,
	'everything in the schema is the owner''s');
SELECT is((SELECT rolcanlogin FROM pg_roles WHERE rolname = 'gatehouse_owner'), false,
	'who cannot log in');
SELECT is_empty($$ SELECT r, relation FROM t.tenant_table, unnest(ARRAY['gatehouse_app',
	'gatehouse_identity', 'gatehouse_log']) r
	WHERE has_table_privilege(r, oid, 'TRUNCATE') OR has_table_privilege(r, oid, 'REFERENCES')
	OR has_any_column_privilege(r, oid, 'REFERENCES') OR has_table_privilege(r, oid, 'TRIGGER') $$,
	'no role has TRUNCATE, REFERENCES or TRIGGER');
SELECT is_empty($$ SELECT r, relation FROM t.tenant_table, unnest(ARRAY['gatehouse_app',
	'gatehouse_identity', 'gatehouse_log']) r
	WHERE schema = 'gatehouse' AND has_column_privilege(r, oid, 'tenant_id', 'UPDATE') $$,
	'no role changes a tenant_id');
SELECT is_empty($$ SELECT r, what FROM unnest(ARRAY['gatehouse_app', 'gatehouse_identity',
	'gatehouse_log']) r, LATERAL (VALUES
	('temp', has_database_privilege(r, current_database(), 'TEMP')),
	('create', has_database_privilege(r, current_database(), 'CREATE')),
	('create public', has_schema_privilege(r, 'public', 'CREATE')),
	('use public', has_schema_privilege(r, 'public', 'USAGE')),
	('create gatehouse', has_schema_privilege(r, 'gatehouse', 'CREATE')),
	('plpgsql', has_language_privilege(r, 'plpgsql', 'USAGE')),
	('sql', has_language_privilege(r, 'sql', 'USAGE')),
	('activity', has_table_privilege(r, 'pg_stat_activity', 'SELECT')),
	('stats', has_table_privilege(r, 'pg_stats', 'SELECT')),
	('locks', has_table_privilege(r, 'pg_locks', 'SELECT')),
	('terminate', has_function_privilege(r, 'pg_terminate_backend(int,bigint)', 'EXECUTE')),
	('cancel', has_function_privilege(r, 'pg_cancel_backend(int)', 'EXECUTE')),
	('lo_create', has_function_privilege(r, 'lo_create(oid)', 'EXECUTE')),
	('notify', has_function_privilege(r, 'pg_notify(text,text)', 'EXECUTE')),
	('size', has_function_privilege(r, 'pg_relation_size(regclass,text)', 'EXECUTE')),
	('advisory', has_function_privilege(r, 'pg_advisory_lock(bigint)', 'EXECUTE')),
	('reltuples', has_column_privilege(r, 'pg_class', 'reltuples', 'SELECT'))) v(what, allowed)
	WHERE allowed $$, 'what everybody may do in PostgreSQL was taken away');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p, unnest(ARRAY['gatehouse_app',
	'gatehouse_identity', 'gatehouse_log']) r WHERE p.proname ~ '^(lo_|pg_advisory|pg_try_advisory|pg_stat_get)'
	AND p.pronamespace = 'pg_catalog'::regnamespace
	AND has_function_privilege(r, p.oid, 'EXECUTE') $$,
	'all large-object, advisory-lock and statistics functions');
SELECT is(current_setting('shared_preload_libraries'), 'gatehouse_claims',
	'the module is loaded before any session');
SELECT is_empty($$ SELECT name FROM pg_settings WHERE name = 'request.jwt.claims' $$,
	'the claims are no ordinary setting');
SELECT is_empty($$ SELECT parname FROM pg_parameter_acl $$, 'no parameter was granted');
SELECT is_empty($$ SELECT pubname::text FROM pg_publication UNION ALL
	SELECT slot_name::text FROM pg_replication_slots UNION ALL
	SELECT subname::text FROM pg_subscription UNION ALL
	SELECT evtname::text FROM pg_event_trigger UNION ALL
	SELECT ftrelid::regclass::text FROM pg_foreign_table $$,
	'no publication, slot, subscription, event trigger or foreign table');
SELECT is_empty($$ SELECT c.oid::regclass FROM pg_class c WHERE relkind = 'S'
	AND relnamespace = 'gatehouse'::regnamespace $$, 'no sequence: ids tell no volume');
SELECT is_empty($$ SELECT polrelid::regclass FROM pg_policy JOIN t.tenant_table ON relation = polrelid
	WHERE polpermissive AND polname <> 'tenant_isolation' AND schema = 'gatehouse'
	AND ('gatehouse_app'::regrole = ANY (polroles) OR 0::oid = ANY (polroles)) $$,
	'no second permissive policy is open to the application role');
SELECT cmp_ok(current_setting('server_version_num')::int, '>=', 150018,
	'the server is at the security floor');
SELECT is(current_setting('row_security'), 'on', 'row_security is on');
SELECT * FROM finish();
