/* message.h: the closed, numbered set of messages between a gateway and its keeper, and their form
 * on the wire. A message is one packet of a SOCK_SEQPACKET pair: a 16-byte head (version u8, kind
 * u8: 0 request or 1 answer, type u16, code u32, id u64, all big-endian), then its fields in order,
 * each a u32 length and that many bytes. Which fields, and how long each may be, is one table; what
 * is not in the table does not exist, and bytes beyond the last field are an error. */
#ifndef GH_PROCESS_KEEPER_MESSAGE_H
#define GH_PROCESS_KEEPER_MESSAGE_H

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>

#define GH_KEEPER_MESSAGE_MAX_BYTES (64 * 1024)
#define GH_KEEPER_MESSAGE_FIELDS    6
#define GH_KEEPER_HEAD_BYTES        16

enum gh_keeper_message {
	GH_KEEPER_PUBLIC = 1,      /* what u8 -> text */
	GH_KEEPER_SIGN_ACCESS,     /* claims JSON -> token */
	GH_KEEPER_SIGN_DATABASE,   /* tenant, subject, role, caps, ttl_s -> token */
	GH_KEEPER_SIGN_CHECKPOINT, /* size, root, proof -> signed note */
	GH_KEEPER_NEW_DEK,         /* tenant, purpose, subject -> dek, wrapped */
	GH_KEEPER_UNWRAP_DEK,      /* tenant, purpose, subject, wrapped -> dek */
	GH_KEEPER_DERIVE,          /* tenant, purpose -> key */
	GH_KEEPER_TLS_SIGN,        /* digest -> signature */
	GH_KEEPER_MESSAGE_COUNT
};

struct gh_keeper_field {
	const char *name;
	uint32_t min_bytes;
	uint32_t max_bytes;
	uint32_t unit_bytes; /* the length is a multiple of it; 0: any */
};

struct gh_keeper_schema {
	const char *name; /* for logs */
	unsigned request_count, answer_count;
	struct gh_keeper_field request[GH_KEEPER_MESSAGE_FIELDS];
	struct gh_keeper_field answer[GH_KEEPER_MESSAGE_FIELDS];
};

/* NULL for a type that is not in the table. */
const struct gh_keeper_schema *gh_keeper_schema(unsigned type);

struct gh_keeper_frame {
	enum gh_keeper_message type;
	bool is_answer;
	enum gh_code code; /* of an answer; a refusal has one field, a text without secrets */
	uint64_t id;       /* an answer carries its request's */
	unsigned field_count;
	struct gh_slice fields[GH_KEEPER_MESSAGE_FIELDS]; /* borrowed from the packet */
};

/* Refuses whatever the table does not describe: GH_E_FORMAT or GH_E_LIMIT. */
gh_result gh_keeper_decode(struct gh_slice raw_packet, struct gh_keeper_frame *out);
/* Clears `out` (which should be secret) and writes the packet; GH_E_ARGUMENT when the fields are
 * not what the table describes. */
gh_result gh_keeper_encode(const struct gh_keeper_frame *frame, struct gh_buf *out);

void gh_keeper_put_u64(uint64_t value, uint8_t out[8]);
uint64_t gh_keeper_get_u64(struct gh_slice field); /* 8 bytes, as the table promises */

#endif
