/* Policy packs: one form of an archive, signatures by enough people, a chain, and that no altered
 * byte gets through. */
#include "policy_test.h"

#include "base/json.h"
#include "policy/pack/build.h"
#include "policy/pack/pack.h"

#define NOW 1800000000

static const char *const files[][2] = {
	{ "policies/a.cedar", "@id(\"all\") permit(principal, action, resource);" },
	{ "schema.cedarschema",
	  "entity U; entity R; action go appliesTo { principal: U, resource: R };" },
	{ "tests/t.json",
	  "{\"requests\":[{\"principal\":{\"type\":\"U\",\"id\":\"u\"},\"action\":{\"type\":"
	  "\"Action\",\"id\":\"go\"},\"resource\":{\"type\":\"R\",\"id\":\"r\"},\"context\":{},"
	  "\"decision\":\"allow\",\"reason\":[\"all\"]}]}" },
};

/* Three people: ada writes, bob and cyd approve. */
struct people {
	struct gh_key *ada, *bob, *cyd, *ada_approves;
	struct gh_trust trust;
	struct gh_uuid tenant;
};

static void add_signer(struct gh_trust *trust, const struct gh_key *key, const char *person,
                       enum gh_signer_role role)
{
	struct gh_signer *signer = &trust->signers[trust->signer_count++];
	struct gh_buf pem = { 0 };

	assert_ok(gh_key_to_public_pem(key, &pem));
	assert_ok(gh_key_from_public_pem(gh_buf_slice(&pem), &signer->key));
	assert_ok(gh_key_thumbprint(key, signer->kid));
	snprintf(signer->person, sizeof signer->person, "%s", person);
	signer->role = role;
	gh_buf_free(&pem);
}

static int make_people(void **state)
{
	struct people *people = calloc(1, sizeof *people);

	assert_ok(gh_key_generate(GH_KEY_RSA, &people->ada));
	assert_ok(gh_key_generate(GH_KEY_P256, &people->bob));
	assert_ok(gh_key_generate(GH_KEY_ED25519, &people->cyd));
	assert_ok(gh_key_generate(GH_KEY_P256, &people->ada_approves));
	people->tenant = gh_uuid_v7();
	people->trust = (struct gh_trust){ .tenant = people->tenant, .epoch = 1, .threshold = 2 };
	add_signer(&people->trust, people->ada, "ada", GH_SIGNER_AUTHOR);
	add_signer(&people->trust, people->bob, "bob", GH_SIGNER_APPROVER);
	add_signer(&people->trust, people->cyd, "cyd", GH_SIGNER_APPROVER);
	add_signer(&people->trust, people->ada_approves, "ada", GH_SIGNER_APPROVER);
	*state = people;
	return 0;
}

static int free_people(void **state)
{
	struct people *people = *state;

	gh_key_free(people->ada);
	gh_key_free(people->bob);
	gh_key_free(people->cyd);
	gh_key_free(people->ada_approves);
	gh_trust_clear(&people->trust);
	free(people);
	return 0;
}

static void members_of(const char *const (*from)[2], size_t count, struct gh_tar_member *out)
{
	for (size_t i = 0; i < count; i++)
		out[i] =
		    (struct gh_tar_member){ gh_slice_str(from[i][0]), gh_slice_str(from[i][1]) };
}

static void manifest_for(const struct people *people, struct gh_manifest *out)
{
	memset(out, 0, sizeof *out);
	out->tenant = people->tenant;
	strcpy(out->name, "test");
	strcpy(out->change, "a first one");
	out->revision = 1;
	out->effective_from_s = NOW - 10;
	out->expires_s = NOW + 1000;
}

static void build(struct gh_manifest *manifest, struct gh_buf *out)
{
	struct gh_tar_member members[GH_ARRAY_LEN(files)];

	members_of(files, GH_ARRAY_LEN(files), members);
	gh_buf_clear(out);
	assert_ok(gh_pack_build(members, GH_ARRAY_LEN(files), manifest, out));
}

static void sign(struct gh_buf *pack, const struct gh_key *key)
{
	struct gh_buf more = { 0 };

	assert_ok(gh_pack_sign(gh_buf_slice(pack), key, NOW, &more));
	gh_buf_free(pack);
	*pack = more;
}

