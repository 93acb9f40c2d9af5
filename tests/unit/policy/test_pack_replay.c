/* Recorded requests, put to two packs: every flip is counted and told, nothing of persons is. */
#include "base/json.h"
#include "pack_made.h"
#include "policy/pack/replay.h"

#define ASK(user, action, mfa, entities)                                                           \
	"{\"principal\":{\"type\":\"User\",\"id\":\"" user "\"},"                                  \
	"\"action\":{\"type\":\"Action\",\"id\":\"" action "\"},"                                  \
	"\"resource\":{\"type\":\"Doc\",\"id\":\"d\"},"                                            \
	"\"context\":{\"mfa\":" mfa "},\"entities\":" entities "}"
#define STAFF(user, level)                                                                         \
	"[{\"uid\":{\"type\":\"User\",\"id\":\"" user "\"},\"attrs\":{\"level\":" level "},"       \
	"\"parents\":[{\"type\":\"Role\",\"id\":\"staff\"}]}]"

#define STAFF_READS "@id(\"staff-read\") permit(principal in Role::\"staff\", action, resource);"

static const struct made open_door = { .policies = STAFF_READS };
static const struct made with_mfa = { .policies = STAFF_READS
	                              "@id(\"mfa\") forbid(principal, action == Action::\"write\", "
	                              "resource) unless { context.mfa };" };

struct run {
	struct gh_pack *before, *after;
	struct gh_replay *replay;
	struct gh_replay_counts counts;
	json_t *report;
};

static void begin(struct run *run, struct made before, struct made after)
{
	memset(run, 0, sizeof *run);
	run->before = made_pack(before);
	run->after = made_pack(after);
	assert_ok(gh_replay_open(run->before, run->after, &run->replay));
}

static void add(struct run *run, const char *line)
{
	if (gh_replay_add(run->replay, gh_slice_str(line)) != GH_OK)
		fail_msg("%s", gh_last_error()->text);
}

static void finish(struct run *run)
{
	assert_ok(gh_replay_finish(run->replay, &run->counts));
	assert_ok(gh_replay_report(run->replay, &run->report));
}

static void end(struct run *run)
{
	json_decref(run->report);
	gh_replay_close(run->replay);
	gh_pack_close(run->before);
	gh_pack_close(run->after);
}

static void flips_are_counted_both_ways(void **state)
{
	struct run run;

	begin(&run, open_door, with_mfa);
	add(&run, ASK("ada", "write", "false", STAFF("ada", "1")) "\n");
	add(&run, "\n");
	add(&run, ASK("ada", "write", "true", STAFF("ada", "1")) "\r\n");
	add(&run, ASK("ada", "read", "false", STAFF("ada", "1")));
	add(&run, ASK("eve", "read", "false", "[]"));
	finish(&run);
	assert_int_equal(run.counts.requests, 4);
	assert_int_equal(run.counts.allowed_before, 3);
	assert_int_equal(run.counts.allowed_after, 2);
	assert_int_equal(run.counts.allow_to_deny, 1);
	assert_int_equal(run.counts.deny_to_allow, 0);
	end(&run);

	begin(&run, with_mfa, open_door);
	add(&run, ASK("ada", "write", "false", STAFF("ada", "1")));
	finish(&run);
	assert_int_equal(run.counts.allow_to_deny, 0);
	assert_int_equal(run.counts.deny_to_allow, 1);
	end(&run);
}

#define FLIP                                                                                       \
	"\"flips\":[{\"action\":\"Action::\\\"write\\\"\",\"after\":[\"mfa\"],"                    \
	"\"before\":[\"staff-read\"],\"from\":\"allow\",\"line\":2,\"to\":\"deny-forbid\"}]"
#define ACTION                                                                                     \
	"\"actions\":[{\"action\":\"Action::\\\"write\\\"\",\"allow_to_deny\":1,"                  \
	"\"deny_to_allow\":0}]"

static void a_report_names_line_action_and_policies_and_no_person(void **state)
{
	struct gh_buf text = { 0 };
	struct run run;

	begin(&run, open_door, with_mfa);
	add(&run, ASK("ada", "read", "false", STAFF("ada", "1")));
	add(&run, ASK("ada", "write", "false", STAFF("ada", "1")));
	finish(&run);
	assert_ok(gh_jcs(run.report, &text));
	assert_non_null(strstr(gh_buf_cstr(&text), FLIP));
	assert_non_null(strstr(gh_buf_cstr(&text), ACTION));
	assert_null(strstr(gh_buf_cstr(&text), "ada"));
	gh_buf_free(&text);
	end(&run);
}

