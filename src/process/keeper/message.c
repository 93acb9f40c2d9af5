/* The table of messages, and the only two functions that touch their bytes. */
#include "process/keeper/message.h"

#include <string.h>

#define VERSION        1
#define REFUSAL_BYTES  256
#define TOKEN_BYTES    8192
#define DIGEST_BYTES   32
#define UUID_BYTES     16
#define PURPOSE_BYTES  64
#define SUBJECT_BYTES  256
#define WRAPPED_BYTES  61
#define PROOF_NODES    65
#define DATABASE_CAPS  4096
#define PUBLIC_BYTES   (48 * 1024)
#define NOTE_BYTES     2048
#define TLS_HASH_BYTES 64

static const struct gh_keeper_schema schemas[GH_KEEPER_MESSAGE_COUNT] = {
	[GH_KEEPER_PUBLIC] = { "public",
	                       1,
	                       1,
	                       { { "what", 1, 1, 0 } },
	                       { { "text", 1, PUBLIC_BYTES, 0 } } },
	[GH_KEEPER_SIGN_ACCESS] = { "sign-access",
	                            1,
	                            1,
	                            { { "claims", 2, TOKEN_BYTES, 0 } },
	                            { { "token", 1, TOKEN_BYTES, 0 } } },
	[GH_KEEPER_SIGN_DATABASE] = { "sign-database",
	                              5,
	                              1,
	                              { { "tenant", UUID_BYTES, UUID_BYTES, 0 },
	                                { "subject", 1, SUBJECT_BYTES, 0 },
	                                { "role", 1, 63, 0 },
	                                { "caps", 0, DATABASE_CAPS, 0 },
	                                { "ttl_s", 8, 8, 0 } },
	                              { { "token", 1, TOKEN_BYTES, 0 } } },
	[GH_KEEPER_SIGN_CHECKPOINT] = { "sign-checkpoint",
	                                3,
	                                1,
	                                { { "size", 8, 8, 0 },
	                                  { "root", DIGEST_BYTES, DIGEST_BYTES, 0 },
	                                  { "proof", 0, PROOF_NODES *DIGEST_BYTES, DIGEST_BYTES } },
	                                { { "note", 1, NOTE_BYTES, 0 } } },
	[GH_KEEPER_NEW_DEK] = { "new-dek",
	                        3,
	                        2,
	                        { { "tenant", UUID_BYTES, UUID_BYTES, 0 },
	                          { "purpose", 1, PURPOSE_BYTES, 0 },
	                          { "subject", 0, SUBJECT_BYTES, 0 } },
	                        { { "dek", 32, 32, 0 },
	                          { "wrapped", WRAPPED_BYTES, WRAPPED_BYTES, 0 } } },
	[GH_KEEPER_UNWRAP_DEK] = { "unwrap-dek",
	                           4,
	                           1,
	                           { { "tenant", UUID_BYTES, UUID_BYTES, 0 },
	                             { "purpose", 1, PURPOSE_BYTES, 0 },
	                             { "subject", 0, SUBJECT_BYTES, 0 },
	                             { "wrapped", WRAPPED_BYTES, WRAPPED_BYTES, 0 } },
	                           { { "dek", 32, 32, 0 } } },
	[GH_KEEPER_DERIVE] = { "derive",
	                       2,
	                       1,
	                       { { "tenant", UUID_BYTES, UUID_BYTES, 0 },
	                         { "purpose", 1, PURPOSE_BYTES, 0 } },
	                       { { "key", 32, 32, 0 } } },
	[GH_KEEPER_TLS_SIGN] = { "tls-sign",
	                         1,
	                         1,
	                         { { "digest", 32, TLS_HASH_BYTES, 16 } },
	                         { { "signature", 8, 80, 0 } } },
};

/* What every refusal carries instead of its type's answer. */
static const struct gh_keeper_field refusal_field = { "text", 0, REFUSAL_BYTES, 0 };

const struct gh_keeper_schema *gh_keeper_schema(unsigned type)
{
	return type < GH_KEEPER_MESSAGE_COUNT && schemas[type].name ? &schemas[type] : NULL;
}

/* The fields that such a frame has. */
static const struct gh_keeper_field *fields_of(const struct gh_keeper_schema *schema,
                                               bool is_answer, enum gh_code code, unsigned *count)
{
	if (!is_answer) {
		*count = schema->request_count;
		return schema->request;
	}
	if (code != GH_OK) {
		*count = 1;
		return &refusal_field;
	}
	*count = schema->answer_count;
	return schema->answer;
}

static bool length_fits(const struct gh_keeper_field *field, size_t len)
{
	return len >= field->min_bytes && len <= field->max_bytes &&
	       (field->unit_bytes == 0 || len % field->unit_bytes == 0);
}