static struct gh_pack_state state_of(const struct people *people)
{
	return (struct gh_pack_state){ .tenant = people->tenant, .now_s = NOW };
}

static enum gh_pack_reason judge(const struct people *people, const struct gh_buf *pack,
                                 const struct gh_pack_state *state)
{
	struct gh_pack_refusal why;
	struct gh_pack *opened;

	enum gh_code code = gh_pack_open(gh_buf_slice(pack), &people->trust, state,
	                                 gh_cedar_checker(), &opened, &why);
	assert_int_equal(code == GH_OK, why.reason == GH_PACK_FINE);
	assert_int_equal(code == GH_OK, opened != NULL);
	if (code != GH_OK)
		assert_true(why.text[0] != 0);
	gh_pack_close(opened);
	return why.reason;
}

static void a_signed_pack_opens_and_decides(void **state)
{
	const struct people *people = *state;
	struct gh_pack_state want = state_of(people);
	struct gh_manifest manifest;
	struct gh_buf pack = { 0 };
	struct gh_pack *opened;
	struct gh_pack_refusal why;

	manifest_for(people, &manifest);
	build(&manifest, &pack);
	sign(&pack, people->ada);
	sign(&pack, people->bob);
	if (gh_pack_open(gh_buf_slice(&pack), &people->trust, &want, gh_cedar_checker(), &opened,
	                 &why) != GH_OK)
		fail_msg("%s", why.text);
	assert_int_equal(opened->test_count, 1);
	assert_int_equal(opened->signed_by.count, 2);
	assert_int_equal(strlen(opened->digest), 64);
	assert_int_equal(opened->manifest.revision, 1);
	/* the same pack again, as it is loaded at a start */
	want.revision = 9;
	want.loaded_digest = opened->digest_bytes;
	assert_int_equal(judge(people, &pack, &want), GH_PACK_FINE);
	gh_pack_close(opened);
	gh_buf_free(&pack);
}

static void the_same_files_give_the_same_bytes(void **state)
{
	struct gh_buf first = { 0 }, second = { 0 };
	struct gh_manifest manifest;

	manifest_for(*state, &manifest);
	build(&manifest, &first);
	build(&manifest, &second);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	gh_buf_free(&first);
	gh_buf_free(&second);
}

static void who_signed_decides(void **state)
{
	const struct people *people = *state;
	const struct {
		const struct gh_key *keys[3];
		enum gh_pack_reason expected;
	} cases[] = {
		{ { NULL }, GH_PACK_UNSIGNED },
		{ { people->ada }, GH_PACK_NOT_ENOUGH_APPROVALS },
		{ { people->bob }, GH_PACK_UNSIGNED },
		{ { people->bob, people->cyd }, GH_PACK_UNSIGNED },
		{ { people->ada, people->ada_approves }, GH_PACK_AUTHOR_APPROVED_OWN },
		{ { people->ada, people->ada_approves, people->bob }, GH_PACK_AUTHOR_APPROVED_OWN },
		{ { people->ada, people->bob }, GH_PACK_FINE },
		{ { people->cyd, people->ada }, GH_PACK_FINE },
		{ { people->ada, people->bob, people->cyd }, GH_PACK_FINE },
	};
	struct gh_pack_state want = state_of(people);

	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		struct gh_manifest manifest;
		struct gh_buf pack = { 0 };
		manifest_for(people, &manifest);
		build(&manifest, &pack);
		for (size_t k = 0; k < 3 && cases[i].keys[k]; k++)
			sign(&pack, cases[i].keys[k]);
		enum gh_pack_reason reason = judge(people, &pack, &want);
		if (reason != cases[i].expected)
			fail_msg("case %zu: %s", i, gh_pack_reason_name(reason));
		gh_buf_free(&pack);
	}
}

static void a_stranger_neither_counts_nor_harms(void **state)
{
	const struct people *people = *state;
	struct gh_pack_state want = state_of(people);
	struct gh_manifest manifest;
	struct gh_buf pack = { 0 };
	struct gh_key *stranger;

	assert_ok(gh_key_generate(GH_KEY_P256, &stranger));
	manifest_for(people, &manifest);
	build(&manifest, &pack);
	sign(&pack, people->ada);
	sign(&pack, stranger);
	assert_int_equal(judge(people, &pack, &want), GH_PACK_NOT_ENOUGH_APPROVALS);
	sign(&pack, people->bob);
	assert_int_equal(judge(people, &pack, &want), GH_PACK_FINE);
	gh_key_free(stranger);
	gh_buf_free(&pack);
}

