\echo Use "CREATE EXTENSION gatehouse_claims" to load this file. \quit

CREATE FUNCTION gatehouse.open(token text, request_id uuid DEFAULT NULL)
	RETURNS boolean LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'gatehouse_open';

CREATE FUNCTION gatehouse.tenant_id()
	RETURNS uuid LANGUAGE c STABLE LEAKPROOF PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'gatehouse_tenant_id';

CREATE FUNCTION gatehouse.request_id()
	RETURNS uuid LANGUAGE c STABLE LEAKPROOF PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'gatehouse_request_id';

REVOKE ALL ON FUNCTION gatehouse.open(text, uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION gatehouse.tenant_id() FROM PUBLIC;
REVOKE ALL ON FUNCTION gatehouse.request_id() FROM PUBLIC;
