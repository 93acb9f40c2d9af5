-- From which confidence on a finding counts, per tenant and class. Where there is no row, the
-- default holds (pii/classes.h).

SET LOCAL ROLE gatehouse_owner;

CREATE TABLE gatehouse.pii_threshold (
	tenant_id uuid NOT NULL REFERENCES gatehouse.tenant (tenant_id),
	class     text NOT NULL CHECK (class IN ('name', 'email', 'phone', 'address', 'gov_id',
			'payment_card', 'health', 'biometric', 'credential', 'minor', 'custom')),
	threshold smallint NOT NULL CHECK (threshold BETWEEN 0 AND 100),
	PRIMARY KEY (tenant_id, class)
);
ALTER TABLE gatehouse.pii_threshold ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatehouse.pii_threshold FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON gatehouse.pii_threshold FOR ALL TO PUBLIC
	USING (tenant_id = (SELECT gatehouse.tenant_id()))
	WITH CHECK (tenant_id = (SELECT gatehouse.tenant_id()));
GRANT SELECT, INSERT, DELETE, UPDATE (threshold) ON gatehouse.pii_threshold TO gatehouse_app;