static void a_key_signs_once(void **state)
{
	const struct people *people = *state;
	struct gh_manifest manifest;
	struct gh_buf pack = { 0 }, more = { 0 };

	manifest_for(people, &manifest);
	build(&manifest, &pack);
	sign(&pack, people->ada);
	assert_code(gh_pack_sign(gh_buf_slice(&pack), people->ada, NOW, &more), GH_E_CONFLICT);
	gh_buf_free(&more);
	gh_buf_free(&pack);
}

static void signed_by_two(const struct people *people, struct gh_manifest *manifest,
                          struct gh_buf *pack)
{
	build(manifest, pack);
	sign(pack, people->ada);
	sign(pack, people->bob);
}

static void what_a_pack_must_fit_to(void **state)
{
	const struct people *people = *state;
	struct gh_manifest manifest;
	struct gh_buf pack = { 0 };
	struct gh_pack_state want = state_of(people);

	manifest_for(people, &manifest);
	signed_by_two(people, &manifest, &pack);
	want.now_s = NOW + 1000;
	assert_int_equal(judge(people, &pack, &want), GH_PACK_EXPIRED);
	want = state_of(people);
	want.revision = 1;
	assert_int_equal(judge(people, &pack, &want), GH_PACK_ROLLED_BACK);

	manifest.revision = 2;
	signed_by_two(people, &manifest, &pack);
	assert_int_equal(judge(people, &pack, &want), GH_PACK_BROKEN_CHAIN);
	manifest.has_prev = true;
	memset(manifest.prev_digest, 7, 32);
	memset(want.digest, 8, 32);
	signed_by_two(people, &manifest, &pack);
	assert_int_equal(judge(people, &pack, &want), GH_PACK_BROKEN_CHAIN);
	memset(want.digest, 7, 32);
	assert_int_equal(judge(people, &pack, &want), GH_PACK_FINE);
	/* a rollback is a new revision */
	manifest.rollback_of = 1;
	signed_by_two(people, &manifest, &pack);
	assert_int_equal(judge(people, &pack, &want), GH_PACK_FINE);

	manifest.tenant = gh_uuid_v7();
	signed_by_two(people, &manifest, &pack);
	assert_int_equal(judge(people, &pack, &want), GH_PACK_WRONG_TENANT);
	want.tenant = manifest.tenant;
	assert_int_equal(judge(people, &pack, &want), GH_PACK_WRONG_TENANT);
	gh_buf_free(&pack);
}

static enum gh_pack_reason judge_files(const struct people *people, size_t which, const char *text)
{
	struct gh_tar_member members[GH_ARRAY_LEN(files)];
	struct gh_pack_state want = state_of(people);
	struct gh_manifest manifest;
	struct gh_buf pack = { 0 };

	members_of(files, GH_ARRAY_LEN(files), members);
	members[which].content = gh_slice_str(text);
	manifest_for(people, &manifest);
	assert_ok(gh_pack_build(members, GH_ARRAY_LEN(files), &manifest, &pack));
	sign(&pack, people->ada);
	sign(&pack, people->bob);
	enum gh_pack_reason reason = judge(people, &pack, &want);
	gh_buf_free(&pack);
	return reason;
}

static void a_well_signed_pack_must_still_make_sense(void **state)
{
	const struct people *people = *state;

	assert_int_equal(judge_files(people, 0, "permit(principal, action"),
	                 GH_PACK_POLICY_INVALID);
	assert_int_equal(judge_files(people, 0,
	                             "permit(principal, action, resource) when { "
	                             "principal.nothing };"),
	                 GH_PACK_POLICY_INVALID);
	assert_int_equal(judge_files(people, 0,
	                             "@id(\"all\") @budget_tokens(\"many\") "
	                             "permit(principal, action, resource);"),
	                 GH_PACK_POLICY_INVALID);
	assert_int_equal(judge_files(people, 0, "// nothing"), GH_PACK_POLICY_INVALID);
	assert_int_equal(judge_files(people, 1, "entity U"), GH_PACK_POLICY_INVALID);
	assert_int_equal(
	    judge_files(people, 0, "@id(\"all\") forbid(principal, action, resource);"),
	    GH_PACK_TEST_FAILED);
	assert_int_equal(
	    judge_files(people, 0, "@id(\"other\") permit(principal, action, resource);"),
	    GH_PACK_TEST_FAILED);
	assert_int_equal(judge_files(people, 2, "{\"requests\":[]}"), GH_PACK_TEST_FAILED);
	assert_int_equal(judge_files(people, 2, "not JSON"), GH_PACK_TEST_FAILED);
}