static void entities_of_one_request_are_not_those_of_another(void **state)
{
	static const struct made by_level = {
		.policies = "permit(principal, action, resource) when { principal.level > 1 };"
	};
	struct run run;

	begin(&run, by_level, by_level);
	add(&run, ASK("ada", "read", "false", STAFF("ada", "1")));
	add(&run, ASK("ada", "read", "false", STAFF("ada", "2")));
	add(&run, ASK("ada", "read", "false", "[]"));
	finish(&run);
	assert_int_equal(run.counts.allowed_after, 1);
	assert_int_equal(run.counts.errors_after, 1);
	end(&run);
}

static void errors_and_laxer_demands_and_strangers_to_the_schema_are_counted(void **state)
{
	static const struct made careful = {
		.policies = "@budget_tokens(\"10\") permit(principal, action == Action::\"read\","
		            " resource);"
	};
	static const struct made careless = {
		.policies = "@budget_tokens(\"20\") permit(principal, action == Action::\"read\","
		            " resource);"
		            "forbid(principal, action, resource) when { principal.level < 0 };",
		.schema = "entity Role; entity User in [Role] { level: Long };"
		          "entity Doc; action read appliesTo { principal: [User], resource: [Doc],"
		          " context: { mfa: Bool } };",
	};
	struct run run;

	begin(&run, careful, careless);
	add(&run, ASK("ada", "read", "false", STAFF("ada", "1")));
	add(&run, ASK("ada", "read", "false", "[]")); /* the forbid errs: denied */
	add(&run, ASK("ada", "write", "false", STAFF("ada", "1")));
	finish(&run);
	assert_int_equal(run.counts.laxer, 1);
	assert_int_equal(run.counts.forbid_errors_after, 1);
	assert_int_equal(run.counts.errors_before, 0);
	assert_int_equal(run.counts.allow_to_deny, 1);
	assert_int_equal(run.counts.unfit, 1);
	end(&run);
}

static void more_than_a_batch_is_counted_whole(void **state)
{
	struct run run;
	size_t lines = 2 * GH_REPLAY_BATCH + 17;

	begin(&run, open_door, with_mfa);
	for (size_t i = 0; i < lines; i++) {
		char line[512];
		snprintf(line, sizeof line,
		         "{\"principal\":{\"type\":\"User\",\"id\":\"u%zu\"},"
		         "\"action\":{\"type\":\"Action\",\"id\":\"write\"},"
		         "\"resource\":{\"type\":\"Doc\",\"id\":\"d\"},"
		         "\"context\":{\"mfa\":false},\"entities\":[{\"uid\":{\"type\":\"User\","
		         "\"id\":\"u%zu\"},\"attrs\":{\"level\":1},\"parents\":[{\"type\":\"Role\","
		         "\"id\":\"staff\"}]}]}",
		         i, i);
		add(&run, line);
	}
	finish(&run);
	assert_int_equal(run.counts.requests, lines);
	assert_int_equal(run.counts.allow_to_deny, lines);
	assert_int_equal(json_array_size(json_object_get(run.report, "flips")),
	                 GH_REPLAY_FLIPS_KEPT);
	assert_int_equal(json_integer_value(json_object_get(run.report, "allow_to_deny")), lines);
	end(&run);
}

static void what_is_no_request_is_refused_with_its_line(void **state)
{
	static const char *const bad[] = {
		"not JSON",
		"[]",
		"{}",
		"{\"principal\":{\"type\":\"User\",\"id\":\"u\"}}",
		ASK("u", "read", "false", "{}"),
		ASK("u", "read", "false", "[{}]"),
		"{\"principal\":{\"type\":\"User\",\"id\":\"u\"},\"action\":{\"type\":\"Action\","
		"\"id\":\"read\"},\"resource\":{\"type\":\"Doc\",\"id\":\"d\"},\"context\":[]}",
		/* another content for a role that the pack has */
		ASK("u", "read", "false",
		    "[{\"uid\":{\"type\":\"Role\",\"id\":\"staff\"},\"attrs\":{},\"parents\":"
		    "[{\"type\":\"Role\",\"id\":\"admin\"}]}]"),
	};
	struct run run;

	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++) {
		begin(&run, open_door, with_mfa);
		add(&run, ASK("ada", "read", "false", STAFF("ada", "1")));
		if (gh_replay_add(run.replay, gh_slice_str(bad[i])) == GH_OK)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(gh_last_error()->code, GH_E_FORMAT);
		if (strncmp(gh_last_error()->text, "line 2", 6) != 0)
			fail_msg("%s", gh_last_error()->text);
		/* it goes on */
		add(&run, ASK("ada", "read", "false", STAFF("ada", "1")));
		finish(&run);
		assert_int_equal(run.counts.requests, 2);
		end(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flips_are_counted_both_ways),
		cmocka_unit_test(a_report_names_line_action_and_policies_and_no_person),
		cmocka_unit_test(entities_of_one_request_are_not_those_of_another),
		cmocka_unit_test(errors_and_laxer_demands_and_strangers_to_the_schema_are_counted),
		cmocka_unit_test(more_than_a_batch_is_counted_whole),
		cmocka_unit_test(what_is_no_request_is_refused_with_its_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
