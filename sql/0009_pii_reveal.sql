-- How often a tenant and its keys may still ask for values of the vault: token buckets, one a key and
-- one (key_id '') for all of the tenant's together. Rows are locked while they are counted down, so the
-- limit holds over all gateway processes and over restarts.

SET LOCAL ROLE gatehouse_owner;

CREATE TABLE gatehouse.pii_reveal_budget (
	tenant_id uuid NOT NULL REFERENCES gatehouse.tenant (tenant_id),
	key_id    text NOT NULL CHECK (key_id ~ '^([0-9A-Za-z]{8})?$'),
	left_over double precision NOT NULL CHECK (left_over BETWEEN 0 AND 1000000),
	at        timestamptz NOT NULL,
	PRIMARY KEY (tenant_id, key_id)
);
ALTER TABLE gatehouse.pii_reveal_budget ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatehouse.pii_reveal_budget FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON gatehouse.pii_reveal_budget FOR ALL TO PUBLIC
	USING (tenant_id = (SELECT gatehouse.tenant_id()))
	WITH CHECK (tenant_id = (SELECT gatehouse.tenant_id()));
-- Not deleted: a deleted row would be a full bucket.
GRANT SELECT, INSERT, UPDATE (left_over, at) ON gatehouse.pii_reveal_budget TO gatehouse_app;
