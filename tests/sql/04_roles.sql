-- What each login role may do, and no more.
\ir begin.psql
SELECT no_plan();

-- Identity: finds a credential across tenants, reads nothing else, writes nothing.
SELECT is(t.visit('gatehouse_identity', NULL, 'SELECT tenant_id, secret_sha256 IS NOT NULL FROM '
	  'gatehouse.api_key WHERE key_id = ''AAAAAAAA'''), format('(%s,t);(%s,t)', t.a(), t.b()),
	  'identity finds a key by its id in every tenant');
SELECT is(t.visit('gatehouse_identity', NULL, format('SELECT count(*) FROM %s', relation)),
	  format('42501: permission denied for table %s', split_part(relation::text, '.', 2)),
	  format('identity does not read %s', relation))
	FROM t.tenant_table WHERE schema = 'gatehouse' AND relation::text <> 'gatehouse.api_key'
	ORDER BY relation::text;
SELECT is(t.visit('gatehouse_identity', NULL, 'UPDATE gatehouse.api_key SET name = ''x'''),
	  '42501: permission denied for table api_key', 'identity changes no key');
SELECT is(t.visit('gatehouse_identity', NULL, 'DELETE FROM gatehouse.api_key'),
	  '42501: permission denied for table api_key', 'and deletes none');
SELECT is(t.visit('gatehouse_identity', NULL, 'SELECT created_by FROM gatehouse.api_key'),
	  '42501: permission denied for table api_key', 'and does not see who made it');

-- The log: writes for every tenant, reads numbers and ids, never a box.
SELECT is(t.visit('gatehouse_log', NULL, format('INSERT INTO gatehouse.audit_event VALUES '
	  '(%L, 2, 2, gen_random_uuid(), NULL, gen_random_uuid(), %L, now())', t.b(),
	  '\x' || repeat('00', 80))), 'INSERT 0 1', 'the log writes an event for any tenant');
SELECT is(t.visit('gatehouse_log', NULL, format('INSERT INTO gatehouse.exchange (tenant_id, '
	  'request_id, part, data_key_id, box) VALUES (%L, gen_random_uuid(), ''output'', '
	  'gen_random_uuid(), %L) ON CONFLICT DO NOTHING', t.a(), '\x' || repeat('00', 80))),
	  'INSERT 0 1', 'and an exchange');
SELECT is(t.visit('gatehouse_log', NULL, format('INSERT INTO gatehouse.pii_vault (tenant_id, token, '
	  'class, data_key_id, box) VALUES (%L, ''tok2'', ''email'', gen_random_uuid(), %L) '
	  'ON CONFLICT DO NOTHING', t.a(), '\x' || repeat('00', 80))),
	  'INSERT 0 1', 'and a token of the vault');
SELECT is(t.visit('gatehouse_log', NULL, format('INSERT INTO gatehouse.pii_vault (tenant_id, token, '
	  'class, data_key_id, box) VALUES (%L, ''tok2'', ''email'', gen_random_uuid(), %L) '
	  'ON CONFLICT DO NOTHING', t.a(), '\x' || repeat('00', 80))),
	  'INSERT 0 0', 'twice is once');
SELECT is(t.visit('gatehouse_log', NULL, 'SELECT tenant_id, seq, tenant_seq FROM '
	  'gatehouse.audit_event WHERE seq = 2'), format('(%s,2,2)', t.b()),
	  'the log reads back numbers');
SELECT is(t.visit('gatehouse_log', NULL, 'SELECT box FROM gatehouse.audit_event'),
	  '42501: permission denied for table audit_event', 'but no box');
SELECT is(t.visit('gatehouse_log', NULL, 'SELECT * FROM gatehouse.audit_event'),
	  '42501: permission denied for table audit_event', 'nor all columns');
