-- gatehouse.open and the lifetime of what it opens; and every way to get there without a token.
\ir begin.psql
\set refused '''42501: the database token was not accepted'''
SELECT no_plan();

SELECT is(t.visit('gatehouse_app', :'token_a', 'SELECT gatehouse.tenant_id()'), format('(%s)', t.a()),
	  'a token opens its tenant');
SELECT is(t.visit('gatehouse_app', :'token_a', 'SELECT count(*) FROM gatehouse.tenant'), '(1)',
	  'and its rows');
SELECT is(t.visit('gatehouse_app', :'token_a', 'SELECT tenant_id FROM shop.note'),
	  format('(%s)', t.a()), 'the form with request.jwt.claims works unchanged on a user''s table');
SELECT is(t.visit('gatehouse_app', NULL, 'SELECT count(*) FROM gatehouse.tenant'), '(0)',
	  'without a token there are no rows and no error');
SELECT is(t.visit('gatehouse_app', NULL, 'SELECT count(*) FROM shop.note'), '(0)',
	  'nor on a user''s table');
SELECT is(t.visit('gatehouse_app', NULL, 'SELECT current_setting(''request.jwt.claims'')'), '({})',
	  'the claims are an empty object then');
SELECT is(t.visit('gatehouse_app', :'token_a',
	  'SELECT gatehouse.open(''' || :'token_a' || ''', ''018f0000-0000-7000-8000-000000000123'')',
	  'SELECT gatehouse.request_id()'), '(018f0000-0000-7000-8000-000000000123)',
	  'the request id goes with it');
\set caps `"$SQL_HELPER" mint caps 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'caps',
	  'SELECT current_setting(''request.jwt.claims'')::jsonb ->> ''role'''), '(app)',
	  'other members of the token can be read');

-- Lifetime.
SELECT is(t.connect('s', 'gatehouse_app'), 'ok', 'a session');
SELECT t.step('s', 'BEGIN'), t.step('s', format('SELECT gatehouse.open(%L)', :'token_a'))
	\g /dev/null
SELECT is(t.step('s', 'SELECT count(*) FROM shop.note'), '(1)', 'open within the transaction');
SELECT t.step('s', 'COMMIT') \g /dev/null
SELECT is(t.step('s', 'SELECT gatehouse.tenant_id(), current_setting(''request.jwt.claims''), '
	  '(SELECT count(*) FROM shop.note), (SELECT count(*) FROM gatehouse.tenant)'),
	  '(,{},0,0)', 'closed after COMMIT');
SELECT t.step('s', 'BEGIN'), t.step('s', format('SELECT gatehouse.open(%L)', :'token_a')),
	t.step('s', 'ROLLBACK') \g /dev/null
SELECT is(t.step('s', 'SELECT gatehouse.tenant_id(), (SELECT count(*) FROM shop.note)'), '(,0)',
	  'closed after ROLLBACK');
SELECT is(t.step('s', format('SELECT gatehouse.open(%L)', :'token_a')), '(t)',
	  'a lone statement opens');
SELECT is(t.step('s', 'SELECT gatehouse.tenant_id(), (SELECT count(*) FROM shop.note)'), '(,0)',
	  'and closes with itself');
SELECT t.step('s', 'BEGIN'), t.step('s', format('SELECT gatehouse.open(%L)', :'token_a')),
	t.step('s', 'SAVEPOINT p'), t.step('s', 'SELECT 1/0'), t.step('s', 'ROLLBACK TO p')
	\g /dev/null
SELECT is(t.step('s', 'SELECT count(*) FROM gatehouse.tenant'), '(0)',
	  'closed after a savepoint went back');
SELECT is(t.step('s', format('SELECT gatehouse.open(%L)', :'token_b')), :refused,
	  'and not to be opened for another tenant');
SELECT t.step('s', 'ROLLBACK'), t.step('s', 'BEGIN'),
	t.step('s', format('SELECT gatehouse.open(%L)', :'token_a')) \g /dev/null
SELECT is(t.step('s', format('SELECT gatehouse.open(%L)', :'token_b')), :refused,
	  'a transaction has one tenant');
SELECT t.step('s', 'ROLLBACK'), t.step('s', 'BEGIN'), t.step('s', 'SAVEPOINT p'),
	t.step('s', format('SELECT gatehouse.open(%L)', :'token_a')),
	t.step('s', 'ROLLBACK TO p') \g /dev/null
SELECT is(t.step('s', 'SELECT gatehouse.tenant_id(), current_setting(''request.jwt.claims'')'),
	  '(,{})', 'what a savepoint opened goes back with it');
SELECT t.step('s', 'ROLLBACK') \g /dev/null

CREATE FUNCTION t.still_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF gatehouse.tenant_id() IS DISTINCT FROM new.tenant_id THEN
		RAISE EXCEPTION 'closed before the end';
	END IF;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER still_open AFTER INSERT ON shop.note DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION t.still_open();
SELECT t.step('s', 'BEGIN'), t.step('s', format('SELECT gatehouse.open(%L)', :'token_a')) \g /dev/null
SELECT is(t.step('s', format('INSERT INTO shop.note VALUES (%L, 99, ''late'')', t.a())), 'INSERT 0 1',
	  'a row whose check is deferred');
