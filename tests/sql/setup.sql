-- What the tests stand on: pgTAP, sessions of the gateway's roles (real ones, through dblink), two
-- tenants with one row in every table, and a table of a user's own with the policy in the form
-- that reads request.jwt.claims.
\set ON_ERROR_STOP 1
\set QUIET 1
CREATE SCHEMA tap;
CREATE EXTENSION pgtap SCHEMA tap;
CREATE EXTENSION dblink SCHEMA tap;
CREATE SCHEMA t;

CREATE TABLE t.setting (name text PRIMARY KEY, value text NOT NULL);
INSERT INTO t.setting VALUES ('socket', :'socket'), ('gatehouse_app', :'app_password'),
	('gatehouse_identity', :'identity_password'), ('gatehouse_log', :'log_password'),
	('gatehouse_admin', :'admin_password');

CREATE FUNCTION t.a() RETURNS uuid LANGUAGE sql IMMUTABLE
	AS $$ SELECT '018f0000-0000-7000-8000-00000000000a'::uuid $$;
CREATE FUNCTION t.b() RETURNS uuid LANGUAGE sql IMMUTABLE
	AS $$ SELECT '018f0000-0000-7000-8000-00000000000b'::uuid $$;
CREATE FUNCTION t.absent() RETURNS uuid LANGUAGE sql IMMUTABLE
	AS $$ SELECT '018f0000-0000-7000-8000-0000000000ff'::uuid $$;

