#include "pii/session.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/secret.h"
#include "crypto/hash.h"
#include "pii/custom.h"
#include "pii/known_names.h"

#define ID_CHARS     16 /* 80 bits */
#define CHECK_CHARS  4  /* 20 bits */
#define RANDOM_CHARS 8
#define BUCKETS      1024
#define TOKEN_BYTES  64 /* no token is longer */

static const char base32[] = "0123456789abcdefghjkmnpqrstvwxyz";

struct finding {
	unsigned count;
	uint8_t confidence;
};

struct gh_pii_session {
	const struct gh_pii_policy *policy;
	const uint8_t *key;
	struct gh_arena *arena;
	struct gh_pii_token *tokens;
	struct gh_pii_token **by_value, **by_token; /* BUCKETS each, made with the first token */
	size_t token_count;
	struct gh_pii_matches matches;
	struct finding found[GH_PII_CHANNEL_COUNT][GH_PII_CLASS_COUNT];
	struct gh_pii_known_names known;
};

gh_result gh_pii_session_open(const struct gh_pii_policy *policy, const uint8_t tenant_key[32],
                              struct gh_arena *arena, struct gh_pii_session **out)
{
	struct gh_pii_session *session = gh_arena_alloc(arena, sizeof *session);

	GH_ENSURE(session, GH_E_MEMORY, "out of memory");
	session->policy = policy;
	session->key = tenant_key;
	session->arena = arena;
	uint64_t key;
	memcpy(&key, tenant_key, sizeof key);
	GH_TRY(gh_pii_known_names_open(&session->known, key));
	*out = session;
	return GH_OK;
}

void gh_pii_session_close(struct gh_pii_session *session)
{
	if (!session)
		return;
	gh_pii_matches_free(&session->matches);
	gh_pii_known_names_close(&session->known);
}

static void to_base32(const uint8_t *bytes, size_t chars, char *out)
{
	for (size_t i = 0; i < chars; i++) {
		unsigned bit = (unsigned)i * 5, value = 0;
		for (unsigned b = 0; b < 5; b++, bit++)
			value = value << 1 | ((unsigned)bytes[bit / 8] >> (7 - bit % 8) & 1);
		out[i] = base32[value];
	}
}

/* "EMAIL", "GOV_ID": what a model reads in the place of the value. */
static void upper_name(enum gh_pii_class class, char out[24])
{
	const char *name = gh_pii_class_name(class);
	size_t i = 0;

	for (; name[i]; i++)
		out[i] = (char)toupper((unsigned char)name[i]);
	out[i] = 0;
}

static void check_chars(const uint8_t key[32], enum gh_pii_class class, const char *id,
                        char out[CHECK_CHARS])
{
	uint8_t message[1 + 1 + ID_CHARS], digest[32];

	message[0] = 'c';
	message[1] = (uint8_t) class;
	memcpy(message + 2, id, ID_CHARS);
	gh_hmac_sha256(gh_slice(key, 32), gh_slice(message, sizeof message), digest);
	to_base32(digest, CHECK_CHARS, out);
}

/* The same person keeps one token: case and spacing of a value do not matter. */
static gh_result lookup_id(const struct gh_pii_session *session, enum gh_pii_class class,
                           struct gh_slice value, char out[ID_CHARS])
{
	struct gh_buf normal = { .limit = value.len + 8, .secret = true };
	uint8_t digest[32];

	gh_buf_add_byte(&normal, 'v');
	gh_buf_add_byte(&normal, (uint8_t) class);
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		if (c == ' ' || c == '-' || (c == '.' && class != GH_PII_EMAIL))
			continue;
		gh_buf_add_byte(&normal, class == GH_PII_CREDENTIAL ? c : (uint8_t)tolower(c));
	}
	enum gh_code code = gh_buf_check(&normal);
	if (code == GH_OK)
		gh_hmac_sha256(gh_slice(session->key, 32), gh_buf_slice(&normal), digest);
	gh_buf_free(&normal);
	GH_TRY(code);
	to_base32(digest, ID_CHARS, out);
	return GH_OK;
}

/* FNV-1a from the tenant's key, so that no caller can make values meet in one bucket. */
static size_t bucket_of(const struct gh_pii_session *session, struct gh_slice text)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < 8; i++)
		hash = (hash ^ session->key[i]) * 1099511628211u;
	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ text.data[i]) * 1099511628211u;
	return (hash ^ hash >> 32) % BUCKETS;
}

