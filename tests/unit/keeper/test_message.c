#include "../gh_test.h"

#include <stdlib.h>
#include <string.h>

#include "process/keeper/message.h"

static const uint8_t zeros[GH_KEEPER_MESSAGE_MAX_BYTES + 1];

/* A frame of this type whose fields have their least or greatest lengths. */
static struct gh_keeper_frame frame_of(enum gh_keeper_message type, bool is_answer, bool greatest)
{
	const struct gh_keeper_schema *schema = gh_keeper_schema(type);
	struct gh_keeper_frame frame = { .type = type, .is_answer = is_answer, .id = 77 };

	frame.field_count = is_answer ? schema->answer_count : schema->request_count;
	for (unsigned i = 0; i < frame.field_count; i++) {
		const struct gh_keeper_field *field =
		    is_answer ? &schema->answer[i] : &schema->request[i];
		frame.fields[i] = gh_slice(zeros, greatest ? field->max_bytes : field->min_bytes);
	}
	return frame;
}

static void every_message_survives_its_journey_at_its_least_and_greatest(void **state)
{
	for (int type = 1; type < GH_KEEPER_MESSAGE_COUNT; type++) {
		for (int variant = 0; variant < 4; variant++) {
			struct gh_keeper_frame frame =
			    frame_of((enum gh_keeper_message)type, variant & 1, variant & 2);
			struct gh_keeper_frame back = { 0 };
			struct gh_buf packet = { 0 };

			assert_ok(gh_keeper_encode(&frame, &packet));
			assert_ok(gh_keeper_decode(gh_buf_slice(&packet), &back));
			assert_int_equal(back.type, frame.type);
			assert_int_equal(back.id, 77);
			assert_int_equal(back.field_count, frame.field_count);
			for (unsigned i = 0; i < back.field_count; i++)
				assert_true(gh_slice_eq(back.fields[i], frame.fields[i]));
			gh_buf_free(&packet);
		}
	}
}

static void every_shortened_or_lengthened_packet_is_refused(void **state)
{
	for (int type = 1; type < GH_KEEPER_MESSAGE_COUNT; type++) {
		struct gh_keeper_frame frame = frame_of((enum gh_keeper_message)type, false, false);
		struct gh_keeper_frame back = { 0 };
		struct gh_buf packet = { 0 };

		assert_ok(gh_keeper_encode(&frame, &packet));
		for (size_t len = 0; len < packet.len; len++) {
			/* an exact copy, so that a sanitizer sees a read beyond it */
			uint8_t *cut = malloc(len ? len : 1);
			memcpy(cut, packet.data, len);
			assert_int_not_equal(gh_keeper_decode(gh_slice(cut, len), &back), GH_OK);
			free(cut);
		}
		gh_buf_add_byte(&packet, 0);
		assert_code(gh_keeper_decode(gh_buf_slice(&packet), &back), GH_E_FORMAT);
		gh_buf_free(&packet);
	}
}

static void unknown_versions_kinds_types_and_codes_are_refused(void **state)
{
	struct gh_keeper_frame frame = frame_of(GH_KEEPER_PUBLIC, false, false), back = { 0 };
	struct gh_buf packet = { 0 };
	static const struct {
		size_t at;
		uint8_t value;
	} changes[] = { { 0, 0 }, { 0, 2 }, { 1, 2 },   { 2, 1 }, { 3, 0 },
		        { 3, 9 }, { 4, 1 }, { 7, 200 }, { 7, 1 }, { 16, 255 } };

	assert_ok(gh_keeper_encode(&frame, &packet));
	for (size_t i = 0; i < GH_ARRAY_LEN(changes); i++) {
		uint8_t before = packet.data[changes[i].at];
		packet.data[changes[i].at] = changes[i].value;
		assert_int_not_equal(gh_keeper_decode(gh_buf_slice(&packet), &back), GH_OK);
		packet.data[changes[i].at] = before;
	}
	assert_ok(gh_keeper_decode(gh_buf_slice(&packet), &back));
	gh_buf_free(&packet);
	assert_code(gh_keeper_decode(gh_slice(zeros, sizeof zeros), &back), GH_E_LIMIT);
	assert_null(gh_keeper_schema(0));
	assert_null(gh_keeper_schema(GH_KEEPER_MESSAGE_COUNT));
}

static void a_field_outside_its_bounds_is_neither_sent_nor_taken(void **state)
{
	struct gh_keeper_frame frame = frame_of(GH_KEEPER_SIGN_CHECKPOINT, false, false);
	struct gh_buf packet = { 0 };

	frame.fields[2] = gh_slice(zeros, 33); /* no whole number of hashes */
	assert_code(gh_keeper_encode(&frame, &packet), GH_E_ARGUMENT);
	frame.fields[2] = gh_slice(zeros, 66 * 32);
	assert_code(gh_keeper_encode(&frame, &packet), GH_E_ARGUMENT);
	frame.fields[2] = gh_slice(zeros, 0);
	frame.fields[1] = gh_slice(zeros, 31);
	assert_code(gh_keeper_encode(&frame, &packet), GH_E_ARGUMENT);
	frame.field_count = 2;
	assert_code(gh_keeper_encode(&frame, &packet), GH_E_ARGUMENT);
	gh_buf_free(&packet);
}

static void a_refusal_carries_a_code_and_a_text(void **state)
{
	struct gh_keeper_frame frame = { .type = GH_KEEPER_DERIVE,
		                         .is_answer = true,
		                         .code = GH_E_DENIED,
		                         .id = 1,
		                         .field_count = 1,
		                         .fields = { GH_SLICE("no") } };
	struct gh_keeper_frame back = { 0 };
	struct gh_buf packet = { 0 };

	assert_ok(gh_keeper_encode(&frame, &packet));
	assert_ok(gh_keeper_decode(gh_buf_slice(&packet), &back));
	assert_int_equal(back.code, GH_E_DENIED);
	assert_true(gh_slice_eq_str(back.fields[0], "no"));
	gh_buf_free(&packet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_survives_its_journey_at_its_least_and_greatest),
		cmocka_unit_test(every_shortened_or_lengthened_packet_is_refused),
		cmocka_unit_test(unknown_versions_kinds_types_and_codes_are_refused),
		cmocka_unit_test(a_field_outside_its_bounds_is_neither_sent_nor_taken),
		cmocka_unit_test(a_refusal_carries_a_code_and_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
