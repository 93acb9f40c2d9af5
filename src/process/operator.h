/* operator.h: a blocking HTTPS client for our own command line: it reads DIR/demo.json for the
 * address, the CA and a tenant's API key, and asks the running gateway as any application would.
 * There is no second way in. */
#ifndef GH_PROCESS_OPERATOR_H
#define GH_PROCESS_OPERATOR_H

#include "base/buf.h"
#include "base/json.h"
#include "base/result.h"

struct gh_operator {
	json_t *demo;
	char *base_url; /* borrowed from demo */
	char *ca_pem;   /* owned */
	const char *tenant_name, *tenant_id, *api_key;
};

/* `tenant`: name or id; NULL: the first. GH_E_NOT_FOUND when the directory has no demo.json, with a
 * text that says to start `gatehouse up` first. */
gh_result gh_operator_open(const char *state_dir, const char *tenant, struct gh_operator *out);
void gh_operator_close(struct gh_operator *client); /* wipes the key */

struct gh_operator_reply {
	long status;
	struct gh_buf body; /* secret: it may show a key */
	char request_id[64];
};

/* `body` NULL: none. GH_E_UNAVAILABLE when the gateway cannot be reached. */
gh_result gh_operator_call(const struct gh_operator *client, const char *method, const char *path,
                           const char *body, struct gh_operator_reply *reply);
void gh_operator_reply_free(struct gh_operator_reply *reply);

/* The `detail` of a problem document, or a general sentence, as the thread's last error. */
enum gh_code gh_operator_problem(const struct gh_operator_reply *reply);

#endif