SELECT is(t.visit('gatehouse_log', NULL, format('INSERT INTO gatehouse.audit_event VALUES '
	  '(%L, 3, 3, gen_random_uuid(), NULL, gen_random_uuid(), %L, now()) RETURNING box', t.b(),
	  '\x' || repeat('00', 80))), '42501: permission denied for table audit_event',
	  'not even of what it writes');
SELECT is(t.visit('gatehouse_log', NULL, format('%s gatehouse.%s', verb, what)),
	  format('42501: permission denied for table %s', what), format('the log may not %s %s', verb, what))
	FROM (VALUES ('DELETE FROM', 'audit_event'), ('DELETE FROM', 'log_entry'),
	('DELETE FROM', 'log_head'), ('DELETE FROM', 'log_checkpoint'), ('DELETE FROM', 'exchange'),
	('TABLE', 'exchange'), ('TABLE', 'pii_vault'), ('TABLE', 'data_key'), ('TABLE', 'tenant'),
	('TABLE', 'api_key')) v(verb, what);
SELECT is(t.visit('gatehouse_log', NULL, 'UPDATE gatehouse.audit_event SET seq = 9'),
	  '42501: permission denied for table audit_event', 'an event is never changed');
SELECT is(t.visit('gatehouse_log', NULL, 'UPDATE gatehouse.log_entry SET seq = 9'),
	  '42501: permission denied for table log_entry', 'nor an entry');
SELECT is(t.visit('gatehouse_log', NULL, 'UPDATE gatehouse.log_checkpoint SET note = ''x'''),
	  '42501: permission denied for table log_checkpoint', 'nor a checkpoint');

-- A batch as the sequencer writes it: compare and swap on the head, in one statement.
\set batch 'WITH s AS (UPDATE gatehouse.log_head SET size = 1, root = sha256(\'x\'), edge = sha256(\'x\') WHERE epoch = 0 AND size = 0 RETURNING 1) INSERT INTO gatehouse.log_entry SELECT * FROM unnest(ARRAY[0::bigint], ARRAY[sha256(\'y\')]) WHERE EXISTS (SELECT FROM s)'
SELECT is(t.visit('gatehouse_log', NULL, :'batch'), 'INSERT 0 1', 'a batch moves the head');
SELECT is(t.visit('gatehouse_log', NULL, :'batch'), 'INSERT 0 0', 'a second writer is fenced out');
SELECT is((SELECT size FROM gatehouse.log_head), 1::bigint, 'the head is where the batch left it');
SELECT alike(t.visit('gatehouse_log', NULL, 'UPDATE gatehouse.log_head SET size = 3'), '23514: %',
	    'size and edge of the head agree');
SELECT alike(t.visit('gatehouse_log', NULL, 'INSERT INTO gatehouse.log_head VALUES (true, 0, 0, '
	    'sha256(''''), '''')'), '42501: %', 'there is one head');
SELECT is(t.visit('gatehouse_log', NULL, 'SELECT fsync, full_page_writes, synchronous_commit, '
	  'in_recovery FROM gatehouse.log_durability()'), '(on,on,on,f)', 'the log sees how durable it is');
SELECT is(t.visit('gatehouse_app', NULL, 'SELECT fsync FROM gatehouse.log_durability()'),
	  '42501: permission denied for function log_durability', 'which is for the log only');

SELECT is(t.visit('gatehouse_app', :'token_a', 'DELETE FROM gatehouse.pii_reveal_budget'),
	  '42501: permission denied for table pii_reveal_budget', 'a spent budget is not deleted');