static uint64_t read_number(const uint8_t *at, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

static gh_result decode_head(const uint8_t *head, struct gh_keeper_frame *frame)
{
	uint64_t type = read_number(head + 2, 2), code = read_number(head + 4, 4);

	GH_ENSURE(head[0] == VERSION && head[1] <= 1, GH_E_FORMAT,
	          "a keeper message has an unknown version or kind");
	GH_ENSURE(gh_keeper_schema((unsigned)type), GH_E_FORMAT,
	          "a keeper message is of an unknown type");
	GH_ENSURE(code < GH_E_COUNT && (code == 0 || head[1] == 1), GH_E_FORMAT,
	          "a keeper message has an unknown code");
	*frame = (struct gh_keeper_frame){ .type = (enum gh_keeper_message)type,
		                           .is_answer = head[1] == 1,
		                           .code = (enum gh_code)code,
		                           .id = read_number(head + 8, 8) };
	return GH_OK;
}

gh_result gh_keeper_decode(struct gh_slice raw_packet, struct gh_keeper_frame *out)
{
	struct gh_keeper_frame frame = { 0 };
	unsigned count;

	GH_ENSURE(raw_packet.len <= GH_KEEPER_MESSAGE_MAX_BYTES, GH_E_LIMIT,
	          "a keeper message is over %d bytes", GH_KEEPER_MESSAGE_MAX_BYTES);
	GH_ENSURE(raw_packet.len >= GH_KEEPER_HEAD_BYTES, GH_E_FORMAT,
	          "a keeper message is shorter than its head");
	GH_TRY(decode_head(raw_packet.data, &frame));

	struct gh_slice rest = gh_slice_sub(raw_packet, GH_KEEPER_HEAD_BYTES, SIZE_MAX);
	const struct gh_keeper_field *fields =
	    fields_of(gh_keeper_schema(frame.type), frame.is_answer, frame.code, &count);
	for (unsigned i = 0; i < count; i++) {
		GH_ENSURE(rest.len >= 4, GH_E_FORMAT, "a keeper message ends before its %s",
		          fields[i].name);
		size_t len = (size_t)read_number(rest.data, 4);
		rest = gh_slice_sub(rest, 4, SIZE_MAX);
		GH_ENSURE(len <= rest.len, GH_E_FORMAT, "a keeper message ends inside its %s",
		          fields[i].name);
		GH_ENSURE(length_fits(&fields[i], len), GH_E_LIMIT,
		          "a keeper message's %s has the wrong length", fields[i].name);
		frame.fields[i] = gh_slice_sub(rest, 0, len);
		rest = gh_slice_sub(rest, len, SIZE_MAX);
	}
	GH_ENSURE(rest.len == 0, GH_E_FORMAT, "a keeper message is longer than its fields");
	frame.field_count = count;
	*out = frame;
	return GH_OK;
}

static void add_number(struct gh_buf *out, uint64_t value, unsigned bytes)
{
	for (unsigned i = bytes; i-- > 0;)
		gh_buf_add_byte(out, (uint8_t)(value >> (8 * i)));
}

gh_result gh_keeper_encode(const struct gh_keeper_frame *frame, struct gh_buf *out)
{
	const struct gh_keeper_schema *schema = gh_keeper_schema(frame->type);
	unsigned count;

	GH_ENSURE(schema, GH_E_ARGUMENT, "there is no such keeper message");
	const struct gh_keeper_field *fields =
	    fields_of(schema, frame->is_answer, frame->code, &count);
	GH_ENSURE(frame->field_count == count, GH_E_ARGUMENT,
	          "the keeper message %s has %u fields, not %u", schema->name, count,
	          frame->field_count);

	gh_buf_clear(out);
	gh_buf_add_byte(out, VERSION);
	gh_buf_add_byte(out, frame->is_answer);
	add_number(out, frame->type, 2);
	add_number(out, frame->code, 4);
	add_number(out, frame->id, 8);
	for (unsigned i = 0; i < count; i++) {
		GH_ENSURE(length_fits(&fields[i], frame->fields[i].len), GH_E_ARGUMENT,
		          "%s: %s has the wrong length", schema->name, fields[i].name);
		add_number(out, frame->fields[i].len, 4);
		gh_buf_add_slice(out, frame->fields[i]);
	}
	GH_ENSURE(out->len <= GH_KEEPER_MESSAGE_MAX_BYTES, GH_E_ARGUMENT,
	          "a keeper message is too long");
	return gh_buf_check(out);
}

void gh_keeper_put_u64(uint64_t value, uint8_t out[8])
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(value >> (8 * (7 - i)));
}

uint64_t gh_keeper_get_u64(struct gh_slice field)
{
	return read_number(field.data, field.len < 8 ? field.len : 8);
}
