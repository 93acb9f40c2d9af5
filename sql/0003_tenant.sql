-- Tenants and their API keys.

SET LOCAL ROLE gatehouse_owner;

CREATE TABLE gatehouse.tenant (
	tenant_id  uuid PRIMARY KEY,
	name       text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 200),
	created_at timestamptz NOT NULL DEFAULT now(),
	settings   jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object')
);
ALTER TABLE gatehouse.tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatehouse.tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON gatehouse.tenant FOR ALL TO PUBLIC
	USING (tenant_id = (SELECT gatehouse.tenant_id()))
	WITH CHECK (tenant_id = (SELECT gatehouse.tenant_id()));
GRANT SELECT, INSERT, UPDATE (name, settings) ON gatehouse.tenant TO gatehouse_app;

-- A key is found by key_id before the tenant is known, by gatehouse_identity only. A UNIQUE index on
-- key_id would tell one tenant that another one holds an id, so the look-up index is not unique:
-- whoever looks up compares the secret's hash with every row that it gets. The index must not serve
-- tenants' queries either, where reading and discarding another tenant's row costs measurable time.
-- So it is partial, and what its condition asks for (always true) is said by a policy that only
-- gatehouse_identity is under: for everybody else the planner cannot prove it.
CREATE TABLE gatehouse.api_key (
	tenant_id     uuid NOT NULL REFERENCES gatehouse.tenant (tenant_id),
	key_id        text NOT NULL CHECK (key_id ~ '^[0-9A-Za-z]{8}$'),
	secret_sha256 bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
	caps          text[] NOT NULL CHECK (cardinality(caps) <= 64
					     AND array_position(caps, NULL) IS NULL),
	name          text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 200),
	created_by    text NOT NULL CHECK (octet_length(created_by) BETWEEN 1 AND 200),
	created_at    timestamptz NOT NULL DEFAULT now(),
	expires_at    timestamptz,
	revoked_at    timestamptz,
	PRIMARY KEY (tenant_id, key_id)
);
CREATE INDEX api_key_lookup ON gatehouse.api_key (key_id)
	WHERE octet_length(secret_sha256) = 32;
ALTER TABLE gatehouse.api_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatehouse.api_key FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON gatehouse.api_key FOR ALL TO PUBLIC
	USING (tenant_id = (SELECT gatehouse.tenant_id()))
	WITH CHECK (tenant_id = (SELECT gatehouse.tenant_id()));
CREATE POLICY identity_lookup ON gatehouse.api_key FOR SELECT TO gatehouse_identity USING (true);
CREATE POLICY identity_index ON gatehouse.api_key AS RESTRICTIVE FOR SELECT TO gatehouse_identity
	USING (octet_length(secret_sha256) = 32);
-- A tenant lists its keys; the hash is for the look-up alone. Keys are revoked, not deleted.
GRANT SELECT (tenant_id, key_id, caps, name, created_by, created_at, expires_at, revoked_at),
	INSERT, UPDATE (name, expires_at, revoked_at) ON gatehouse.api_key TO gatehouse_app;
GRANT SELECT (tenant_id, key_id, secret_sha256, caps, name, expires_at, revoked_at)
	ON gatehouse.api_key TO gatehouse_identity;