SELECT is(t.visit('gatehouse_app', :'token_a', 'UPDATE gatehouse.pii_reveal_budget SET key_id = '''''),
	  '42501: permission denied for table pii_reveal_budget', 'nor given to another key');
SELECT alike(t.visit('gatehouse_app', :'token_a', 'UPDATE gatehouse.pii_reveal_budget SET '
	  'left_over = -1'), '23514: %', 'nor overdrawn');

-- A threshold is from 0 to 100, of a class that there is.
SELECT alike(t.visit('gatehouse_app', :'token_a', format('INSERT INTO gatehouse.pii_threshold VALUES '
	  '(%L, %L, %s)', t.a(), class, threshold)), said, format('a threshold: %s %s', class, threshold))
	FROM (VALUES ('email', '0', 'INSERT 0 1'), ('custom', '100', 'INSERT 0 1'),
	('email', '50', '23505: %'), ('phone', '-1', '23514: %'), ('phone', '101', '23514: %'),
	('phone', 'NULL', '23502: %'), ('phone', '70000', '22003: %'), ('Phone', '50', '23514: %'),
	('', '50', '23514: %')) v(class, threshold, said);
-- A change of one first locks the tenant's row, as the API does.
SELECT is(t.visit('gatehouse_app', :'token_a', 'SELECT 1 FROM gatehouse.tenant FOR NO KEY UPDATE'),
	  '(1)', 'the application locks its tenant');
SELECT is(t.visit('gatehouse_app', NULL, 'SELECT 1 FROM gatehouse.tenant FOR NO KEY UPDATE'), '',
	  'and without a token nobody''s');
SELECT is(t.visit(role, NULL, 'SELECT 1 FROM gatehouse.pii_threshold'),
	  '42501: permission denied for table pii_threshold', format('thresholds are not for %s', role))
	FROM (VALUES ('gatehouse_log'), ('gatehouse_identity')) v(role);

-- The application: its tenant's rows, and of the log what is public.
SELECT is(t.visit('gatehouse_app', :'token_a', 'SELECT secret_sha256 FROM gatehouse.api_key'),
	  '42501: permission denied for table api_key', 'the application never reads a secret''s hash');
SELECT is(t.visit('gatehouse_app', :'token_a', 'DELETE FROM gatehouse.api_key'),
	  '42501: permission denied for table api_key', 'keys are revoked, not deleted');
SELECT is(t.visit('gatehouse_app', :'token_a', 'UPDATE gatehouse.api_key SET caps = ''{all}'''),
	  '42501: permission denied for table api_key', 'a key''s capabilities do not grow');
SELECT is(t.visit('gatehouse_app', :'token_a', 'UPDATE gatehouse.api_key SET secret_sha256 = sha256(''x'')'),
	  '42501: permission denied for table api_key', 'nor does its secret change');
SELECT is(t.visit('gatehouse_app', :'token_a', format('INSERT INTO gatehouse.audit_event VALUES '
	  '(%L, 9, 9, gen_random_uuid(), NULL, gen_random_uuid(), %L, now())', t.a(),
	  '\x' || repeat('00', 80))), '42501: permission denied for table audit_event',
	  'the application writes no audit event');
SELECT is(t.visit('gatehouse_app', :'token_a', 'DELETE FROM gatehouse.audit_event'),
	  '42501: permission denied for table audit_event', 'and deletes none');
SELECT is(t.visit('gatehouse_app', :'token_a', 'UPDATE gatehouse.log_head SET size = 0'),
	  '42501: permission denied for table log_head', 'and does not touch the head');
SELECT is(t.visit('gatehouse_app', NULL, 'SELECT size FROM gatehouse.log_head'), '(1)',
	  'the public log is public');
SELECT is(t.visit('gatehouse_app', NULL, 'DELETE FROM gatehouse.migration'),
	  '42501: permission denied for table migration', 'history is not edited');
SELECT is(t.visit('gatehouse_app', :'token_a', format('INSERT INTO gatehouse.tenant (tenant_id, name) '
	  'VALUES (%L, ''x'')', t.absent())),
	  '42501: new row violates row-level security policy for table "tenant"',
	  'a tenant does not make another');

-- The owner of the tables is bound too.
SET ROLE gatehouse_owner;
SELECT count(*) AS owner_sees FROM gatehouse.tenant \gset
RESET ROLE;
SELECT is(:owner_sees, 0, 'the owner sees no tenant''s rows');
SELECT * FROM finish();
