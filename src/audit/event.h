/* event.h: what a gate puts on record, and how it is written down.
 *
 * An event's body is a canonical JSON object (RFC 8785). The caller renders its own members; the
 * sequencer adds v, event, at, event_id, request_id, tenant_id, tenant_seq and prev (the commitment
 * of the tenant's previous event, in hex; absent in its first). With a fresh salt of 32 bytes:
 *
 *     commitment = SHA-256(salt || body)        entry in the tree = 0x01 || commitment
 *     audit_event.box = AEAD(data key, aad, salt || body)
 *
 * so that a disclosed (salt, body) is checked with SHA-256 alone, and an erased data key leaves a
 * commitment that says nothing. */
#ifndef GH_AUDIT_EVENT_H
#define GH_AUDIT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"
#include "base/uuid.h"

#define GH_AUDIT_SALT_BYTES       32
#define GH_AUDIT_COMMITMENT_BYTES 32
#define GH_AUDIT_ENTRY_BYTES      33 /* in the tree */
#define GH_AUDIT_ENTRY_VERSION    0x01
#define GH_AUDIT_MEMBERS_MAX      (256 * 1024)
#define GH_AUDIT_EXCHANGE_MAX     (32 * 1024 * 1024)
#define GH_AUDIT_VAULT_VALUE_MAX  (60 * 1024)
#define GH_AUDIT_TOKEN_MAX        200

/* ---- kinds --------------------------------------------------------------------------------- */

/* The closed table of event names (event.c). */
extern const char *const gh_audit_kinds[];
extern const size_t gh_audit_kind_count;
bool gh_audit_kind_is_known(const char *kind);

/* ---- what a caller submits ----------------------------------------------------------------- */

enum gh_audit_part { GH_AUDIT_PROMPT, GH_AUDIT_OUTPUT, GH_AUDIT_VAULT };

/* Kept beside the event, sealed by the sequencer under the entry's data key and written in the same
 * transaction. PROMPT and OUTPUT go to `exchange` (at most one each a request id, which the entry
 * must have), VAULT to `pii_vault`. */
struct gh_audit_attachment {
	enum gh_audit_part kind;
	struct gh_slice token;      /* VAULT: what stands in the text */
	struct gh_slice class_name; /* VAULT: "email", … */
	struct gh_slice plain;
	struct gh_audit_attachment *next;
};

struct gh_audit_entry;

/* Where acknowledgements go: one call for each destination and batch, on the sequencer's thread. It
 * must not block; the list is chained by `next` and belongs to the receiver again. */
struct gh_audit_destination {
	void (*deliver)(void *context, struct gh_audit_entry *list);
	void *context;
};

/* Owned by the caller and left alone by it between a successful gh_audit_submit and its delivery,
 * together with everything it points at. */
struct gh_audit_entry {
	struct gh_uuid event_id; /* UUIDv7, never used before */
	struct gh_uuid tenant_id;
	struct gh_uuid request_id;
	bool has_request;
	const char *kind; /* one of gh_audit_kinds, a literal */
	/* A JSON object in canonical form whose top-level names are [a-z0-9_]+, in ascending order
	 * and none of them reserved: {"actor":…,"pii":{…}}. Empty is {}. */
	struct gh_slice body_members;
	struct gh_uuid data_key_id;
	const uint8_t *data_key; /* 32 bytes */
	struct gh_audit_attachment *attachments;
	/* Monotonic; 0: the sequencer's default. Until then the entry waits while the database is
	 * away; afterwards it is refused and never written. */
	uint64_t deadline_ns;
	const struct gh_audit_destination *destination;
	void *user;

	/* The acknowledgement. GH_OK: durable. GH_E_UNAVAILABLE: not written and never will be.
	 * GH_E_CONFLICT: not written, an id of it is taken (a vault token that is there stays).
	 * GH_E_FORMAT, GH_E_LIMIT, GH_E_ARGUMENT: not written, the database or a limit refused what
	 * it holds. GH_E_IN_DOUBT: its deadline passed while nobody knew whether it is durable. All
	 * but the first: do nothing that wanted to be on record. */
	enum gh_code code;
	uint64_t seq;        /* the leaf index */
	uint64_t tenant_seq; /* contiguous within the tenant, from 0 */
	uint8_t commitment[GH_AUDIT_COMMITMENT_BYTES];

	struct gh_audit_entry *next; /* the sequencer's until delivered */
	bool last_of_batch;          /* the sequencer's own: leave it false */
};

/* Whether the form is as the struct says. GH_E_ARGUMENT or GH_E_LIMIT. */
gh_result gh_audit_entry_check(const struct gh_audit_entry *entry);

/* ---- bodies -------------------------------------------------------------------------------- */

/* Appends the body that an entry gets at its place; `prev` may be NULL (first of its tenant).
 * The entry must have passed gh_audit_entry_check. */
gh_result gh_audit_body(const struct gh_audit_entry *entry, int64_t at_unix_us, uint64_t tenant_seq,
                        const uint8_t prev[GH_AUDIT_COMMITMENT_BYTES], struct gh_buf *out);

/* SHA-256(salt || body), from the opened box (salt || body). */
void gh_audit_commitment(struct gh_slice salt_and_body, uint8_t out[GH_AUDIT_COMMITMENT_BYTES]);
/* The leaf hash of the tree: SHA-256(0x00 || 0x01 || commitment). */
void gh_audit_leaf(const uint8_t commitment[GH_AUDIT_COMMITMENT_BYTES], uint8_t leaf[32]);

/* What verification reads from a body without building a tree of it. Slices into the body. */
struct gh_audit_body_view {
	struct gh_slice event, at; /* without quotes */
	struct gh_uuid event_id, tenant_id, request_id;
	bool has_request, has_prev;
	uint64_t tenant_seq;
	uint8_t prev[GH_AUDIT_COMMITMENT_BYTES];
};
/* GH_E_CORRUPT when a member is missing, has another form, or names are out of order. */
gh_result gh_audit_body_view(struct gh_slice body, struct gh_audit_body_view *out);

/* ---- boxes (for whoever reads rows under row-level security) ------------------------------- */

/* Appends salt || body. GH_E_CRYPTO when the box is not this event's, or the key is another. */
gh_result gh_audit_event_open(const uint8_t data_key[32], const struct gh_uuid *tenant,
                              const struct gh_uuid *event_id, struct gh_slice box,
                              struct gh_buf *salt_and_body);
/* `part` is the column: "prompt" or "output". Appends the content. */
gh_result gh_audit_exchange_open(const uint8_t data_key[32], const struct gh_uuid *tenant,
                                 const struct gh_uuid *request_id, struct gh_slice part,
                                 struct gh_slice box, struct gh_buf *content);
/* Appends the value that `token` stands for. */
gh_result gh_audit_vault_open(const uint8_t data_key[32], const struct gh_uuid *tenant,
                              struct gh_slice token, struct gh_slice box, struct gh_buf *value);

/* The additional data of the boxes; the sequencer seals with these. */
#define GH_AUDIT_AAD_MAX 300
gh_result gh_audit_box_aad_event(const struct gh_uuid *tenant, const struct gh_uuid *event_id,
                                 struct gh_buf *aad);
gh_result gh_audit_box_aad_exchange(const struct gh_uuid *tenant, const struct gh_uuid *request_id,
                                    struct gh_slice part, struct gh_buf *aad);
gh_result gh_audit_box_aad_vault(const struct gh_uuid *tenant, struct gh_slice token,
                                 struct gh_buf *aad);

#endif
