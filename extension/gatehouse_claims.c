/* gatehouse.open(token): a transaction becomes a tenant's, when a signed token says so. The claims
 * live in two places with one lifetime: a static record that gatehouse.tenant_id() reads, and the
 * setting request.jwt.claims for policies written in the form
 *   tenant_id = (current_setting('request.jwt.claims')::jsonb #>> '{tenant_id}')::uuid
 * Both end with the transaction. Nobody sets the setting by hand, not even a superuser: its check
 * hook takes a value from gatehouse.open and from nobody else.
 *
 * A token that is not accepted raises an error rather than returning false. In the gateway's
 * pipeline the other statements are already on their way when open runs; an error makes the server
 * skip them all up to the Sync, while after a `false` they would run as nobody: reads would give no
 * rows, and a function or an INSERT into a table without a policy would take effect. The error is
 * the same for every cause, so it tells a caller nothing; the cause goes to the server's log. */
#include "gatehouse_claims.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "settings.h"

PG_MODULE_MAGIC;

#define CLAIMS_SETTING "request.jwt.claims"
#define CACHE_SLOTS    64

char *gatehouse_key_file;
char *gatehouse_issuer;
char *gatehouse_guarded_roles;

static char *claims_setting; /* the storage of request.jwt.claims */
static bool setting_claims;  /* true only inside gatehouse.open */

/* The current transaction. `bound` outlives a rolled-back savepoint: a transaction never changes
 * its tenant, whatever happened in between. */
static struct {
	bool open;
	bool bound;
	bool has_request;
	pg_uuid_t tenant;
	pg_uuid_t request;
} current;

/* Tokens that this backend has verified; a verification costs 50 us, a look-up 1 us. */
static struct cached_token {
	uint8 sha256[SHA256_BYTES];
	struct db_claims claims; /* json in TopMemoryContext; NULL: empty slot */
} cache[CACHE_SLOTS];
static uint32 cache_generation;
static uint32 cache_next;

void _PG_init(void);
PG_FUNCTION_INFO_V1(gatehouse_open);
PG_FUNCTION_INFO_V1(gatehouse_tenant_id);
PG_FUNCTION_INFO_V1(gatehouse_request_id);

static void cache_drop(struct cached_token *slot)
{
	char *json = slot->claims.json;

	memset(slot, 0, sizeof *slot);
	if (json)
		pfree(json);
}

static const struct db_claims *cache_find(const uint8 *sha256, int64 now_s)
{
	uint32 generation = keys_generation();

	if (generation != cache_generation) {
		for (int i = 0; i < CACHE_SLOTS; i++)
			cache_drop(&cache[i]);
		cache_generation = generation;
	}
	for (int i = 0; i < CACHE_SLOTS; i++)
		if (cache[i].claims.json && memcmp(cache[i].sha256, sha256, SHA256_BYTES) == 0)
			return cache[i].claims.exp > now_s ? &cache[i].claims : NULL;
	return NULL;
}

static const struct db_claims *cache_add(const uint8 *sha256, const struct db_claims *claims)
{
	struct cached_token *slot = &cache[cache_next++ % CACHE_SLOTS];
	char *json = MemoryContextStrdup(TopMemoryContext, claims->json);

	cache_drop(slot);
	memcpy(slot->sha256, sha256, SHA256_BYTES);
	slot->claims = *claims;
	slot->claims.json = json;
	return &slot->claims;
}

static bool sha256_of(const char *data, size_t len, uint8 out[SHA256_BYTES])
{
	static EVP_MD *digest; /* fetched once: a fetch costs more than hashing a token */
	static EVP_MD_CTX *context;

	if (!digest)
		digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!context)
		context = EVP_MD_CTX_new();
	return digest && context && EVP_DigestInit_ex2(context, digest, NULL) == 1 &&
	       EVP_DigestUpdate(context, data, len) == 1 &&
	       EVP_DigestFinal_ex(context, out, NULL) == 1;
}

static void refuse(const char *why)
{
	ereport(LOG_SERVER_ONLY, (errmsg("gatehouse: database token refused: %s", why),
	                          errhidestmt(true), errhidecontext(true)));
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
	                errmsg("the database token was not accepted")));
}

/* The claims of a token that holds, from the cache or verified now; does not return otherwise. */
static const struct db_claims *claims_of(const char *token, size_t len)
{
	int64 now_s = (int64)time(NULL);
	uint8 sha256[SHA256_BYTES];
	struct db_claims fresh = { 0 };
	const struct db_claims *known;
	const char *fault;

	if (len > TOKEN_MAX_BYTES)
		refuse("too long");
	if (!sha256_of(token, len, sha256))
		refuse("no SHA-256");
	known = cache_find(sha256, now_s);
	if (known)
		return known;
	fault = token_verify(token, len, gatehouse_issuer, now_s, &fresh);
	if (fault)
		refuse(fault);
	known = cache_add(sha256, &fresh);
	pfree(fresh.json);
	return known;
}

