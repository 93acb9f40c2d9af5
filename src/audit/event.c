/* Bodies are assembled as text: two sorted lists of members, the caller's and ours, are merged, so
 * that the result is canonical without building a tree for each event. What the caller renders is
 * checked at its top level, where a wrong name could displace one of ours. */
#include "audit/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/members.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/merkle_verify.h"

const char *const gh_audit_kinds[] = {
	"inference.admitted",                      /* before a byte goes upstream */
	"inference.completed", "request.admitted", /* everything else that passes the gates */
	"request.completed",   "request.refused",  "token.issued",  "process.started",
	"process.fell",        "process.stopped",  "log.heartbeat", "clock.stepped",
};
const size_t gh_audit_kind_count = GH_ARRAY_LEN(gh_audit_kinds);

bool gh_audit_kind_is_known(const char *kind)
{
	for (size_t i = 0; kind && i < gh_audit_kind_count; i++)
		if (strcmp(gh_audit_kinds[i], kind) == 0)
			return true;
	return false;
}

/* ---- the caller's part --------------------------------------------------------------------- */

/* In the order of the canonical form. */
static const char *const reserved[] = { "at",         "event",     "event_id",   "prev",
	                                "request_id", "tenant_id", "tenant_seq", "v" };

static bool is_reserved(struct gh_slice name)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(reserved); i++)
		if (gh_slice_eq_str(name, reserved[i]))
			return true;
	return false;
}

static struct gh_slice members_of(const struct gh_audit_entry *entry)
{
	return entry->body_members.len ? entry->body_members : GH_SLICE("{}");
}

static gh_result check_members(struct gh_slice text)
{
	struct gh_members members;
	struct gh_member member;
	bool more;

	GH_ENSURE(text.len <= GH_AUDIT_MEMBERS_MAX, GH_E_LIMIT,
	          "an audit event's members are over %d bytes", GH_AUDIT_MEMBERS_MAX);
	GH_ENSURE(gh_members_begin(text, &members) == GH_OK, GH_E_ARGUMENT,
	          "an audit event's members are no canonical object");
	for (;;) {
		GH_ENSURE(gh_members_next(&members, &member, &more) == GH_OK, GH_E_ARGUMENT,
		          "an audit event's members are no canonical object");
		if (!more)
			return GH_OK;
		GH_ENSURE(!is_reserved(member.name), GH_E_ARGUMENT,
		          "an audit event sets a reserved member");
	}
}

static gh_result check_attachment(const struct gh_audit_entry *entry,
                                  const struct gh_audit_attachment *attachment, unsigned *parts)
{
	unsigned bit = 1U << (unsigned)attachment->kind;

	if (attachment->kind == GH_AUDIT_VAULT) {
		GH_ENSURE(attachment->token.len >= 1 &&
		              attachment->token.len <= GH_AUDIT_TOKEN_MAX &&
		              !memchr(attachment->token.data, 0, attachment->token.len),
		          GH_E_ARGUMENT, "a vault token is of 1 to %d bytes", GH_AUDIT_TOKEN_MAX);
		GH_ENSURE(attachment->plain.len <= GH_AUDIT_VAULT_VALUE_MAX, GH_E_LIMIT,
		          "a vault value is over %d bytes", GH_AUDIT_VAULT_VALUE_MAX);
		return GH_OK;
	}
	GH_ENSURE(attachment->kind == GH_AUDIT_PROMPT || attachment->kind == GH_AUDIT_OUTPUT,
	          GH_E_ARGUMENT, "an attachment of no kind");
	GH_ENSURE(entry->has_request && !(*parts & bit), GH_E_ARGUMENT,
	          "an exchange has one request, one prompt and one output");
	GH_ENSURE(attachment->plain.len <= GH_AUDIT_EXCHANGE_MAX, GH_E_LIMIT,
	          "an exchange is over %d bytes", GH_AUDIT_EXCHANGE_MAX);
	*parts |= bit;
	return GH_OK;
}

gh_result gh_audit_entry_check(const struct gh_audit_entry *entry)
{
	unsigned parts = 0;

	GH_ENSURE(gh_audit_kind_is_known(entry->kind), GH_E_ARGUMENT,
	          "an audit event of an unknown kind");
	GH_ENSURE(entry->data_key && entry->destination && entry->destination->deliver,
	          GH_E_ARGUMENT, "an audit event without a data key or a destination");
	for (const struct gh_audit_attachment *a = entry->attachments; a; a = a->next)
		GH_TRY(check_attachment(entry, a, &parts));
	return check_members(members_of(entry));
}