static void no_altered_byte_gets_through(void **state)
{
	const struct people *people = *state;
	struct gh_pack_state want = state_of(people);
	struct gh_manifest manifest;
	struct gh_buf pack = { 0 };

	manifest_for(people, &manifest);
	signed_by_two(people, &manifest, &pack);
	assert_int_equal(judge(people, &pack, &want), GH_PACK_FINE);
	for (size_t i = 0; i < pack.len; i++) {
		/* One bit and all bits: letters that change case, digits, zero bytes. */
		static const uint8_t masks[] = { 1, 0x20, 0xff };
		for (size_t k = 0; k < sizeof masks; k++) {
			pack.data[i] ^= masks[k];
			if (judge(people, &pack, &want) == GH_PACK_FINE)
				fail_msg("byte %zu of %zu can be altered", i, pack.len);
			pack.data[i] ^= masks[k];
		}
	}
	for (size_t len = 0; len < pack.len; len += 97) {
		struct gh_buf cut = pack;
		cut.len = len;
		assert_int_not_equal(judge(people, &cut, &want), GH_PACK_FINE);
	}
	gh_buf_free(&pack);
}

static void an_archive_has_one_form(void **state)
{
	static const struct gh_tar_member two[] = {
		{ { (const uint8_t *)"a", 1 }, { (const uint8_t *)"x", 1 } },
		{ { (const uint8_t *)"b/c.d", 5 }, { (const uint8_t *)"", 0 } },
	};
	static const struct gh_tar_member bad[] = {
		{ { (const uint8_t *)"b", 1 }, { NULL, 0 } },
		{ { (const uint8_t *)"a", 1 }, { NULL, 0 } },
	};
	static const char *const paths[] = { "",    "/a",   "a//b", "../a", "a/../b",
		                             "a b", "a\\b", ".a",   "a/",   "a\n" };
	struct gh_tar_member read[GH_TAR_MAX_MEMBERS];
	struct gh_buf tar = { 0 };
	size_t count;

	assert_ok(gh_tar_write(two, 2, &tar));
	assert_ok(gh_tar_read(gh_buf_slice(&tar), read, &count));
	assert_int_equal(count, 2);
	assert_true(gh_slice_eq_str(read[0].content, "x"));
	assert_true(gh_slice_eq_str(read[1].path, "b/c.d"));
	gh_buf_clear(&tar);
	assert_code(gh_tar_write(bad, 2, &tar), GH_E_ARGUMENT);
	for (size_t i = 0; i < GH_ARRAY_LEN(paths); i++)
		assert_false(gh_tar_path_is_fine(gh_slice_str(paths[i])));
	assert_true(gh_tar_path_is_fine(GH_SLICE("policies/a-b_c.1.cedar")));
	gh_buf_free(&tar);
}

static void a_trust_document_survives_and_is_held_to_its_form(void **state)
{
	const struct people *people = *state;
	struct gh_buf text = { 0 }, again = { 0 };
	struct gh_trust trust;
	struct gh_pack_refusal why;

	assert_ok(gh_trust_write(&people->trust, &text));
	assert_ok(gh_trust_parse(gh_buf_slice(&text), &trust, &why));
	assert_ok(gh_trust_write(&trust, &again));
	assert_true(gh_slice_eq(gh_buf_slice(&text), gh_buf_slice(&again)));
	gh_trust_clear(&trust);
	/* one person alone cannot reach any threshold */
	struct gh_trust lonely = people->trust;
	lonely.signer_count = 1;
	gh_buf_clear(&again);
	assert_ok(gh_trust_write(&lonely, &again));
	assert_code(gh_trust_parse(gh_buf_slice(&again), &trust, &why), GH_E_DENIED);
	assert_int_equal(why.reason, GH_PACK_BAD_TRUST);
	for (size_t i = 0; i < text.len; i += 3) {
		text.data[i] ^= 4;
		if (gh_trust_parse(gh_buf_slice(&text), &trust, &why) == GH_OK)
			gh_trust_clear(&trust); /* a person's name may be another one */
		text.data[i] ^= 4;
	}
	gh_buf_free(&text);
	gh_buf_free(&again);
}

