-- What a tenant adds to the scanner: patterns, words, values that are never reported. A row is
-- compiled and tried before it is written (pii/custom.h); here only its size is held.

SET LOCAL ROLE gatehouse_owner;

CREATE TABLE gatehouse.pii_pattern (
	tenant_id  uuid NOT NULL REFERENCES gatehouse.tenant (tenant_id),
	name       text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,31}$'),
	definition text NOT NULL CHECK (octet_length(definition) BETWEEN 2 AND 1048576),
	changed_by text NOT NULL CHECK (octet_length(changed_by) BETWEEN 1 AND 200),
	changed_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (tenant_id, name)
);
ALTER TABLE gatehouse.pii_pattern ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatehouse.pii_pattern FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON gatehouse.pii_pattern FOR ALL TO PUBLIC
	USING (tenant_id = (SELECT gatehouse.tenant_id()))
	WITH CHECK (tenant_id = (SELECT gatehouse.tenant_id()));
GRANT SELECT, INSERT, DELETE, UPDATE (definition, changed_by, changed_at)
	ON gatehouse.pii_pattern TO gatehouse_app;

-- Their matches are of class "custom".
ALTER TABLE gatehouse.pii_mode DROP CONSTRAINT pii_mode_class_check;
ALTER TABLE gatehouse.pii_mode ADD CONSTRAINT pii_mode_class_check CHECK (class IN ('name',
	'email', 'phone', 'address', 'gov_id', 'payment_card', 'health', 'biometric', 'credential',
	'minor', 'custom'));
ALTER TABLE gatehouse.pii_vault DROP CONSTRAINT pii_vault_class_check;
ALTER TABLE gatehouse.pii_vault ADD CONSTRAINT pii_vault_class_check CHECK (class IN ('name',
	'email', 'phone', 'address', 'gov_id', 'payment_card', 'health', 'biometric', 'credential',
	'minor', 'custom'));
