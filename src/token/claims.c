/* What can be asked of claims once they exist. */
#include "token/claims.h"

#include "base/json.h"

bool gh_cap_is_valid(struct gh_slice cap)
{
	if (cap.len == 0 || cap.len > GH_CAP_MAX_BYTES)
		return false;
	for (size_t i = 0; i < cap.len; i++) {
		uint8_t c = cap.data[i];
		bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!alphanumeric && (i == 0 || (c != '.' && c != '_' && c != ':' && c != '-')))
			return false;
	}
	return true;
}

static bool contains(const struct gh_slice *caps, size_t count, struct gh_slice cap)
{
	for (size_t i = 0; i < count; i++)
		if (gh_slice_eq(caps[i], cap))
			return true;
	return false;
}

bool gh_claims_has_cap(const struct gh_claims *claims, const char *cap)
{
	return contains(claims->caps, claims->cap_count, gh_slice_str(cap));
}

bool gh_caps_subset(const struct gh_slice *some, size_t some_count, const struct gh_slice *all,
                    size_t all_count)
{
	for (size_t i = 0; i < some_count; i++)
		if (!contains(all, all_count, some[i]))
			return false;
	return true;
}

static void add_list(struct gh_json_writer *writer, const char *key, const struct gh_slice *items,
                     size_t count)
{
	gh_json_key(writer, key);
	gh_buf_add_byte(writer->out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			gh_buf_add_byte(writer->out, ',');
		gh_json_add_string(writer->out, items[i]);
	}
	gh_buf_add_byte(writer->out, ']');
}

static void add_when_present(struct gh_json_writer *writer, const char *key, struct gh_slice value)
{
	if (value.len)
		gh_json_slice(writer, key, value);
}

static void add_binding(struct gh_json_writer *writer, const struct gh_claims *claims)
{
	struct gh_json_writer cnf;

	if (claims->cnf == GH_CNF_NONE)
		return;
	gh_json_key(writer, "cnf");
	gh_json_begin(&cnf, writer->out);
	gh_json_slice(&cnf, claims->cnf == GH_CNF_JKT ? "jkt" : "x5t#S256", claims->cnf_value);
	gh_json_end(&cnf);
}

static void add_actor(struct gh_json_writer *writer, const struct gh_claims *claims)
{
	struct gh_json_writer act;

	if (!claims->has_act)
		return;
	if (claims->act_json.len) {
		gh_json_raw(writer, "act", claims->act_json);
		return;
	}
	gh_json_key(writer, "act");
	gh_json_begin(&act, writer->out);
	gh_json_slice(&act, "sub", claims->act_sub);
	gh_json_end(&act);
}

void gh_claims_to_json(const struct gh_claims *claims, struct gh_buf *out)
{
	struct gh_json_writer writer;
	char tenant[GH_UUID_TEXT_BYTES];

	gh_uuid_format(&claims->tenant_id, tenant);
	gh_json_begin(&writer, out);
	gh_json_slice(&writer, "iss", claims->iss);
	gh_json_slice(&writer, "sub", claims->sub);
	gh_json_slice(&writer, "aud", claims->aud);
	add_when_present(&writer, "client_id", claims->client_id);
	gh_json_str(&writer, "tenant_id", tenant);
	add_list(&writer, "caps", claims->caps, claims->cap_count);
	gh_json_slice(&writer, "sid", claims->sid);
	gh_json_slice(&writer, "jti", claims->jti);
	gh_json_int(&writer, "iat", claims->iat);
	if (claims->nbf)
		gh_json_int(&writer, "nbf", claims->nbf);
	gh_json_int(&writer, "exp", claims->exp);
	if (claims->auth_time)
		gh_json_int(&writer, "auth_time", claims->auth_time);
	if (claims->amr_count)
		add_list(&writer, "amr", claims->amr, claims->amr_count);
	add_when_present(&writer, "acr", claims->acr);
	add_binding(&writer, claims);
	add_actor(&writer, claims);
	gh_json_end(&writer);
}