SELECT is(t.step('s', 'COMMIT'), 'COMMIT', 'is checked as the tenant when the transaction ends');
DROP TRIGGER still_open ON shop.note;
DELETE FROM shop.note WHERE id = 99;

-- Every bad token gives the same error.
\set expired `"$SQL_HELPER" mint expired 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'expired', 'SELECT 1'), :refused, 'expired');
\set bad `"$SQL_HELPER" mint lasts-61s 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'good for 61 s');
\set bad `"$SQL_HELPER" mint ends-before-it-began 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'exp before iat');
\set bad `"$SQL_HELPER" mint from-the-future 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'issued in the future');
\set bad `"$SQL_HELPER" mint tampered 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'tampered');
\set bad `"$SQL_HELPER" mint alg-none 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'alg none');
\set bad `"$SQL_HELPER" mint alg-hs256 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'alg HS256');
\set bad `"$SQL_HELPER" mint alg-rs512 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'alg RS512, rightly signed');
\set bad `"$SQL_HELPER" mint alg-ps256 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'alg PS256');
\set bad `"$SQL_HELPER" mint other-audience 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'another audience');
\set bad `"$SQL_HELPER" mint other-issuer 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'another issuer');
\set bad `"$SQL_HELPER" mint no-jti 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'no jti');
\set bad `"$SQL_HELPER" mint empty-jti 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'an empty jti');
\set bad `"$SQL_HELPER" mint jti-is-a-number 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'a jti that is no string');
\set bad `"$SQL_HELPER" mint typ-at-jwt 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'an access token');
\set bad `"$SQL_HELPER" mint no-typ 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'no typ');
\set bad `"$SQL_HELPER" mint no-kid 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'no kid');
\set bad `"$SQL_HELPER" mint unknown-kid 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'an unknown kid');
\set bad `"$SQL_HELPER" mint header-with-jwk 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'a key in the header');
\set bad `"$SQL_HELPER" mint header-with-crit 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'crit in the header');
\set bad `"$SQL_HELPER" mint header-says-alg-twice 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'alg twice');
\set bad `"$SQL_HELPER" mint header-is-no-json 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'a header that is no JSON');
\set bad `"$SQL_HELPER" mint header-is-an-array 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'a header that is an array');
\set bad `"$SQL_HELPER" mint signature-cut 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'a shorter signature');
\set bad `"$SQL_HELPER" mint signature-padded 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'a second spelling of the signature');
\set bad `"$SQL_HELPER" mint two-parts 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'two parts');
\set bad `"$SQL_HELPER" mint four-parts 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'four parts');
\set bad `"$SQL_HELPER" mint over-4-kib 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'over 4 KiB');
\set bad `"$SQL_HELPER" mint payload-is-no-json 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'a payload that is no JSON');
\set bad `"$SQL_HELPER" mint payload-with-nul 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'a NUL in the payload');
\set bad `"$SQL_HELPER" mint payload-not-utf8 018f0000-0000-7000-8000-00000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'a payload that is not UTF-8');
\set bad `"$SQL_HELPER" mint good 018F0000-0000-7000-8000-00000000000A`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'a tenant in upper case');
\set bad `"$SQL_HELPER" mint good 00000000-0000-0000-0000-000000000000`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'the nil tenant');
\set bad `"$SQL_HELPER" mint good '{018f0000-0000-7000-8000-00000000000a}'`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'a tenant in braces');
\set bad `"$SQL_HELPER" mint good 018f000000007000800000000000000a`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'a tenant without dashes');
\set bad `"$SQL_HELPER" mint good ''`
SELECT is(t.visit('gatehouse_app', :'bad', 'SELECT 1'), :refused, 'no tenant');
SELECT is(t.visit('gatehouse_app', '', 'SELECT 1'), :refused, 'an empty token');
SELECT is(t.visit('gatehouse_app', '..', 'SELECT 1'), :refused, 'only dots');
SELECT is(t.visit('gatehouse_app', repeat('A', 100000), 'SELECT 1'), :refused, 'a very long text');
SELECT is(t.visit('gatehouse_app', NULL, 'SELECT gatehouse.open(NULL)'), :refused, 'NULL');
SELECT is(t.visit('gatehouse_app', :'token_a' || ' ', 'SELECT 1'), :refused, 'a blank at the end');
SELECT is(t.visit('gatehouse_app', overlay(:'token_a' placing
	  CASE WHEN substr(:'token_a', 120, 1) = 'A' THEN 'B' ELSE 'A' END from 120), 'SELECT 1'),
	  :refused, 'one letter changed');
SELECT is(t.step('s', 'SELECT gatehouse.tenant_id(), current_setting(''request.jwt.claims'')'),
	  '(,{})', 'a refused token leaves nothing behind');

-- Nobody else sets the claims.
\set forged '{"tenant_id":"018f0000-0000-7000-8000-00000000000b"}'
SELECT is(t.visit('gatehouse_app', NULL, format('SET request.jwt.claims = %L', :'forged')),
	  '42501: permission denied to set parameter "request.jwt.claims"', 'SET');
SELECT is(t.visit('gatehouse_app', NULL, format('SET LOCAL request.jwt.claims = %L', :'forged')),
	  '42501: permission denied to set parameter "request.jwt.claims"', 'SET LOCAL');
SELECT is(t.visit('gatehouse_app', NULL,
	  format('SELECT set_config(''request.jwt.claims'', %L, false)', :'forged')),
	  '42501: permission denied to set parameter "request.jwt.claims"', 'set_config');
SELECT is(t.visit('gatehouse_app', :'token_a',
	  format('SELECT set_config(''request.jwt.claims'', %L, true)', :'forged')),
	  '42501: permission denied to set parameter "request.jwt.claims"', 'set_config after open');
SELECT is(t.visit('gatehouse_app', NULL, 'SELECT set_config(''request.jwt.tenant'', ''x'', false)'),
	  '42602: invalid configuration parameter name "request.jwt.tenant"',
	  'the prefix "request" is reserved');
SELECT is(t.visit('gatehouse_app', NULL, 'SELECT set_config(''gatehouse.tenant'', ''x'', false)'),
	  '42602: invalid configuration parameter name "gatehouse.tenant"',
	  'the prefix "gatehouse" is reserved');
SELECT is(t.visit('gatehouse_app', NULL, 'SELECT set_config(''gatehouse.key_file'', ''/tmp/k'', false)'),
	  '55P02: parameter "gatehouse.key_file" cannot be changed now', 'the key file');
SELECT alike(t.connect('f', 'gatehouse_app', '-c request.jwt.claims=x'), '%permission denied%',
	    'PGOPTIONS: the connection is refused');
SELECT alike(t.connect('f', 'gatehouse_app', '-c gatehouse.key_file=/tmp/k'), '%cannot be changed now%',
	    'PGOPTIONS with a key file');
SELECT is(t.visit('gatehouse_app', NULL, 'SELECT count(*) FROM pg_settings WHERE name IN '
	  '(''request.jwt.claims'', ''gatehouse.key_file'', ''gatehouse.issuer'', '
	  '''gatehouse.guarded_roles'')'), '(0)', 'pg_settings shows none of ours');
SELECT throws_like(format('CREATE FUNCTION t.forge() RETURNS int LANGUAGE sql SET request.jwt.claims '
	  '= %L AS ''SELECT 1''', :'forged'), '%only gatehouse.open sets%',
	  'a function''s SET clause, even a superuser''s');
SELECT throws_like(format('ALTER ROLE gatehouse_app SET request.jwt.claims = %L', :'forged'),
	  '%only gatehouse.open sets%', 'a role''s default, even by a superuser');
SELECT throws_like(format('ALTER DATABASE gatehouse SET request.jwt.claims = %L', :'forged'),
	  '%only gatehouse.open sets%', 'a database''s default, even by a superuser');
SELECT throws_like(format('SET request.jwt.claims = %L', :'forged'),
	  '%only gatehouse.open sets%', 'a superuser''s session');
\set said `psql -X -v VERBOSITY=sqlstate -c "ALTER SYSTEM SET request.jwt.claims = 'x'" 2>&1`
SELECT is(:'said'::text, 'ERROR:  55P02', 'the server''s configuration, even by a superuser');
SELECT is(t.visit('gatehouse_identity', :'token_a', 'SELECT 1'),
	  '42501: permission denied for function open', 'only the application role opens');
SELECT is(t.visit('gatehouse_log', :'token_a', 'SELECT 1'),
	  '42501: permission denied for function open', 'not the log''s');
SELECT t.disconnect('s') \g /dev/null

-- Parallel plans: the leader decides, the workers get its answer.
SELECT t.connect('p', 'gatehouse_app') \g /dev/null
SELECT t.step('p', 'BEGIN'), t.step('p', 'SET LOCAL force_parallel_mode = on'),
	t.step('p', 'SET LOCAL parallel_setup_cost = 0'),
	t.step('p', 'SET LOCAL parallel_tuple_cost = 0'),
	t.step('p', 'SET LOCAL min_parallel_table_scan_size = 0'),
	t.step('p', 'SET LOCAL enable_indexscan = off'),
	t.step('p', 'SET LOCAL enable_bitmapscan = off'),
	t.step('p', 'SET LOCAL enable_indexonlyscan = off'),
	t.step('p', format('SELECT gatehouse.open(%L)', :'token_a')) \g /dev/null
SELECT is(t.step('p', 'SELECT count(*), count(DISTINCT tenant_id) FROM gatehouse.api_key'),
	  '(2001,1)', 'parallel workers see the leader''s tenant');
SELECT is(t.step('p', 'SELECT count(*), min(tenant_id::text) FROM shop.note'),
	  format('(1,%s)', t.a()), 'and the claims of the leader');
SELECT t.step('p', 'COMMIT') \g /dev/null
SELECT is(t.step('p', 'SELECT count(*) FROM gatehouse.api_key'), '(0)', 'and nothing afterwards');
SELECT t.disconnect('p') \g /dev/null
SELECT * FROM finish();
