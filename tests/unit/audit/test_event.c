/* Bodies: canonical whatever the caller's members are, and closed against names that are ours. */
#include "../gh_test.h"

#include <string.h>

#include "audit/event.h"
#include "base/json.h"

static const uint8_t key[32] = { 7 };

static void deliver(void *context, struct gh_audit_entry *list)
{
}

static const struct gh_audit_destination nowhere = { deliver, NULL };

static struct gh_audit_entry entry_with(const char *members)
{
	return (struct gh_audit_entry){ .event_id = gh_uuid_v7(),
		                        .tenant_id = gh_uuid_v7(),
		                        .request_id = gh_uuid_v7(),
		                        .has_request = true,
		                        .kind = "inference.admitted",
		                        .body_members = gh_slice_str(members),
		                        .data_key = key,
		                        .destination = &nowhere };
}

/* The text is what base/json's canonical writer makes of the same value. */
static void assert_canonical(const struct gh_buf *body)
{
	struct gh_buf again = { 0 };
	json_t *value;

	assert_ok(gh_json_parse(gh_buf_slice(body), &value));
	assert_ok(gh_jcs(value, &again));
	assert_string_equal(gh_buf_cstr(body), gh_buf_cstr(&again));
	gh_buf_free(&again);
	json_decref(value);
}

static void bodies_are_canonical(void **state)
{
	static const char *const members[] = {
		"",
		"{}",
		"{\"actor\":\"key:abc\",\"zone\":[1,2,{\"x\":\"}\"}]}",
		"{\"a\":1}",
		"{\"zz\":\"\\\"\\\\\"}",
		"{\"event_\":true,\"event_id2\":null,\"w\":{\"}\":\"]\"}}",
		"{\"0\":\"käse\",\"pii\":{\"email\":{\"count\":1}}}",
	};
	static const uint8_t prev[32] = { 0xab };

	for (size_t i = 0; i < GH_ARRAY_LEN(members); i++) {
		struct gh_audit_entry entry = entry_with(members[i]);
		struct gh_audit_body_view view;
		struct gh_buf body = { 0 };

		assert_ok(gh_audit_entry_check(&entry));
		assert_ok(gh_audit_body(&entry, 1700000000123456, i, i ? prev : NULL, &body));
		assert_canonical(&body);
		assert_ok(gh_audit_body_view(gh_buf_slice(&body), &view));
		assert_int_equal(view.tenant_seq, i);
		assert_int_equal(view.has_prev, i != 0);
		assert_true(gh_uuid_eq(&view.event_id, &entry.event_id));
		assert_true(gh_uuid_eq(&view.tenant_id, &entry.tenant_id));
		assert_true(gh_slice_eq_str(view.event, "inference.admitted"));
		assert_true(gh_slice_eq_str(view.at, "2023-11-14T22:13:20.123456Z"));
		assert_true(view.has_request && gh_uuid_eq(&view.request_id, &entry.request_id));
		assert_int_equal(memcmp(view.prev, prev, 32) == 0, i != 0);
		gh_buf_free(&body);
	}
}

static void members_that_are_not_canonical_or_ours_are_refused(void **state)
{
	static const char *const members[] = {
		"[]",
		"{",
		"}",
		"{\"a\":1",
		"{\"a\":1}}",
		"{\"a\":1,}",
		"{\"a\":1}x",
		"{ \"a\":1}",
		"{\"a\": 1}",
		"{\"a\":1 }",
		"{\"b\":1,\"a\":1}",
		"{\"a\":1,\"a\":1}",
		"{\"A\":1}",
		"{\"\":1}",
		"{\"a\":}",
		"{\"a\":]}",
		"{\"a\":[}}",
		"{\"a\":\"x}",
		"{\"a\":\"x\\",
		"{\"a\":\"x\ny\"}",
		"{\"a\"}",
		"{\"at\":1}",
		"{\"event\":1}",
		"{\"event_id\":1}",
		"{\"prev\":1}",
		"{\"request_id\":1}",
		"{\"tenant_id\":1}",
		"{\"tenant_seq\":1}",
		"{\"v\":1}",
		"{\"a\":1,\"v\":2}",
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(members); i++) {
		struct gh_audit_entry entry = entry_with(members[i]);

		if (gh_audit_entry_check(&entry) != GH_E_ARGUMENT)
			fail_msg("%s was taken", members[i]);
	}
}

static void an_entry_with_a_wrong_form_is_refused(void **state)
{
	struct gh_audit_attachment second = { .kind = GH_AUDIT_PROMPT };
	struct gh_audit_attachment first = { .kind = GH_AUDIT_PROMPT, .next = &second };
	struct gh_audit_attachment vault = { .kind = GH_AUDIT_VAULT };
	struct gh_audit_entry entry = entry_with("{}");

	entry.kind = "inference.invented";
	assert_code(gh_audit_entry_check(&entry), GH_E_ARGUMENT);
	entry = entry_with("{}");
	entry.data_key = NULL;
	assert_code(gh_audit_entry_check(&entry), GH_E_ARGUMENT);
	entry = entry_with("{}");
	entry.attachments = &first;
	assert_code(gh_audit_entry_check(&entry), GH_E_ARGUMENT); /* two prompts */
	entry.attachments = &second;
	assert_ok(gh_audit_entry_check(&entry));
	entry.has_request = false;
	assert_code(gh_audit_entry_check(&entry), GH_E_ARGUMENT); /* of no request */
	entry.attachments = &vault;
	assert_code(gh_audit_entry_check(&entry), GH_E_ARGUMENT); /* without a token */
	vault.token = GH_SLICE("EMAIL_1");
	assert_ok(gh_audit_entry_check(&entry));
}

static void a_body_that_lacks_a_member_is_corrupt(void **state)
{
	static const char *const bodies[] = {
		"",
		"{}",
		"{\"v\":1}",
		"{\"at\":\"x\",\"event\":\"x\",\"event_id\":\"x\",\"tenant_id\":\"x\","
		"\"tenant_seq\":0,\"v\":1}",
	};
	struct gh_audit_body_view view;

	for (size_t i = 0; i < GH_ARRAY_LEN(bodies); i++)
		assert_code(gh_audit_body_view(gh_slice_str(bodies[i]), &view), GH_E_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_are_canonical),
		cmocka_unit_test(members_that_are_not_canonical_or_ours_are_refused),
		cmocka_unit_test(an_entry_with_a_wrong_form_is_refused),
		cmocka_unit_test(a_body_that_lacks_a_member_is_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
