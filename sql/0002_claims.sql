-- The functions of the gatehouse_claims module (extension/). Where the packaged extension was
-- created first they exist already and are left alone.

DO $$
BEGIN
	IF to_regprocedure('gatehouse.open(text, uuid)') IS NOT NULL THEN
		RETURN;
	END IF;

	CREATE FUNCTION gatehouse.open(token text, request_id uuid DEFAULT NULL)
		RETURNS boolean LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
		AS 'gatehouse_claims', 'gatehouse_open';

	-- STABLE, not IMMUTABLE: an IMMUTABLE one is folded into a cached plan and the next tenant
	-- reads the first one's rows. LEAKPROOF: it takes nothing and says nothing, and the planner
	-- may then keep it below a user's own conditions.
	CREATE FUNCTION gatehouse.tenant_id()
		RETURNS uuid LANGUAGE c STABLE LEAKPROOF PARALLEL RESTRICTED
		AS 'gatehouse_claims', 'gatehouse_tenant_id';

	CREATE FUNCTION gatehouse.request_id()
		RETURNS uuid LANGUAGE c STABLE LEAKPROOF PARALLEL RESTRICTED
		AS 'gatehouse_claims', 'gatehouse_request_id';
END $$;

REVOKE ALL ON FUNCTION gatehouse.open(text, uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION gatehouse.tenant_id() FROM PUBLIC;
REVOKE ALL ON FUNCTION gatehouse.request_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gatehouse.open(text, uuid) TO gatehouse_app;
-- Every role whose queries meet a policy evaluates it with its own privileges.
GRANT EXECUTE ON FUNCTION gatehouse.tenant_id(), gatehouse.request_id()
	TO gatehouse_owner, gatehouse_app, gatehouse_identity, gatehouse_log;
