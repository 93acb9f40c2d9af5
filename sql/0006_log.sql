-- The log (RFC 6962). These three tables belong to no tenant and say nothing about one: an entry is
-- a salted commitment. The head row is the only sequencer: whoever writes a batch compares and swaps
-- (epoch, size) on it in the same statement.

SET LOCAL ROLE gatehouse_owner;

CREATE TABLE gatehouse.log_head (
	one   boolean PRIMARY KEY DEFAULT true CHECK (one),
	epoch bigint NOT NULL CHECK (epoch >= 0),
	size  bigint NOT NULL CHECK (size >= 0),
	root  bytea NOT NULL CHECK (octet_length(root) = 32),
	-- The compact range, largest subtree first: one node for each 1 bit of size.
	edge  bytea NOT NULL CHECK (octet_length(edge) = 32 * bit_count(size::bit(64)))
) WITH (fillfactor = 10); -- updated once a batch: room for HOT updates
INSERT INTO gatehouse.log_head (epoch, size, root, edge) VALUES (0, 0, sha256(''), '');

CREATE TABLE gatehouse.log_entry (
	seq        bigint PRIMARY KEY CHECK (seq >= 0),
	commitment bytea NOT NULL CHECK (octet_length(commitment) = 32)
);

CREATE TABLE gatehouse.log_checkpoint (
	size       bigint PRIMARY KEY CHECK (size >= 0),
	note       text NOT NULL CHECK (octet_length(note) BETWEEN 1 AND 65536),
	created_at timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT, UPDATE (epoch, size, root, edge) ON gatehouse.log_head TO gatehouse_log;
GRANT SELECT, INSERT ON gatehouse.log_entry, gatehouse.log_checkpoint TO gatehouse_log;
GRANT SELECT ON gatehouse.log_head, gatehouse.log_entry, gatehouse.log_checkpoint
	TO gatehouse_app;

RESET ROLE;

-- What the sequencer asserts at connect and before each checkpoint. The replication view shows its
-- states to monitoring roles only, so this one row is read for the sequencer by the administrator.
CREATE FUNCTION gatehouse.log_durability(OUT fsync text, OUT full_page_writes text,
		OUT synchronous_commit text, OUT synchronous_standby_names text,
		OUT in_recovery boolean, OUT sync_standbys bigint, OUT standbys bigint)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT current_setting('fsync'), current_setting('full_page_writes'),
		       current_setting('synchronous_commit'),
		       current_setting('synchronous_standby_names'), pg_is_in_recovery(),
		       count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')
					      AND state = 'streaming'),
		       count(*)
		FROM pg_stat_replication
	$$;
REVOKE ALL ON FUNCTION gatehouse.log_durability() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gatehouse.log_durability() TO gatehouse_log;
