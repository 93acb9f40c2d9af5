/* A change is made on a copy of the list, written to disk, and only then put in the list's place,
 * so that memory never runs ahead of what a restart would find. */
#include "process/keeper/access_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "process/keeper/keeper.h"

#define FILE_NAME "access.json"
#define KEYS_MAX  8

enum key_state { PENDING, ACTIVE, VERIFYING };

static const char *const state_names[] = { "pending", "active", "verifying" };

struct access_key {
	enum key_state state;
	char kid[GH_THUMBPRINT_TEXT_BYTES];
	int64_t since_s; /* when it entered its state */
	struct gh_key *key;
};

struct list {
	struct access_key keys[KEYS_MAX];
	size_t count;
};

struct gh_access_keys {
	const struct gh_keeper_store *store;
	struct list list;
};

void gh_access_keys_close(struct gh_access_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < keys->list.count; i++)
		gh_key_free(keys->list.keys[i].key);
	free(keys);
}

GH_DEFINE_CLEANUP(struct gh_access_keys *, gh_access_keys_close)

static const struct access_key *in_state(const struct list *list, enum key_state state)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->keys[i].state == state)
			return &list->keys[i];
	return NULL;
}

static gh_result add_new(struct list *list, enum key_state state, int64_t now_s)
{
	struct access_key *key = &list->keys[list->count];

	GH_ENSURE(list->count < KEYS_MAX, GH_E_LIMIT, "there are too many signing keys");
	*key = (struct access_key){ .state = state, .since_s = now_s };
	GH_TRY(gh_key_generate(GH_KEY_RSA, &key->key));
	list->count++; /* owned by the list from here on */
	return gh_key_thumbprint(key->key, key->kid);
}

static gh_result save(const struct gh_keeper_store *store, const struct list *list)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct access_key *key = &list->keys[i];
		GH_CLEANUP(gh_buf_free) struct gh_buf sealed = { .limit = 65536 };
		GH_TRY(gh_keeper_seal_key(store, key->kid, key->key, &sealed));
		json_t *one = json_pack("{s:s, s:s, s:I, s:s}", "kid", key->kid, "state",
		                        state_names[key->state], "since", (json_int_t)key->since_s,
		                        "sealed", gh_buf_cstr(&sealed));
		GH_ENSURE(json_array_append_new(array, one) == 0, GH_E_MEMORY, "out of memory");
	}
	GH_CLEANUP(gh_json_decref_ptr)
	json_t *doc = json_pack("{s:i, s:O}", "version", 1, "keys", array);
	GH_ENSURE(doc, GH_E_MEMORY, "out of memory");
	return gh_keeper_doc_write(store, FILE_NAME, doc);
}

static gh_result load_one(const struct gh_keeper_store *store, json_t *one, struct list *list)
{
	const char *kid, *state, *sealed;
	char thumbprint[GH_THUMBPRINT_TEXT_BYTES];
	json_int_t since;

	GH_ENSURE(list->count < KEYS_MAX &&
	              json_unpack(one, "{s:s, s:s, s:I, s:s}", "kid", &kid, "state", &state,
	                          "since", &since, "sealed", &sealed) == 0,
	          GH_E_CORRUPT, "%s holds something that is no key", FILE_NAME);
	struct access_key *key = &list->keys[list->count];
	*key = (struct access_key){ .state = VERIFYING, .since_s = since };
	while (strcmp(state, state_names[key->state]) != 0) {
		GH_ENSURE(key->state != PENDING, GH_E_CORRUPT, "%s has a key in no known state",
		          FILE_NAME);
		key->state--;
	}
	GH_TRY(gh_keeper_open_key(store, kid, sealed, &key->key));
	list->count++;
	GH_TRY(gh_key_thumbprint(key->key, thumbprint));
	GH_ENSURE(strcmp(kid, thumbprint) == 0, GH_E_CORRUPT, "%s has a key under another's name",
	          FILE_NAME);
	memcpy(key->kid, thumbprint, sizeof key->kid);
	return GH_OK;
}