/* ---- the body ------------------------------------------------------------------------------ */

struct own {
	const struct gh_audit_entry *entry;
	int64_t at_unix_us;
	uint64_t tenant_seq;
	const uint8_t *prev;
};

static void add_uuid(struct gh_json_writer *json, const char *key, const struct gh_uuid *uuid)
{
	char text[GH_UUID_TEXT_BYTES];

	gh_uuid_format(uuid, text);
	gh_json_str(json, key, text);
}

/* The reserved member of this rank, unless it is absent here. */
static void add_own(struct gh_json_writer *json, const struct own *own, size_t rank)
{
	char hex[2 * GH_AUDIT_COMMITMENT_BYTES + 1], time[GH_TIME_TEXT_BYTES];
	const char *key = reserved[rank];

	switch (rank) {
	case 0:
		gh_clock_format(own->at_unix_us, time);
		gh_json_str(json, key, time);
		break;
	case 1: gh_json_str(json, key, own->entry->kind); break;
	case 2: add_uuid(json, key, &own->entry->event_id); break;
	case 3:
		if (!own->prev)
			break;
		gh_hex_encode(gh_slice(own->prev, GH_AUDIT_COMMITMENT_BYTES), hex);
		gh_json_str(json, key, hex);
		break;
	case 4:
		if (own->entry->has_request)
			add_uuid(json, key, &own->entry->request_id);
		break;
	case 5: add_uuid(json, key, &own->entry->tenant_id); break;
	case 6: gh_json_int(json, key, (int64_t)own->tenant_seq); break;
	default: gh_json_int(json, key, 1); break;
	}
}

static void add_member(struct gh_json_writer *json, const struct gh_member *member)
{
	if (json->comma)
		gh_buf_add_byte(json->out, ',');
	json->comma = true;
	gh_buf_add_byte(json->out, '"');
	gh_buf_add_slice(json->out, member->name);
	gh_buf_add_str(json->out, "\":");
	gh_buf_add_slice(json->out, member->value);
}

gh_result gh_audit_body(const struct gh_audit_entry *entry, int64_t at_unix_us, uint64_t tenant_seq,
                        const uint8_t prev[GH_AUDIT_COMMITMENT_BYTES], struct gh_buf *out)
{
	const struct own own = { entry, at_unix_us, tenant_seq, prev };
	struct gh_json_writer json;
	struct gh_members members;
	struct gh_member member;
	size_t rank = 0;
	bool more;

	GH_ENSURE(tenant_seq < (UINT64_C(1) << 53), GH_E_LIMIT, "a tenant's events are too many");
	GH_TRY(gh_members_begin(members_of(entry), &members));
	gh_json_begin(&json, out);
	for (;;) {
		GH_TRY(gh_members_next(&members, &member, &more));
		while (rank < GH_ARRAY_LEN(reserved) &&
		       (!more || gh_member_compare(gh_slice_str(reserved[rank]), member.name) < 0))
			add_own(&json, &own, rank++);
		if (!more)
			break;
		add_member(&json, &member);
	}
	gh_json_end(&json);
	return gh_buf_check(out);
}

void gh_audit_commitment(struct gh_slice salt_and_body, uint8_t out[GH_AUDIT_COMMITMENT_BYTES])
{
	gh_sha256(salt_and_body, out);
}

void gh_audit_leaf(const uint8_t commitment[GH_AUDIT_COMMITMENT_BYTES], uint8_t leaf[32])
{
	uint8_t entry[GH_AUDIT_ENTRY_BYTES];

	entry[0] = GH_AUDIT_ENTRY_VERSION;
	memcpy(entry + 1, commitment, GH_AUDIT_COMMITMENT_BYTES);
	gh_merkle_hash_leaf(gh_slice(entry, sizeof entry), leaf);
}

/* ---- reading a body ------------------------------------------------------------------------ */

static gh_result unquote(struct gh_slice value, struct gh_slice *out)
{
	GH_ENSURE(value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"' &&
	              !memchr(value.data, '\\', value.len),
	          GH_E_CORRUPT, "a member of an audit body is no plain string");
	*out = gh_slice(value.data + 1, value.len - 2);
	return GH_OK;
}

static gh_result unquote_uuid(struct gh_slice value, struct gh_uuid *out)
{
	struct gh_slice text;

	GH_TRY(unquote(value, &text));
	return gh_uuid_parse(text, out);
}

static gh_result view_member(const struct gh_member *member, size_t rank,
                             struct gh_audit_body_view *out)
{
	struct gh_slice text;