static void keep_token(struct gh_pii_session *session, struct gh_pii_token *token)
{
	struct gh_pii_token **value_bucket = &session->by_value[bucket_of(session, token->value)];
	struct gh_pii_token **token_bucket = &session->by_token[bucket_of(session, token->token)];

	token->next = session->tokens;
	session->tokens = token;
	token->next_by_value = *value_bucket;
	*value_bucket = token;
	token->next_by_token = *token_bucket;
	*token_bucket = token;
	session->token_count++;
}

static gh_result make_tables(struct gh_pii_session *session)
{
	if (session->by_value)
		return GH_OK;
	session->by_token = gh_arena_alloc(session->arena, BUCKETS * sizeof(void *));
	session->by_value = gh_arena_alloc(session->arena, BUCKETS * sizeof(void *));
	GH_ENSURE(session->by_token && session->by_value, GH_E_MEMORY,
	          "a request holds too much personal data");
	return GH_OK;
}

static gh_result token_for(struct gh_pii_session *session, enum gh_pii_class class,
                           enum gh_pii_mode mode, enum gh_pii_channel origin, struct gh_slice value,
                           struct gh_slice *out)
{
	char name[24], id[ID_CHARS + CHECK_CHARS + 1] = { 0 };
	struct gh_pii_token *token;

	GH_TRY(make_tables(session));
	for (token = session->by_value[bucket_of(session, value)]; token;
	     token = token->next_by_value) {
		if (token->class == class && token->mode == mode &&
		    gh_slice_eq(token->value, value)) {
			*out = token->token;
			return GH_OK;
		}
	}
	GH_ENSURE(session->token_count < GH_PII_MAX_TOKENS, GH_E_LIMIT,
	          "a request holds more than %d pieces of personal data", GH_PII_MAX_TOKENS);
	token = gh_arena_alloc(session->arena, sizeof *token);
	GH_ENSURE(token, GH_E_MEMORY, "a request holds too much personal data");
	upper_name(class, name);
	char *text;
	if (mode == GH_PII_REVERSIBLE) {
		GH_TRY(lookup_id(session, class, value, id));
		check_chars(session->key, class, id, id + ID_CHARS);
		text = gh_arena_printf(session->arena, "[%s:%s]", name, id);
	} else {
		uint8_t random[8];
		gh_random(random, sizeof random);
		to_base32(random, RANDOM_CHARS, id);
		text = gh_arena_printf(session->arena, "[%s_%s]", name, id);
	}
	token->value = gh_arena_copy(session->arena, value);
	GH_ENSURE(text && token->value.data, GH_E_MEMORY, "a request holds too much personal data");
	token->token = gh_slice_str(text);
	token->class = class;
	token->mode = mode;
	token->origin = origin;
	keep_token(session, token);
	*out = token->token;
	return GH_OK;
}

/* From the bracket at `at` to its closing one; empty when that is not near. */
static struct gh_slice token_at(struct gh_slice text, size_t at)
{
	struct gh_slice rest = gh_slice_sub(text, at, TOKEN_BYTES);
	const uint8_t *close = memchr(rest.data, ']', rest.len);

	return close ? gh_slice(rest.data, (size_t)(close - rest.data) + 1) : gh_slice(NULL, 0);
}

/* Eight characters that are no number: nothing that they could hide. */
static bool is_random(const uint8_t *text)
{
	for (size_t i = 0; i < RANDOM_CHARS; i++)
		if (!isdigit(text[i]))
			return true;
	return false;
}

/* Whether a token of ours covers the match: it is not scanned again. A look-alike is: who could
 * write one by hand could hide a card number in it. */
static bool inside_token(const struct gh_pii_session *session, struct gh_slice text,
                         const struct gh_pii_match *match)
{
	size_t open = match->start;

	while (open > 0 && match->start - open < 40 && text.data[open] != '[')
		open--;
	if (text.data[open] != '[')
		return false;
	struct gh_slice token = token_at(text, open);
	enum gh_pii_class class, genuine;
	for (int c = 0; token.len && c < GH_PII_CLASS_COUNT; c++) {
		char name[24];
		class = (enum gh_pii_class)c;
		upper_name(class, name);
		size_t len = strlen(name);
		size_t inner = token.len - 2;
		if (inner > len && memcmp(text.data + open + 1, name, len) == 0 &&
		    ((text.data[open + 1 + len] == ':' &&
		      inner == len + 1 + ID_CHARS + CHECK_CHARS &&
		      gh_pii_token_is_genuine(session->key, token, &genuine)) ||
		     (text.data[open + 1 + len] == '_' && inner == len + 1 + RANDOM_CHARS &&
		      is_random(text.data + open + 2 + len))))
			return match->end <= open + inner + 2;
	}
	return false;
}

