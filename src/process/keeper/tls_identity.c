/* Renewal keeps the keys: a client that pinned one, and a gateway that still shows the old
 * certificate, both go on working. */
#include "process/keeper/tls_identity.h"

#include <stdlib.h>

#include "base/json.h"

#define FILE_NAME   "tls.json"
#define DAY_S       86400
#define RENEW_S     (30 * DAY_S)
#define CA_DAYS     3650
#define SERVER_DAYS 397 /* what browsers take from public CAs; ours need not be longer */

struct gh_tls_identity {
	const struct gh_keeper_store *store;
	struct gh_x509_names names; /* borrowed from the configuration */
	struct gh_key *ca_key;
	struct gh_key *server_key;
	struct gh_buf ca_pem;
	struct gh_buf server_pem;
};

void gh_tls_identity_close(struct gh_tls_identity *identity)
{
	if (!identity)
		return;
	gh_key_free(identity->ca_key);
	gh_key_free(identity->server_key);
	gh_buf_free(&identity->ca_pem);
	gh_buf_free(&identity->server_pem);
	free(identity);
}

GH_DEFINE_CLEANUP(struct gh_tls_identity *, gh_tls_identity_close)

static gh_result save(const struct gh_tls_identity *identity, struct gh_slice ca_pem,
                      struct gh_slice server_pem)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf ca_key = { .limit = 65536 };
	GH_CLEANUP(gh_buf_free) struct gh_buf server_key = { .limit = 65536 };

	GH_TRY(gh_keeper_seal_key(identity->store, "tls-ca", identity->ca_key, &ca_key));
	GH_TRY(
	    gh_keeper_seal_key(identity->store, "tls-server", identity->server_key, &server_key));
	GH_CLEANUP(gh_json_decref_ptr)
	json_t *doc = json_pack("{s:s, s:s, s:s%, s:s%}", "ca_key", gh_buf_cstr(&ca_key),
	                        "server_key", gh_buf_cstr(&server_key), "ca", ca_pem.data,
	                        ca_pem.len, "server", server_pem.data, server_pem.len);
	GH_ENSURE(doc, GH_E_MEMORY, "out of memory");
	return gh_keeper_doc_write(identity->store, FILE_NAME, doc);
}

static gh_result load(struct gh_tls_identity *identity, json_t *doc)
{
	const char *ca_key, *server_key, *ca, *server;

	GH_ENSURE(json_unpack(doc, "{s:s, s:s, s:s, s:s}", "ca_key", &ca_key, "server_key",
	                      &server_key, "ca", &ca, "server", &server) == 0,
	          GH_E_CORRUPT, "%s is damaged", FILE_NAME);
	GH_TRY(gh_keeper_open_key(identity->store, "tls-ca", ca_key, &identity->ca_key));
	GH_TRY(
	    gh_keeper_open_key(identity->store, "tls-server", server_key, &identity->server_key));
	gh_buf_add_str(&identity->ca_pem, ca);
	gh_buf_add_str(&identity->server_pem, server);
	GH_TRY(gh_x509_matches_key(gh_buf_slice(&identity->ca_pem), identity->ca_key));
	return gh_x509_matches_key(gh_buf_slice(&identity->server_pem), identity->server_key);
}

static bool is_due(const struct gh_buf *pem, int64_t now_s)
{
	int64_t not_after_s;

	return pem->len == 0 || gh_x509_not_after(gh_buf_slice(pem), &not_after_s) != GH_OK ||
	       not_after_s - now_s < RENEW_S;
}

static bool lacks_a_name(const struct gh_tls_identity *identity)
{
	for (size_t i = 0; i < identity->names.count; i++)
		if (gh_x509_has_name(gh_buf_slice(&identity->server_pem),
		                     identity->names.names[i]) != GH_OK)
			return true;
	return false;
}

gh_result gh_tls_identity_tick(struct gh_tls_identity *identity, int64_t now_s)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf ca_pem = { .limit = 65536 };
	GH_CLEANUP(gh_buf_free) struct gh_buf server_pem = { .limit = 65536 };
	bool new_ca = is_due(&identity->ca_pem, now_s);

	if (!new_ca && !is_due(&identity->server_pem, now_s) && !lacks_a_name(identity))
		return GH_OK;
	if (new_ca)
		GH_TRY(gh_x509_make_ca(identity->ca_key, "Gatehouse local CA", now_s, CA_DAYS,
		                       &ca_pem));
	else
		gh_buf_add_slice(&ca_pem, gh_buf_slice(&identity->ca_pem));
	GH_TRY(gh_buf_check(&ca_pem));
	GH_TRY(gh_x509_make_server(identity->ca_key, gh_buf_slice(&ca_pem), identity->server_key,
	                           &identity->names, now_s, SERVER_DAYS, &server_pem));
	GH_TRY(save(identity, gh_buf_slice(&ca_pem), gh_buf_slice(&server_pem)));

	gh_buf_free(&identity->ca_pem);
	gh_buf_free(&identity->server_pem);
	identity->ca_pem = ca_pem;
	identity->server_pem = server_pem;
	ca_pem = server_pem = (struct gh_buf){ 0 };
	return GH_OK;
}

gh_result gh_tls_identity_open(const struct gh_keeper_store *store,
                               const struct gh_x509_names *names, int64_t now_s,
                               struct gh_tls_identity **out)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *doc = NULL;
	GH_CLEANUP(gh_tls_identity_close_ptr)
	struct gh_tls_identity *identity = calloc(1, sizeof *identity);

	GH_ENSURE(identity, GH_E_MEMORY, "out of memory");
	identity->store = store;
	identity->names = *names;
	enum gh_code code = gh_keeper_doc_read(store, FILE_NAME, &doc);
	if (code == GH_E_NOT_FOUND) {
		GH_TRY(gh_key_generate(GH_KEY_P256, &identity->ca_key));
		GH_TRY(gh_key_generate(GH_KEY_P256, &identity->server_key));
	} else {
		GH_TRY(code);
		GH_TRY(load(identity, doc));
	}
	GH_TRY(gh_tls_identity_tick(identity, now_s));
	*out = GH_STEAL(identity);
	return GH_OK;
}

const struct gh_key *gh_tls_identity_key(const struct gh_tls_identity *identity)
{
	return identity->server_key;
}

gh_result gh_tls_identity_chain(const struct gh_tls_identity *identity, struct gh_buf *out)
{
	gh_buf_add_slice(out, gh_buf_slice(&identity->server_pem));
	gh_buf_add_slice(out, gh_buf_slice(&identity->ca_pem));
	return gh_buf_check(out);
}