static void set_claims(const char *json)
{
	setting_claims = true;
	PG_TRY();
	{
		(void)set_config_option(CLAIMS_SETTING, json, PGC_SUSET, PGC_S_SESSION,
		                        GUC_ACTION_LOCAL, true, 0, false);
	}
	PG_FINALLY();
	{
		setting_claims = false;
	}
	PG_END_TRY();
}

Datum gatehouse_open(PG_FUNCTION_ARGS)
{
	const struct db_claims *claims;
	text *token;

	if (PG_ARGISNULL(0))
		refuse("null");
	token = PG_GETARG_TEXT_PP(0);
	claims = claims_of(VARDATA_ANY(token), (size_t)VARSIZE_ANY_EXHDR(token));

	if (current.bound && memcmp(&current.tenant, &claims->tenant, sizeof current.tenant) != 0)
		refuse("a transaction has one tenant");
	current.bound = true;
	current.tenant = claims->tenant;
	current.has_request = !PG_ARGISNULL(1);
	if (current.has_request)
		current.request = *PG_GETARG_UUID_P(1);

	/* Last of all: were it to fail, nothing is open. */
	set_claims(claims->json);
	current.open = true;
	PG_RETURN_BOOL(true);
}

static Datum copy_of(const pg_uuid_t *uuid)
{
	pg_uuid_t *copy = palloc(sizeof *copy);

	*copy = *uuid;
	return UUIDPGetDatum(copy);
}

/* NULL outside: then no policy is true and no row is visible, without an error. */
Datum gatehouse_tenant_id(PG_FUNCTION_ARGS)
{
	if (!current.open)
		PG_RETURN_NULL();
	return copy_of(&current.tenant);
}

Datum gatehouse_request_id(PG_FUNCTION_ARGS)
{
	if (!current.open || !current.has_request)
		PG_RETURN_NULL();
	return copy_of(&current.request);
}

static void transaction_ended(XactEvent event, void *arg)
{
	switch (event) {
	case XACT_EVENT_COMMIT:
	case XACT_EVENT_ABORT:
	case XACT_EVENT_PREPARE:
	case XACT_EVENT_PARALLEL_COMMIT:
	case XACT_EVENT_PARALLEL_ABORT: memset(&current, 0, sizeof current); break;
	default: break; /* before the end: deferred checks still run as the tenant */
	}
}

/* Whether open ran before or inside the savepoint that goes: it must run again. */
static void savepoint_ended(SubXactEvent event, SubTransactionId mine, SubTransactionId parent,
                            void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB) {
		current.open = false;
		current.has_request = false;
	}
}

static bool claims_check(char **value, void **extra, GucSource source)
{
	/* A parallel worker is handed its leader's settings; no statement of a client runs there
	 * that could change one. */
	if (setting_claims || IsParallelWorker() || strcmp(*value, "{}") == 0)
		return true;
	GUC_check_errcode(ERRCODE_INSUFFICIENT_PRIVILEGE);
	GUC_check_errmsg("only gatehouse.open sets \"%s\"", CLAIMS_SETTING);
	return false;
}

static void define_settings(void)
{
	/* The boot value is an object, so that the policies above give NULL, not an error. */
	DefineCustomStringVariable(
	    CLAIMS_SETTING, "Claims of the transaction, set by gatehouse.open.", NULL,
	    &claims_setting, "{}", PGC_SUSET,
	    GUC_NO_SHOW_ALL | GUC_DISALLOW_IN_FILE | GUC_DISALLOW_IN_AUTO_FILE, claims_check, NULL,
	    NULL);
	DefineCustomStringVariable(
	    "gatehouse.key_file", "JWK set with the public keys of database tokens.", NULL,
	    &gatehouse_key_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomStringVariable("gatehouse.issuer", "Issuer (iss) of database tokens.", NULL,
	                           &gatehouse_issuer, "gatehouse", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
	                           NULL, NULL, NULL);
	DefineCustomStringVariable(
	    "gatehouse.guarded_roles", "Login roles that may run no statement around row security.",
	    NULL, &gatehouse_guarded_roles, "gatehouse_app, gatehouse_identity, gatehouse_log",
	    PGC_SIGHUP, GUC_LIST_INPUT | GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	MarkGUCPrefixReserved("request");
	MarkGUCPrefixReserved("gatehouse");
}

void _PG_init(void)
{
	/* Loaded later, a session could have set request.jwt.claims before it was protected. */
	if (!process_shared_preload_libraries_in_progress)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("gatehouse_claims must be in shared_preload_libraries")));
	define_settings();
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(savepoint_ended, NULL);
	guard_init();
}
