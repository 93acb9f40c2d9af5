-- What happens to personal data, per tenant, class and channel; and the vault of reversible tokens.

SET LOCAL ROLE gatehouse_owner;

CREATE TABLE gatehouse.pii_mode (
	tenant_id uuid NOT NULL REFERENCES gatehouse.tenant (tenant_id),
	class     text NOT NULL CHECK (class IN ('name', 'email', 'phone', 'address', 'gov_id',
			'payment_card', 'health', 'biometric', 'credential', 'minor')),
	channel   text NOT NULL CHECK (channel IN ('prompt', 'output', 'tool', 'data', 'agent',
			'webhook', 'log')),
	mode      text NOT NULL CHECK (mode IN ('strict', 'reversible', 'flag', 'off')),
	PRIMARY KEY (tenant_id, class, channel)
);
ALTER TABLE gatehouse.pii_mode ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatehouse.pii_mode FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON gatehouse.pii_mode FOR ALL TO PUBLIC
	USING (tenant_id = (SELECT gatehouse.tenant_id()))
	WITH CHECK (tenant_id = (SELECT gatehouse.tenant_id()));
GRANT SELECT, INSERT, DELETE, UPDATE (mode) ON gatehouse.pii_mode TO gatehouse_app;

-- `token` is what stands in the text instead of the value; `box` is the value, sealed under
-- data_key_id. gatehouse_log writes it in the batch that admits the request and cannot read it.
CREATE TABLE gatehouse.pii_vault (
	tenant_id   uuid NOT NULL,
	token       text NOT NULL CHECK (octet_length(token) BETWEEN 1 AND 200),
	class       text NOT NULL CHECK (class IN ('name', 'email', 'phone', 'address', 'gov_id',
			'payment_card', 'health', 'biometric', 'credential', 'minor')),
	data_key_id uuid NOT NULL,
	box         bytea NOT NULL CHECK (octet_length(box) BETWEEN 28 AND 65536),
	created_at  timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (tenant_id, token)
);
ALTER TABLE gatehouse.pii_vault ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatehouse.pii_vault FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON gatehouse.pii_vault FOR ALL TO PUBLIC
	USING (tenant_id = (SELECT gatehouse.tenant_id()))
	WITH CHECK (tenant_id = (SELECT gatehouse.tenant_id()));
CREATE POLICY log_insert ON gatehouse.pii_vault FOR INSERT TO gatehouse_log WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON gatehouse.pii_vault TO gatehouse_app;
GRANT INSERT ON gatehouse.pii_vault TO gatehouse_log;
