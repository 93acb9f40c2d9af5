-- Signed policy packs: who may sign them, the packs, and which one was live when. All three only
-- grow. A pack is verified by whoever reads it; nothing here is believed for standing here.

SET LOCAL ROLE gatehouse_owner;

-- What a key is to policies: the role it is a member of.
ALTER TABLE gatehouse.api_key ADD COLUMN role text NOT NULL DEFAULT 'application'
	CHECK (role ~ '^[a-z][a-z0-9-]{0,63}$');
GRANT SELECT (role) ON gatehouse.api_key TO gatehouse_app, gatehouse_identity;

-- The signers of an epoch, as canonical JSON. From the second epoch on `signatures` holds those of
-- the epoch before over it.
CREATE TABLE gatehouse.policy_trust (
	tenant_id  uuid NOT NULL REFERENCES gatehouse.tenant (tenant_id),
	epoch      bigint NOT NULL CHECK (epoch BETWEEN 1 AND 9007199254740991),
	document   bytea NOT NULL CHECK (octet_length(document) BETWEEN 2 AND 65536),
	signatures bytea CHECK (octet_length(signatures) BETWEEN 2 AND 65536),
	created_by text NOT NULL CHECK (octet_length(created_by) BETWEEN 1 AND 200),
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (tenant_id, epoch),
	CHECK ((epoch = 1) = (signatures IS NULL))
);
ALTER TABLE gatehouse.policy_trust ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatehouse.policy_trust FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON gatehouse.policy_trust FOR ALL TO PUBLIC
	USING (tenant_id = (SELECT gatehouse.tenant_id()))
	WITH CHECK (tenant_id = (SELECT gatehouse.tenant_id()));
GRANT SELECT, INSERT ON gatehouse.policy_trust TO gatehouse_app;

-- The packs are a chain: each names the digest of the one before it and no two name the same, so
-- that nobody can fork it. Live at a time is the greatest revision that took effect by then.
CREATE TABLE gatehouse.policy_pack (
	tenant_id    uuid NOT NULL REFERENCES gatehouse.tenant (tenant_id),
	revision     bigint NOT NULL CHECK (revision BETWEEN 1 AND 9007199254740991),
	digest       bytea NOT NULL CHECK (octet_length(digest) = 32),
	prev_digest  bytea,
	epoch        bigint NOT NULL,
	pack         bytea NOT NULL CHECK (octet_length(pack) BETWEEN 1024 AND 8388608),
	effective_at timestamptz NOT NULL,
	activated_by text NOT NULL CHECK (octet_length(activated_by) BETWEEN 1 AND 200),
	activated_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (tenant_id, revision),
	UNIQUE (tenant_id, digest),
	UNIQUE NULLS NOT DISTINCT (tenant_id, prev_digest),
	FOREIGN KEY (tenant_id, prev_digest) REFERENCES gatehouse.policy_pack (tenant_id, digest),
	FOREIGN KEY (tenant_id, epoch) REFERENCES gatehouse.policy_trust (tenant_id, epoch)
);
ALTER TABLE gatehouse.policy_pack ALTER COLUMN pack SET STORAGE EXTERNAL;
ALTER TABLE gatehouse.policy_pack ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatehouse.policy_pack FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON gatehouse.policy_pack FOR ALL TO PUBLIC
	USING (tenant_id = (SELECT gatehouse.tenant_id()))
	WITH CHECK (tenant_id = (SELECT gatehouse.tenant_id()));
GRANT SELECT, INSERT ON gatehouse.policy_pack TO gatehouse_app;
