/* Nothing here trusts a byte of a token before its signature is checked; the only thing that
 * happens earlier is decoding under limits. */
#include "crypto/jws.h"

#include <string.h>

#include "base/codec.h"
#include "base/json.h"

/* Decodes one segment into the arena. The buffer borrows the arena's memory and never grows: it has
 * room for three bytes of each four characters, for what is over, and for the closing NUL. */
static gh_result decode(struct gh_slice text, struct gh_arena *arena, struct gh_slice *out)
{
	size_t room = text.len / 4 * 3 + 4;
	uint8_t *memory = gh_arena_alloc(arena, room);
	struct gh_buf bytes = { .data = memory, .capacity = room, .limit = room - 1 };

	GH_ENSURE(memory, GH_E_MEMORY, "no room for a token");
	GH_TRY(gh_base64url_decode(text, &bytes));
	*out = gh_buf_slice(&bytes);
	return GH_OK;
}

gh_result gh_jws_parse(struct gh_slice raw_token, const struct gh_jws_limits *limits,
                       struct gh_arena *arena, struct gh_jws *out)
{
	struct gh_slice header, rest, payload, signature;
	struct gh_jws jws = { 0 };

	GH_ENSURE(raw_token.len <= limits->token_bytes, GH_E_LIMIT, "a token is over %zu bytes",
	          limits->token_bytes);
	GH_ENSURE(gh_slice_split(raw_token, '.', &header, &rest) &&
	              gh_slice_split(rest, '.', &payload, &signature) &&
	              (signature.len == 0 || !memchr(signature.data, '.', signature.len)),
	          GH_E_FORMAT, "a token has not three segments");
	GH_ENSURE(header.len > 0, GH_E_FORMAT, "a token has no header");
	GH_ENSURE(header.len / 4 * 3 <= limits->header_bytes, GH_E_LIMIT,
	          "a token's header is over %zu bytes", limits->header_bytes);

	GH_TRY(decode(header, arena, &jws.header_json));
	GH_TRY(decode(payload, arena, &jws.payload));
	GH_TRY(decode(signature, arena, &jws.signature));
	jws.signing_input = gh_slice(raw_token.data, header.len + 1 + payload.len);

	GH_TRY(gh_json_parse(jws.header_json, &jws.header));
	if (!json_is_object(jws.header)) {
		gh_jws_clear(&jws);
		return gh_fail(GH_E_FORMAT, "a token's header is no JSON object");
	}
	*out = jws;
	return GH_OK;
}

void gh_jws_clear(struct gh_jws *jws)
{
	json_decref(jws->header);
	*jws = (struct gh_jws){ 0 };
}

bool gh_jws_header_text(const struct gh_jws *jws, const char *name, struct gh_slice *out)
{
	const json_t *value = json_object_get(jws->header, name);

	if (!json_is_string(value))
		return false;
	*out = gh_slice(json_string_value(value), json_string_length(value));
	return true;
}

gh_result gh_jws_verify(const struct gh_jws *jws, const struct gh_key *key)
{
	/* RFC 7515 section 4.1.11: an extension that must be understood and is not. RFC 7797's b64
	 * and JWE's zip change what the signed bytes mean. */
	static const char *const refused[] = { "crit", "b64", "zip" };
	struct gh_slice alg;

	for (size_t i = 0; i < GH_ARRAY_LEN(refused); i++)
		GH_ENSURE(!json_object_get(jws->header, refused[i]), GH_E_DENIED,
		          "a token's header holds \"%s\"", refused[i]);
	GH_ENSURE(gh_jws_header_text(jws, "alg", &alg) && gh_slice_eq_str(alg, gh_key_alg(key)),
	          GH_E_DENIED, "a token is not signed with %s", gh_key_alg(key));
	return gh_key_verify(key, jws->signing_input, jws->signature);
}

gh_result gh_jws_sign(const struct gh_key *key, struct gh_slice header_json,
                      struct gh_slice payload, struct gh_buf *out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf signature = { .limit = GH_SIGNATURE_MAX_BYTES };
	size_t start = out->len;

	gh_base64url_encode(header_json, out);
	gh_buf_add_byte(out, '.');
	gh_base64url_encode(payload, out);
	GH_TRY(gh_buf_check(out));
	GH_TRY(gh_key_sign(key, gh_slice_sub(gh_buf_slice(out), start, SIZE_MAX), &signature));
	gh_buf_add_byte(out, '.');
	gh_base64url_encode(gh_buf_slice(&signature), out);
	return gh_buf_check(out);
}
