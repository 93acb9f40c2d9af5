-- Roles, the schema, and what PostgreSQL lets everybody do until told otherwise. Everything here is
-- about taking away: a role of ours can do what a later file grants it and nothing else.

DO $$
DECLARE
	role text;
BEGIN
	FOREACH role IN ARRAY ARRAY['gatehouse_owner', 'gatehouse_app', 'gatehouse_identity',
				    'gatehouse_log'] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
			EXECUTE format('CREATE ROLE %I', role);
		END IF;
	END LOOP;
END $$;

-- The owner cannot log in, and FORCE ROW LEVEL SECURITY binds it too. NOINHERIT: a membership that
-- somebody grants by mistake gives nothing by itself.
ALTER ROLE gatehouse_owner NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION
	NOINHERIT;
ALTER ROLE gatehouse_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION
	NOINHERIT;
ALTER ROLE gatehouse_identity LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION
	NOINHERIT;
ALTER ROLE gatehouse_log LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION
	NOINHERIT;

-- No name of ours is ever found through a search path that a session can change.
ALTER ROLE gatehouse_app SET search_path = '';
ALTER ROLE gatehouse_identity SET search_path = '';
ALTER ROLE gatehouse_log SET search_path = '';

DO $$
BEGIN
	-- CONNECT and TEMP: a temporary table on a pooled connection outlives its tenant.
	EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
	EXECUTE format('GRANT CONNECT ON DATABASE %I TO gatehouse_app, gatehouse_identity, '
		       'gatehouse_log', current_database());
END $$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE USAGE ON LANGUAGE plpgsql, sql FROM PUBLIC;

-- Ways around row security that every role has by default: large objects belong to no tenant,
-- advisory locks, signals and notifications reach other sessions of the same role, statistics and
-- sizes count all tenants' rows, the activity views show other sessions' statements.
DO $$
DECLARE
	item regprocedure;
	shown regclass;
BEGIN
	FOR item IN
		SELECT p.oid FROM pg_catalog.pg_proc p
		WHERE p.pronamespace = 'pg_catalog'::regnamespace
		  AND (p.proname ~ '^(lo_|pg_advisory_|pg_try_advisory_|pg_stat_get_|pg_logical_)'
		       OR p.proname IN ('loread', 'lowrite', 'pg_terminate_backend',
			'pg_cancel_backend', 'pg_notify', 'pg_lock_status', 'pg_blocking_pids',
			'pg_safe_snapshot_blocking_pids', 'pg_isolation_test_session_is_blocked',
			'pg_prepared_xact', 'pg_relation_size', 'pg_table_size',
			'pg_indexes_size', 'pg_total_relation_size', 'pg_database_size',
			'pg_tablespace_size', 'pg_export_snapshot', 'pg_cursor',
			'pg_listening_channels', 'pg_notification_queue_usage',
			'pg_show_all_file_settings', 'pg_hba_file_rules'))
	LOOP
		EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', item);
	END LOOP;
	FOR shown IN
		SELECT v.oid FROM pg_catalog.pg_class v
		WHERE v.relnamespace = 'pg_catalog'::regnamespace AND v.relkind = 'v'
		  AND v.relname ~ '^(pg_stat|pg_locks$|pg_cursors$|pg_prepared_xacts$)'
	LOOP
		EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', shown);
	END LOOP;
END $$;

-- pg_class stays readable but for the planner's counts, which are of all tenants' rows.
DO $$
BEGIN
	REVOKE ALL ON pg_catalog.pg_class FROM PUBLIC;
	EXECUTE (SELECT format('GRANT SELECT (%s) ON pg_catalog.pg_class TO PUBLIC',
			       string_agg(quote_ident(attname), ', '))
		 FROM pg_catalog.pg_attribute
		 WHERE attrelid = 'pg_catalog.pg_class'::regclass AND NOT attisdropped
		   AND attname NOT IN ('reltuples', 'relpages', 'relallvisible'));
END $$;

ALTER SCHEMA gatehouse OWNER TO gatehouse_owner;
ALTER TABLE gatehouse.migration OWNER TO gatehouse_owner;
REVOKE ALL ON SCHEMA gatehouse FROM PUBLIC;
REVOKE ALL ON gatehouse.migration FROM PUBLIC;
GRANT USAGE ON SCHEMA gatehouse TO gatehouse_app, gatehouse_identity, gatehouse_log;
GRANT SELECT ON gatehouse.migration TO gatehouse_app, gatehouse_identity, gatehouse_log;

-- What the owner makes later is nobody's until granted. Tables already are; functions are not.
ALTER DEFAULT PRIVILEGES FOR ROLE gatehouse_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE gatehouse_owner REVOKE ALL ON TYPES FROM PUBLIC;