-- Opens a session; "ok", or what the server said.
CREATE FUNCTION t.connect(session text, role text, options text DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	PERFORM tap.dblink_connect(session, format(
		'host=%s dbname=gatehouse user=%s password=%s', (SELECT value FROM t.setting
		WHERE name = 'socket'), role, (SELECT value FROM t.setting WHERE name = role))
		|| coalesce(format(' options=''%s''', options), ''));
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
	RETURN SQLERRM || ': ' || said;
END $$;

CREATE FUNCTION t.disconnect(session text) RETURNS void LANGUAGE sql
	AS $$ SELECT tap.dblink_disconnect(session) $$;

-- Runs one statement in a session: the rows as text joined by ';', or the command tag, or
-- "SQLSTATE: message".
CREATE FUNCTION t.step(session text, sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
	state text;
BEGIN
	IF sql ~* '^\s*(SELECT|TABLE|VALUES)\y' AND sql !~* '\yINTO\s+TEMP\y' THEN
		SELECT v INTO said FROM tap.dblink(session, format(
			'SELECT string_agg(q::text, '';'' ORDER BY q::text) FROM (%s) q', sql))
			AS r(v text);
		RETURN coalesce(said, '');
	END IF;
	RETURN tap.dblink_exec(session, sql);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, state = RETURNED_SQLSTATE;
	RETURN state || ': ' || said;
END $$;

-- A whole visit: connect, BEGIN, open(token) unless NULL, the statements, COMMIT. Gives what the
-- first failing step said, or else what the last statement said.
CREATE FUNCTION t.visit(role text, token text, VARIADIC statements text[]) RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE
	session text := 'visit';
	said text := t.connect(session, role);
	steps text[] := statements;
BEGIN
	IF said <> 'ok' THEN
		RETURN said;
	END IF;
	IF token IS NOT NULL THEN
		steps := format('SELECT gatehouse.open(%L)', token) || steps;
	END IF;
	PERFORM t.step(session, 'BEGIN');
	FOR i IN 1 .. cardinality(steps) LOOP
		said := t.step(session, steps[i]);
		EXIT WHEN said ~ '^[0-9A-Z]{5}: ';
	END LOOP;
	PERFORM t.step(session, 'COMMIT');
	PERFORM t.disconnect(session);
	RETURN said;
END $$;

-- One row of every tenant table.
CREATE FUNCTION t.sample(tenant uuid, relation regclass) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT jsonb_build_object('tenant_id', tenant) || CASE relation::text
	WHEN 'gatehouse.tenant' THEN '{"name": "n", "settings": {}, "created_at": "2026-01-01Z"}'
	WHEN 'gatehouse.api_key' THEN jsonb_build_object('key_id', 'AAAAAAAA', 'secret_sha256',
		'\x' || repeat('11', 32), 'caps', '[]'::jsonb, 'name', 'n', 'created_by', 'c',
		'created_at', '2026-01-01Z', 'role', 'application')
	WHEN 'gatehouse.pii_pattern' THEN jsonb_build_object('name', 'n', 'definition', '{}',
		'changed_by', 'c', 'changed_at', '2026-01-01Z')
	WHEN 'gatehouse.policy_trust' THEN jsonb_build_object('epoch', 1, 'document',
		'\x' || repeat('66', 40), 'created_by', 'c', 'created_at', '2026-01-01Z')
	WHEN 'gatehouse.policy_pack' THEN jsonb_build_object('revision', 1, 'digest',
		'\x' || repeat('77', 32), 'epoch', 1, 'pack', '\x' || repeat('88', 1024),
		'effective_at', '2026-01-01Z', 'activated_by', 'c', 'activated_at', '2026-01-01Z')
	WHEN 'gatehouse.data_key' THEN jsonb_build_object('data_key_id', t.absent(), 'purpose',
		'audit', 'subject', '', 'month', '2026-01-01', 'wrapped', '\x' || repeat('22', 60),
		'created_at', '2026-01-01Z')
	WHEN 'gatehouse.pii_mode' THEN '{"class": "name", "channel": "prompt", "mode": "flag"}'
	WHEN 'gatehouse.pii_threshold' THEN '{"class": "name", "threshold": 80}'
	WHEN 'gatehouse.pii_vault' THEN jsonb_build_object('token', 'tok', 'class', 'name',
		'data_key_id', t.absent(), 'box', '\x' || repeat('33', 40), 'created_at',
		'2026-01-01Z')
	WHEN 'gatehouse.audit_event' THEN jsonb_build_object('seq', 1, 'tenant_seq', 1,
		'event_id', t.absent(), 'data_key_id', t.absent(), 'box', '\x' || repeat('44', 80),
		'at', '2026-01-01Z')
	WHEN 'gatehouse.exchange' THEN jsonb_build_object('request_id', t.absent(), 'part',
		'prompt', 'data_key_id', t.absent(), 'box', '\x' || repeat('55', 40), 'created_at',
		'2026-01-01Z')
	WHEN 'gatehouse.pii_reveal_budget' THEN '{"key_id": "AAAAAAAA", "left_over": 1, '
		'"at": "2026-01-01Z"}'
	WHEN 'shop.note' THEN '{"id": 1, "body": "b"}'
	WHEN 'shop.remark' THEN '{"id": 1, "note": 1}' END
$$;

CREATE VIEW t.tenant_table AS
	SELECT c.oid::regclass AS relation, c.oid, n.nspname AS schema
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
	WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('gatehouse', 'shop');

-- A user's own tables.
CREATE SCHEMA shop AUTHORIZATION gatehouse_owner;
GRANT USAGE ON SCHEMA shop TO gatehouse_app;
SET ROLE gatehouse_owner;
CREATE TABLE shop.note (
	tenant_id uuid NOT NULL,
	id bigint NOT NULL,
	body text NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
ALTER TABLE shop.note ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.note FORCE ROW LEVEL SECURITY;
CREATE POLICY isolation ON shop.note USING
	(tenant_id = (current_setting('request.jwt.claims')::jsonb #>> '{tenant_id}')::uuid);
CREATE TABLE shop.remark (
	tenant_id uuid NOT NULL,
	id bigint NOT NULL,
	note bigint NOT NULL,
	PRIMARY KEY (tenant_id, id),
	FOREIGN KEY (tenant_id, note) REFERENCES shop.note (tenant_id, id)
);
ALTER TABLE shop.remark ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.remark FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON shop.remark FOR ALL TO PUBLIC
	USING (tenant_id = (SELECT gatehouse.tenant_id()))
	WITH CHECK (tenant_id = (SELECT gatehouse.tenant_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.note, shop.remark TO gatehouse_app;
RESET ROLE;

DO $$
DECLARE
	item regclass;
	tenant uuid;
BEGIN
	FOREACH tenant IN ARRAY ARRAY[t.a(), t.b()] LOOP
		FOREACH item IN ARRAY ARRAY['gatehouse.tenant', 'gatehouse.api_key',
			'gatehouse.data_key', 'gatehouse.pii_mode', 'gatehouse.pii_vault',
			'gatehouse.pii_reveal_budget',
			'gatehouse.audit_event', 'gatehouse.exchange', 'gatehouse.policy_trust',
			'gatehouse.pii_pattern', 'gatehouse.pii_threshold',
			'gatehouse.policy_pack', 'shop.note', 'shop.remark']::regclass[] LOOP
			EXECUTE format('INSERT INTO %s SELECT * FROM jsonb_populate_record('
				       'NULL::%s, %L)', item, item, t.sample(tenant, item));
		END LOOP;
	END LOOP;
END $$;
-- Enough rows of both tenants for the planner to have a choice of indexes, and statistics.
INSERT INTO gatehouse.api_key (tenant_id, key_id, secret_sha256, caps, name, created_by)
	SELECT tenant, p || lpad(i::text, 7, '0'), sha256(i::text::bytea), '{}', 'n', 'c'
	FROM generate_series(1, 2000) i, (VALUES (t.a(), 'a'), (t.b(), 'b')) v(tenant, p);
ANALYZE;
