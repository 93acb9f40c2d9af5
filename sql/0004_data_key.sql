-- Data keys: one for each (tenant, purpose, subject, month), wrapped by the tenant's key. Deleting
-- the row erases whatever was sealed under it, so nothing refers to it by a foreign key: the sealed
-- rows stay and can no longer be read.

SET LOCAL ROLE gatehouse_owner;

CREATE TABLE gatehouse.data_key (
	tenant_id   uuid NOT NULL REFERENCES gatehouse.tenant (tenant_id),
	data_key_id uuid NOT NULL,
	purpose     text NOT NULL CHECK (octet_length(purpose) BETWEEN 1 AND 64),
	subject     text NOT NULL CHECK (octet_length(subject) <= 200), -- a keyed pseudonym, or ''
	month       date NOT NULL CHECK (extract(day FROM month) = 1),
	wrapped     bytea NOT NULL CHECK (octet_length(wrapped) BETWEEN 60 AND 1024),
	created_at  timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (tenant_id, data_key_id),
	UNIQUE (tenant_id, purpose, subject, month)
);
ALTER TABLE gatehouse.data_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatehouse.data_key FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON gatehouse.data_key FOR ALL TO PUBLIC
	USING (tenant_id = (SELECT gatehouse.tenant_id()))
	WITH CHECK (tenant_id = (SELECT gatehouse.tenant_id()));
GRANT SELECT, INSERT, DELETE, UPDATE (wrapped) ON gatehouse.data_key TO gatehouse_app;
