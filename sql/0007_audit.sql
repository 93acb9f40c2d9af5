-- Audit bodies and kept exchanges. The sequencer (gatehouse_log) writes them for every tenant and
-- reads back only numbers and ids, never a box; a tenant reads its own and writes none.

SET LOCAL ROLE gatehouse_owner;

-- `box` is salt || canonical body, sealed under data_key_id. No foreign keys: a row outlives its
-- tenant and its data key, and the insert path carries up to 20,000 rows a second.
CREATE TABLE gatehouse.audit_event (
	tenant_id   uuid NOT NULL,
	seq         bigint NOT NULL CHECK (seq >= 0),        -- the leaf index in the log
	tenant_seq  bigint NOT NULL CHECK (tenant_seq >= 0), -- contiguous within the tenant
	event_id    uuid NOT NULL,
	request_id  uuid,
	data_key_id uuid NOT NULL,
	box         bytea NOT NULL CHECK (octet_length(box) BETWEEN 60 AND 1048576),
	at          timestamptz NOT NULL,
	PRIMARY KEY (tenant_id, seq),
	UNIQUE (tenant_id, tenant_seq),
	UNIQUE (tenant_id, event_id)
);
ALTER TABLE gatehouse.audit_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatehouse.audit_event FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON gatehouse.audit_event FOR ALL TO PUBLIC
	USING (tenant_id = (SELECT gatehouse.tenant_id()))
	WITH CHECK (tenant_id = (SELECT gatehouse.tenant_id()));
CREATE POLICY log_insert ON gatehouse.audit_event FOR INSERT TO gatehouse_log WITH CHECK (true);
CREATE POLICY log_select ON gatehouse.audit_event FOR SELECT TO gatehouse_log USING (true);
GRANT SELECT ON gatehouse.audit_event TO gatehouse_app;
GRANT INSERT, SELECT (tenant_id, seq, tenant_seq, event_id) ON gatehouse.audit_event
	TO gatehouse_log;

-- What was said, kept apart from the audit body so that it can be erased or never kept.
CREATE TABLE gatehouse.exchange (
	tenant_id   uuid NOT NULL,
	request_id  uuid NOT NULL,
	part        text NOT NULL CHECK (part IN ('prompt', 'output')),
	data_key_id uuid NOT NULL,
	box         bytea NOT NULL CHECK (octet_length(box) BETWEEN 28 AND 67108864),
	created_at  timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (tenant_id, request_id, part)
);
ALTER TABLE gatehouse.exchange ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatehouse.exchange FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON gatehouse.exchange FOR ALL TO PUBLIC
	USING (tenant_id = (SELECT gatehouse.tenant_id()))
	WITH CHECK (tenant_id = (SELECT gatehouse.tenant_id()));
CREATE POLICY log_insert ON gatehouse.exchange FOR INSERT TO gatehouse_log WITH CHECK (true);
GRANT SELECT, DELETE ON gatehouse.exchange TO gatehouse_app;
GRANT INSERT ON gatehouse.exchange TO gatehouse_log;