	switch (rank) {
	case 0: return unquote(member->value, &out->at);
	case 1: return unquote(member->value, &out->event);
	case 2: return unquote_uuid(member->value, &out->event_id);
	case 3:
		out->has_prev = true;
		GH_TRY(unquote(member->value, &text));
		return gh_hex_decode(text, out->prev, sizeof out->prev);
	case 4: out->has_request = true; return unquote_uuid(member->value, &out->request_id);
	case 5: return unquote_uuid(member->value, &out->tenant_id);
	case 6:
		GH_ENSURE(gh_slice_to_u64(member->value, (UINT64_C(1) << 53) - 1, &out->tenant_seq),
		          GH_E_CORRUPT, "tenant_seq is no number");
		return GH_OK;
	default:
		GH_ENSURE(gh_slice_eq_str(member->value, "1"), GH_E_CORRUPT,
		          "an audit body of an unknown version");
		return GH_OK;
	}
}

static gh_result view_all(struct gh_slice body, struct gh_audit_body_view *out)
{
	struct gh_members members;
	struct gh_member member;
	unsigned seen = 0;
	bool more;

	GH_TRY(gh_members_begin(body, &members));
	for (;;) {
		GH_TRY(gh_members_next(&members, &member, &more));
		if (!more)
			break;
		for (size_t rank = 0; rank < GH_ARRAY_LEN(reserved); rank++) {
			if (!gh_slice_eq_str(member.name, reserved[rank]))
				continue;
			GH_TRY(view_member(&member, rank, out));
			seen |= 1U << rank;
		}
	}
	/* All but prev and request_id. */
	GH_ENSURE((seen | 0x18) == 0xff, GH_E_CORRUPT, "a member of an audit body is missing");
	return GH_OK;
}

gh_result gh_audit_body_view(struct gh_slice body, struct gh_audit_body_view *out)
{
	memset(out, 0, sizeof *out);
	GH_ENSURE(view_all(body, out) == GH_OK, GH_E_CORRUPT, "an audit body has another form");
	return GH_OK;
}

/* ---- boxes --------------------------------------------------------------------------------- */

static gh_result aad(const char *table, const struct gh_uuid *tenant, struct gh_slice rest,
                     struct gh_buf *out)
{
	gh_buf_addf(out, "gatehouse/%s/1|", table);
	gh_buf_add(out, tenant->bytes, sizeof tenant->bytes);
	gh_buf_add_slice(out, rest);
	return gh_buf_check(out);
}

gh_result gh_audit_box_aad_event(const struct gh_uuid *tenant, const struct gh_uuid *event_id,
                                 struct gh_buf *out)
{
	return aad("audit", tenant, gh_slice(event_id->bytes, sizeof event_id->bytes), out);
}

gh_result gh_audit_box_aad_exchange(const struct gh_uuid *tenant, const struct gh_uuid *request_id,
                                    struct gh_slice part, struct gh_buf *out)
{
	GH_TRY(aad("exchange", tenant, gh_slice(request_id->bytes, sizeof request_id->bytes), out));
	gh_buf_add_slice(out, part);
	return gh_buf_check(out);
}

gh_result gh_audit_box_aad_vault(const struct gh_uuid *tenant, struct gh_slice token,
                                 struct gh_buf *out)
{
	return aad("vault", tenant, token, out);
}

gh_result gh_audit_event_open(const uint8_t data_key[32], const struct gh_uuid *tenant,
                              const struct gh_uuid *event_id, struct gh_slice box,
                              struct gh_buf *salt_and_body)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf name = { .limit = GH_AUDIT_AAD_MAX };

	GH_TRY(gh_audit_box_aad_event(tenant, event_id, &name));
	return gh_aead_open(data_key, gh_buf_slice(&name), box, salt_and_body);
}

gh_result gh_audit_exchange_open(const uint8_t data_key[32], const struct gh_uuid *tenant,
                                 const struct gh_uuid *request_id, struct gh_slice part,
                                 struct gh_slice box, struct gh_buf *content)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf name = { .limit = GH_AUDIT_AAD_MAX };

	GH_TRY(gh_audit_box_aad_exchange(tenant, request_id, part, &name));
	return gh_aead_open(data_key, gh_buf_slice(&name), box, content);
}

gh_result gh_audit_vault_open(const uint8_t data_key[32], const struct gh_uuid *tenant,
                              struct gh_slice token, struct gh_slice box, struct gh_buf *value)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf name = { .limit = GH_AUDIT_AAD_MAX };

	GH_TRY(gh_audit_box_aad_vault(tenant, token, &name));
	return gh_aead_open(data_key, gh_buf_slice(&name), box, value);
}