static bool counts(const struct gh_pii_session *session, struct gh_slice text,
                   const struct gh_pii_match *match)
{
	return match->confidence >= session->policy->threshold[match->class] &&
	       !inside_token(session, text, match);
}

/* What a definition of the tenant's says itself goes before the table. */
static enum gh_pii_mode mode_of(const struct gh_pii_session *session,
                                const struct gh_pii_match *match, enum gh_pii_channel channel)
{
	const struct gh_pii_policy *policy = session->policy;

	if (match->class == GH_PII_CUSTOM && policy->custom) {
		enum gh_pii_mode own = gh_pii_custom_mode(policy->custom, match->custom, channel);
		if (own != GH_PII_MODE_COUNT)
			return own;
	}
	return policy->mode[match->class][channel];
}

static void count(struct gh_pii_session *session, enum gh_pii_channel channel,
                  const struct gh_pii_match *match)
{
	struct finding *finding = &session->found[channel][match->class];

	finding->count++;
	if (match->confidence > finding->confidence)
		finding->confidence = match->confidence;
}

struct gh_pii_context gh_pii_session_context(const struct gh_pii_session *session,
                                             enum gh_pii_channel channel, struct gh_slice key)
{
	struct gh_pii_context context = { .key = key,
		                          .custom = session->policy->custom,
		                          .least = session->policy->threshold };

	/* A pattern may have a mode of its own where its class has none. */
	for (int class = 0; class < GH_PII_CUSTOM; class ++)
		context.without |= (uint32_t)(session->policy->mode[class][channel] == GH_PII_OFF)
		                   << class;
	return context;
}

/* The matches of text[from, to), bare names of persons known by now among them. */
static gh_result find(struct gh_pii_session *session, enum gh_pii_channel channel,
                      const struct gh_pii_context *context, struct gh_slice text, size_t from,
                      size_t to)
{
	GH_TRY(gh_pii_scan(text, context, &session->matches));
	if (session->policy->mode[GH_PII_NAME][channel] == GH_PII_OFF)
		return GH_OK;
	return gh_pii_known_names_apply(&session->known, text, from, to, session->policy->threshold,
	                                &session->matches);
}

gh_result gh_pii_session_scan(struct gh_pii_session *session, enum gh_pii_channel channel,
                              struct gh_slice key, struct gh_slice text, gh_pii_found_fn *found,
                              void *context)
{
	struct gh_pii_context asked = gh_pii_session_context(session, channel, key);

	asked.without = 0; /* what is off is told as well */
	GH_TRY(find(session, channel, &asked, text, 0, text.len));
	for (size_t i = 0; i < session->matches.count; i++) {
		const struct gh_pii_match *match = &session->matches.items[i];
		if (!counts(session, text, match))
			continue;
		count(session, channel, match);
		GH_TRY(found(context, match, mode_of(session, match, channel)));
	}
	return GH_OK;
}

struct gh_pii_custom *gh_pii_session_custom(const struct gh_pii_session *session)
{
	return session->policy->custom;
}

gh_result gh_pii_session_rewrite(struct gh_pii_session *session, enum gh_pii_channel channel,
                                 struct gh_slice key, struct gh_slice text, size_t from, size_t to,
                                 struct gh_buf *out, bool *changed)
{
	const struct gh_pii_context asked = gh_pii_session_context(session, channel, key);
	size_t done = from;

	*changed = false;
	GH_TRY(find(session, channel, &asked, text, from, to));
	for (size_t i = 0; i < session->matches.count; i++) {
		const struct gh_pii_match *match = &session->matches.items[i];
		enum gh_pii_class class = match->class;
		enum gh_pii_mode mode = mode_of(session, match, channel);
		size_t start = match->start < done ? done : match->start;
		if (match->end <= done || match->start >= to || mode == GH_PII_OFF ||
		    !counts(session, text, match))
			continue;
		count(session, channel, match);
		if (mode == GH_PII_FLAG)
			continue;
		struct gh_slice token,
		    value = gh_slice_sub(text, match->start, match->end - match->start);
		GH_TRY(token_for(session, class, mode, channel, value, &token));
		gh_buf_add(out, text.data + done, start - done);
		gh_buf_add_slice(out, token);
		done = match->end;
		*changed = true;
	}
	if (done < to)
		gh_buf_add(out, text.data + done, to - done);
	return gh_buf_check(out);
}

gh_result gh_pii_session_is_sure(struct gh_pii_session *session, struct gh_slice key,
                                 struct gh_slice text, uint8_t confidence, bool *sure)
{
	const struct gh_pii_context context = { .key = key, .custom = session->policy->custom };
	const struct gh_pii_matches *matches = &session->matches;