static gh_result load(struct gh_access_keys *keys, json_t *doc)
{
	json_t *array = json_object_get(doc, "keys");
	unsigned in[] = { 0, 0, 0 };

	for (size_t i = 0; i < json_array_size(array); i++)
		GH_TRY(load_one(keys->store, json_array_get(array, i), &keys->list));
	for (size_t i = 0; i < keys->list.count; i++)
		in[keys->list.keys[i].state]++;
	GH_ENSURE(in[ACTIVE] == 1 && in[PENDING] == 1, GH_E_CORRUPT,
	          "%s has not one active and one pending key", FILE_NAME);
	return GH_OK;
}

gh_result gh_access_keys_open(const struct gh_keeper_store *store, int64_t now_s,
                              struct gh_access_keys **out)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *doc = NULL;
	GH_CLEANUP(gh_access_keys_close_ptr) struct gh_access_keys *keys = calloc(1, sizeof *keys);

	GH_ENSURE(keys, GH_E_MEMORY, "out of memory");
	keys->store = store;
	enum gh_code code = gh_keeper_doc_read(store, FILE_NAME, &doc);
	if (code == GH_E_NOT_FOUND) {
		/* Nobody holds a key set yet, so that the first key may sign at once. */
		GH_TRY(add_new(&keys->list, ACTIVE, now_s));
		GH_TRY(add_new(&keys->list, PENDING, now_s));
		GH_TRY(save(store, &keys->list));
	} else {
		GH_TRY(code);
		GH_TRY(load(keys, doc));
	}
	*out = GH_STEAL(keys);
	return GH_OK;
}

static bool is_time_to_rotate(const struct list *list, int64_t now_s)
{
	return now_s - in_state(list, ACTIVE)->since_s >= GH_KEEPER_ACCESS_SIGN_S &&
	       now_s - in_state(list, PENDING)->since_s >= GH_KEEPER_ACCESS_PENDING_S;
}

static bool is_gone(const struct access_key *key, int64_t now_s)
{
	return key->state == VERIFYING && now_s - key->since_s >= GH_KEEPER_ACCESS_VERIFY_S;
}

/* The keys that stay, in their next states; those that go are still the old list's. */
static void move_on(const struct list *from, bool rotate, int64_t now_s, struct list *to)
{
	for (size_t i = 0; i < from->count; i++) {
		struct access_key key = from->keys[i];
		if (is_gone(&key, now_s))
			continue;
		if (rotate && key.state != VERIFYING) {
			key.state = key.state == PENDING ? ACTIVE : VERIFYING;
			key.since_s = now_s;
		}
		to->keys[to->count++] = key;
	}
}

gh_result gh_access_keys_tick(struct gh_access_keys *keys, int64_t now_s)
{
	bool rotate = is_time_to_rotate(&keys->list, now_s);
	struct list next = { .count = 0 };

	move_on(&keys->list, rotate, now_s, &next);
	if (!rotate && next.count == keys->list.count)
		return GH_OK;
	size_t kept = next.count;
	enum gh_code code = rotate ? add_new(&next, PENDING, now_s) : GH_OK;
	if (code == GH_OK)
		code = save(keys->store, &next);
	if (code != GH_OK) {
		for (size_t i = kept; i < next.count; i++)
			gh_key_free(next.keys[i].key);
		return code;
	}
	for (size_t i = 0; i < keys->list.count; i++)
		if (is_gone(&keys->list.keys[i], now_s))
			gh_key_free(keys->list.keys[i].key);
	keys->list = next;
	return GH_OK;
}

const struct gh_key *gh_access_keys_active(const struct gh_access_keys *keys, const char **kid)
{
	const struct access_key *active = in_state(&keys->list, ACTIVE);

	*kid = active->kid;
	return active->key;
}

gh_result gh_access_keys_jwks(const struct gh_access_keys *keys, struct gh_buf *out)
{
	gh_buf_add_str(out, "{\"keys\":[");
	for (size_t i = 0; i < keys->list.count; i++) {
		if (i)
			gh_buf_add_byte(out, ',');
		GH_TRY(gh_key_to_jwk(keys->list.keys[i].key, keys->list.keys[i].kid, out));
	}
	gh_buf_add_str(out, "]}\n");
	return gh_buf_check(out);
}
