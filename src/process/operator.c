#include "process/operator.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define MAX_REPLY_BYTES ((size_t)16 << 20)

static gh_result read_file(const char *path, struct gh_buf *out)
{
	FILE *file = fopen(path, "re");

	GH_ENSURE(file, errno == ENOENT ? GH_E_NOT_FOUND : GH_E_IO, "cannot read %s: %s", path,
	          strerror(errno));
	for (size_t n = 1; n > 0;) {
		uint8_t *room = gh_buf_reserve(out, 4096);
		n = room ? fread(room, 1, 4096, file) : 0;
		if (n)
			gh_buf_commit(out, n);
	}
	fclose(file);
	return gh_buf_check(out);
}

static gh_result choose_tenant(struct gh_operator *client, const char *wanted)
{
	json_t *tenant;
	size_t i;

	json_array_foreach(json_object_get(client->demo, "tenants"), i, tenant)
	{
		const char *name, *id, *key;
		if (json_unpack(tenant, "{s:s,s:s,s:s}", "name", &name, "id", &id, "api_key",
		                &key) != 0)
			continue;
		if (wanted && strcmp(wanted, name) != 0 && strcmp(wanted, id) != 0)
			continue;
		client->tenant_name = name;
		client->tenant_id = id;
		client->api_key = key;
		return GH_OK;
	}
	return gh_fail(GH_E_NOT_FOUND, "demo.json has no tenant %s", wanted ? wanted : "at all");
}

gh_result gh_operator_open(const char *state_dir, const char *tenant, struct gh_operator *out)
{
	char path[4096];
	struct gh_buf text = { .limit = 1 << 20, .secret = true };
	struct gh_buf ca = { .limit = 1 << 20 };

	memset(out, 0, sizeof *out);
	snprintf(path, sizeof path, "%s/demo.json", state_dir);
	enum gh_code code = read_file(path, &text);
	if (code == GH_OK)
		code = gh_json_parse(gh_buf_slice(&text), &out->demo);
	gh_buf_free(&text);
	if (code == GH_E_NOT_FOUND)
		return gh_fail(code, "%s holds no running gateway: start `gatehouse up --state %s`",
		               state_dir, state_dir);
	GH_TRY(code);

	/* The file's own ca_file names the path as the server saw it; beside it is as good. */
	snprintf(path, sizeof path, "%s/ca.pem", state_dir);
	code = read_file(path, &ca);
	out->base_url =
	    (char *)(uintptr_t)json_string_value(json_object_get(out->demo, "base_url"));
	if (code == GH_OK && !out->base_url)
		code = gh_fail(GH_E_CORRUPT, "demo.json has no base_url");
	if (code == GH_OK)
		code = choose_tenant(out, tenant);
	out->ca_pem = code == GH_OK ? strdup(gh_buf_cstr(&ca)) : NULL;
	gh_buf_free(&ca);
	if (code != GH_OK)
		gh_operator_close(out);
	return code;
}

void gh_operator_close(struct gh_operator *client)
{
	if (client->api_key)
		gh_wipe((void *)(uintptr_t)client->api_key, strlen(client->api_key));
	json_decref(client->demo);
	free(client->ca_pem);
	memset(client, 0, sizeof *client);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct gh_buf *body = context;

	gh_buf_add(body, data, size * count);
	return body->failed ? 0 : size * count;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
	struct gh_operator_reply *reply = context;
	static const struct gh_slice name = { (const uint8_t *)"x-request-id", 12 };
	struct gh_slice line = gh_slice(data, size * count), head, value;

	if (gh_slice_split(line, ':', &head, &value) && gh_slice_eq_nocase(head, name)) {
		while (value.len &&
		       (value.data[value.len - 1] == '\r' || value.data[value.len - 1] == '\n'))
			value.len--;
		value = gh_slice_trim(value);
		snprintf(reply->request_id, sizeof reply->request_id, "%.*s", GH_SLICE_ARG(value));
	}
	return size * count;
}

static gh_result perform(CURL *curl, const struct gh_operator *client, const char *method,
                         const char *path, const char *body, struct gh_operator_reply *reply)
{
	char url[1024], authorization[128];
	struct curl_blob ca = { client->ca_pem, strlen(client->ca_pem), CURL_BLOB_NOCOPY };
	struct curl_slist *headers = NULL;

	snprintf(url, sizeof url, "%s%s", client->base_url, path);
	snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", client->api_key);
	headers = curl_slist_append(headers, authorization);
	headers = curl_slist_append(headers, "Content-Type: application/json");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &ca);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply->body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, reply);
	if (body)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	CURLcode result = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
	curl_slist_free_all(headers);
	gh_wipe(authorization, sizeof authorization);
	GH_ENSURE(result == CURLE_OK, GH_E_UNAVAILABLE, "the gateway at %s does not answer: %s",
	          client->base_url, curl_easy_strerror(result));
	return GH_OK;
}

gh_result gh_operator_call(const struct gh_operator *client, const char *method, const char *path,
                           const char *body, struct gh_operator_reply *reply)
{
	CURL *curl = curl_easy_init();

	memset(reply, 0, sizeof *reply);
	gh_buf_init(&reply->body, MAX_REPLY_BYTES, true);
	GH_ENSURE(curl, GH_E_MEMORY, "out of memory");
	enum gh_code code = perform(curl, client, method, path, body, reply);
	curl_easy_cleanup(curl);
	return code;
}

void gh_operator_reply_free(struct gh_operator_reply *reply)
{
	gh_buf_free(&reply->body);
}

enum gh_code gh_operator_problem(const struct gh_operator_reply *reply)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *problem = NULL;
	const char *detail = NULL;

	if (gh_json_parse(gh_buf_slice(&reply->body), &problem) == GH_OK)
		detail = json_string_value(json_object_get(problem, "detail"));
	return gh_fail(GH_E_DENIED, "the gateway answered %ld: %s", reply->status,
	               detail ? detail : "without a reason");
}