	GH_TRY(gh_pii_scan(text, &context, &session->matches));
	*sure = matches->count == 1 && matches->items[0].confidence >= confidence;
	return GH_OK;
}

bool gh_pii_session_replaces(const struct gh_pii_session *session, enum gh_pii_channel channel,
                             enum gh_pii_class class)
{
	enum gh_pii_mode mode = session->policy->mode[class][channel];

	return mode == GH_PII_REVERSIBLE || mode == GH_PII_STRICT;
}

const struct gh_pii_matches *gh_pii_session_matches(const struct gh_pii_session *session)
{
	return &session->matches;
}

static bool may_show(const struct gh_pii_session *session, const struct gh_pii_token *token,
                     enum gh_pii_channel channel)
{
	return token->mode == GH_PII_REVERSIBLE && token->origin != channel &&
	       session->policy->mode[token->class][channel] != GH_PII_STRICT;
}

gh_result gh_pii_session_restore(struct gh_pii_session *session, enum gh_pii_channel channel,
                                 struct gh_slice text, struct gh_buf *out, bool *changed)
{
	size_t done = 0;

	*changed = false;
	for (size_t at = 0; session->tokens && at < text.len; at++) {
		const uint8_t *open = memchr(text.data + at, '[', text.len - at);
		if (!open)
			break;
		at = (size_t)(open - text.data);
		const struct gh_slice token = token_at(text, at);
		const struct gh_pii_token *t =
		    token.len ? session->by_token[bucket_of(session, token)] : NULL;
		for (; t; t = t->next_by_token) {
			if (!may_show(session, t, channel) || !gh_slice_eq(token, t->token))
				continue;
			gh_buf_add(out, text.data + done, at - done);
			gh_buf_add_slice(out, t->value);
			done = at + t->token.len;
			at = done - 1;
			*changed = true;
			break;
		}
	}
	gh_buf_add(out, text.data + done, text.len - done);
	return gh_buf_check(out);
}

const struct gh_pii_token *gh_pii_session_tokens(const struct gh_pii_session *session)
{
	return session->tokens;
}

unsigned gh_pii_session_count(const struct gh_pii_session *session, enum gh_pii_channel channel,
                              enum gh_pii_class class)
{
	return session->found[channel][class].count;
}

void gh_pii_session_summary(const struct gh_pii_session *session, enum gh_pii_channel channel,
                            struct gh_buf *out)
{
	/* Class names in the order of canonical JSON. */
	static const enum gh_pii_class sorted[] = {
		GH_PII_ADDRESS, GH_PII_BIOMETRIC,    GH_PII_CREDENTIAL, GH_PII_CUSTOM,
		GH_PII_EMAIL,   GH_PII_GOV_ID,       GH_PII_HEALTH,     GH_PII_MINOR,
		GH_PII_NAME,    GH_PII_PAYMENT_CARD, GH_PII_PHONE
	};
	bool comma = false;

	gh_buf_add_byte(out, '{');
	for (size_t i = 0; i < GH_ARRAY_LEN(sorted); i++) {
		const struct finding *finding = &session->found[channel][sorted[i]];
		if (finding->count == 0)
			continue;
		gh_buf_addf(out, "%s\"%s\":{\"confidence\":%u,\"count\":%u,\"mode\":\"%s\"}",
		            comma ? "," : "", gh_pii_class_name(sorted[i]), finding->confidence,
		            finding->count,
		            gh_pii_mode_name(session->policy->mode[sorted[i]][channel]));
		comma = true;
	}
	gh_buf_add_byte(out, '}');
}

bool gh_pii_token_is_genuine(const uint8_t tenant_key[32], struct gh_slice text,
                             enum gh_pii_class *class)
{
	for (int c = 0; c < GH_PII_CLASS_COUNT; c++) {
		char name[24], check[CHECK_CHARS];
		upper_name((enum gh_pii_class)c, name);
		size_t len = strlen(name);
		if (text.len != len + ID_CHARS + CHECK_CHARS + 3 || text.data[0] != '[' ||
		    memcmp(text.data + 1, name, len) != 0 || text.data[len + 1] != ':' ||
		    text.data[text.len - 1] != ']')
			continue;
		const char *id = (const char *)text.data + len + 2;
		check_chars(tenant_key, (enum gh_pii_class)c, id, check);
		*class = (enum gh_pii_class)c;
		return gh_secret_eq(check, id + ID_CHARS, CHECK_CHARS);
	}
	return false;
}