static void a_manifest_is_held_to_its_form(void **state)
{
	static const char *const edits[][2] = {
		{ "\"v\":1", "\"v\":2" },
		{ "\"language\":\"cedar 4.5\"", "\"language\":\"cedar 4.9\"" },
		{ "\"language\":\"cedar 4.5\"", "\"language\":\"rego\"" },
		{ "\"revision\":1", "\"revision\":0" },
		{ "\"rollback_of\":0", "\"rollback_of\":1" },
		{ "Z\",\"files\"", "X\",\"files\"" },
		{ "\"strict_errors\":false", "\"strict_errors\":0" },
		{ "{\"change\"", "{ \"change\"" },
		{ "{\"change\"", "{\"a\":1,\"change\"" },
	};
	struct gh_manifest manifest, read;
	struct gh_pack_refusal why;
	struct gh_buf pack = { 0 }, text = { 0 };

	manifest_for(*state, &manifest);
	build(&manifest, &pack);
	assert_ok(gh_manifest_write(&manifest, &text));
	assert_ok(gh_manifest_parse(gh_buf_slice(&text), &read, &why));
	for (size_t i = 0; i < GH_ARRAY_LEN(edits); i++) {
		struct gh_buf edited = { 0 };
		const char *at = strstr(gh_buf_cstr(&text), edits[i][0]);
		if (!at)
			fail_msg("nothing to edit: %s", edits[i][0]);
		gh_buf_add(&edited, text.data, (size_t)(at - gh_buf_cstr(&text)));
		gh_buf_add_str(&edited, edits[i][1]);
		gh_buf_add_str(&edited, at + strlen(edits[i][0]));
		if (gh_manifest_parse(gh_buf_slice(&edited), &read, &why) == GH_OK)
			fail_msg("taken: %s", edits[i][1]);
		gh_buf_free(&edited);
	}
	/* Found by fuzzing: a digest in upper case was taken as well. */
	char *digest = strstr((char *)text.data, "\"sha256\":\"") + strlen("\"sha256\":\"");
	while (*digest < 'a')
		digest++;
	*digest = (char)(*digest - 'a' + 'A');
	assert_code(gh_manifest_parse(gh_buf_slice(&text), &read, &why), GH_E_DENIED);
	gh_buf_free(&text);
	gh_buf_free(&pack);
}

/* What ships as the first pack of every tenant. */
static void the_starter_pack_compiles_and_passes_its_tests(void **state)
{
	struct gh_pack_files starter;
	struct gh_pack_refusal why;
	struct gh_pack *pack;

	assert_ok(gh_pack_read_folder(GH_STARTER_PACK, &starter));
	if (gh_pack_compile(starter.members, starter.count, gh_cedar_checker(), &pack, &why) !=
	    GH_OK)
		fail_msg("%s: %s", gh_pack_reason_name(why.reason), why.text);
	assert_true(pack->test_count >= 18);
	gh_pack_close(pack);
	gh_pack_files_free(&starter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signed_pack_opens_and_decides),
		cmocka_unit_test(the_same_files_give_the_same_bytes),
		cmocka_unit_test(who_signed_decides),
		cmocka_unit_test(a_stranger_neither_counts_nor_harms),
		cmocka_unit_test(a_key_signs_once),
		cmocka_unit_test(what_a_pack_must_fit_to),
		cmocka_unit_test(a_well_signed_pack_must_still_make_sense),
		cmocka_unit_test(no_altered_byte_gets_through),
		cmocka_unit_test(an_archive_has_one_form),
		cmocka_unit_test(a_trust_document_survives_and_is_held_to_its_form),
		cmocka_unit_test(a_manifest_is_held_to_its_form),
		cmocka_unit_test(the_starter_pack_compiles_and_passes_its_tests),
	};
	return cmocka_run_group_tests(tests, make_people, free_people);
}
