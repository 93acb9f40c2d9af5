#include "../gh_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "crypto/keyring.h"

struct place {
	char path[64];
	int fd;
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	snprintf(place->path, sizeof place->path, "/tmp/gh-keyring-XXXXXX");
	assert_non_null(mkdtemp(place->path));
	place->fd = open(place->path, O_RDONLY | O_DIRECTORY);
	*state = place;
	return 0;
}

static int leave_place(void **state)
{
	static const char *const names[] = { "kek", "link" };
	struct place *place = *state;

	for (size_t i = 0; i < GH_ARRAY_LEN(names); i++)
		unlinkat(place->fd, names[i], 0);
	close(place->fd);
	assert_int_equal(rmdir(place->path), 0); /* nothing temporary stayed */
	free(place);
	return 0;
}

static void a_kek_file_is_made_once_and_never_written_over(void **state)
{
	const struct place *place = *state;
	struct stat before, after;
	struct gh_kek *kek = NULL;

	assert_code(gh_kek_open(place->fd, "kek", &kek), GH_E_NOT_FOUND);
	assert_ok(gh_kek_create(place->fd, "kek"));
	assert_int_equal(fstatat(place->fd, "kek", &before, 0), 0);
	assert_int_equal(before.st_mode & 07777, 0600);
	assert_int_equal(before.st_size, 32);
	assert_code(gh_kek_create(place->fd, "kek"), GH_E_CONFLICT);
	assert_int_equal(fstatat(place->fd, "kek", &after, 0), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_ok(gh_kek_open(place->fd, "kek", &kek));
	gh_kek_free(kek);
}

static void a_kek_file_that_others_may_read_or_that_is_cut_or_a_link_is_refused(void **state)
{
	const struct place *place = *state;
	struct gh_kek *kek = NULL;

	assert_ok(gh_kek_create(place->fd, "kek"));
	for (mode_t mode = 0; mode <= 0777; mode++) {
		assert_int_equal(fchmodat(place->fd, "kek", mode, 0), 0);
		enum gh_code code = gh_kek_open(place->fd, "kek", &kek);
		if (mode == 0600) {
			assert_int_equal(code, GH_OK);
			gh_kek_free(kek);
		} else if (code != GH_E_DENIED && code != GH_E_IO) {
			fail_msg("mode %04o gave %s", mode, gh_code_name(code));
		}
	}
	assert_int_equal(fchmodat(place->fd, "kek", 0600, 0), 0);
	assert_int_equal(symlinkat("kek", place->fd, "link"), 0);
	assert_code(gh_kek_open(place->fd, "link", &kek), GH_E_DENIED);
	int fd = openat(place->fd, "kek", O_WRONLY);
	assert_int_equal(ftruncate(fd, 31), 0);
	assert_code(gh_kek_open(place->fd, "kek", &kek), GH_E_CORRUPT);
	assert_int_equal(ftruncate(fd, 33), 0);
	assert_code(gh_kek_open(place->fd, "kek", &kek), GH_E_CORRUPT);
	close(fd);
	if (geteuid() == 0) {
		fd = openat(place->fd, "kek", O_WRONLY);
		assert_int_equal(ftruncate(fd, 32), 0);
		assert_int_equal(fchown(fd, 65534, 65534), 0);
		close(fd);
		assert_code(gh_kek_open(place->fd, "kek", &kek), GH_E_DENIED);
	}
}

static void a_wrapped_key_opens_only_with_its_tenant_purpose_and_subject(void **state)
{
	const struct place *place = *state;
	struct gh_kek *kek = NULL;
	struct gh_tenant_kek *tenant_kek = NULL, *other_kek = NULL, *none = NULL;
	struct gh_uuid tenant = gh_uuid_v7(), other = gh_uuid_v7();
	struct gh_buf wrapped_tenant = { 0 }, wrapped_other = { 0 }, wrapped = { 0 };
	uint8_t dek[32], back[32];

	assert_ok(gh_kek_create(place->fd, "kek"));
	assert_ok(gh_kek_open(place->fd, "kek", &kek));
	assert_ok(gh_tenant_kek_create(kek, &tenant, &wrapped_tenant));
	assert_ok(gh_tenant_kek_create(kek, &other, &wrapped_other));
	assert_ok(gh_tenant_kek_open(kek, &tenant, gh_buf_slice(&wrapped_tenant), &tenant_kek));
	assert_ok(gh_tenant_kek_open(kek, &other, gh_buf_slice(&wrapped_other), &other_kek));
	assert_code(gh_tenant_kek_open(kek, &other, gh_buf_slice(&wrapped_tenant), &none),
	            GH_E_CRYPTO);

	assert_ok(gh_dek_create(tenant_kek, GH_SLICE("audit.body"), GH_SLICE("s1"), dek, &wrapped));
	assert_int_equal(wrapped.len, GH_WRAPPED_KEY_BYTES);
	assert_ok(gh_dek_unwrap(tenant_kek, GH_SLICE("audit.body"), GH_SLICE("s1"),
	                        gh_buf_slice(&wrapped), back));
	assert_memory_equal(dek, back, 32);
	assert_code(gh_dek_unwrap(other_kek, GH_SLICE("audit.body"), GH_SLICE("s1"),
	                          gh_buf_slice(&wrapped), back),
	            GH_E_CRYPTO);
	assert_code(gh_dek_unwrap(tenant_kek, GH_SLICE("audit.bodi"), GH_SLICE("s1"),
	                          gh_buf_slice(&wrapped), back),
	            GH_E_CRYPTO);
	assert_code(gh_dek_unwrap(tenant_kek, GH_SLICE("audit.body"), GH_SLICE("s2"),
	                          gh_buf_slice(&wrapped), back),
	            GH_E_CRYPTO);
	/* The boundary between purpose and subject is part of the binding. */
	assert_code(gh_dek_unwrap(tenant_kek, GH_SLICE("audit.bodys"), GH_SLICE("1"),
	                          gh_buf_slice(&wrapped), back),
	            GH_E_CRYPTO);
	for (size_t i = 0; i < wrapped.len; i++) {
		wrapped.data[i] ^= 0x10;
		assert_code(gh_dek_unwrap(tenant_kek, GH_SLICE("audit.body"), GH_SLICE("s1"),
		                          gh_buf_slice(&wrapped), back),
		            GH_E_CRYPTO);
		wrapped.data[i] ^= 0x10;
	}
	assert_code(
	    gh_dek_create(tenant_kek, GH_SLICE("Not A Purpose"), GH_SLICE(""), dek, &wrapped),
	    GH_E_ARGUMENT);
	gh_tenant_kek_free(tenant_kek);
	gh_tenant_kek_free(other_kek);
	gh_kek_free(kek);
	gh_buf_free(&wrapped);
	gh_buf_free(&wrapped_tenant);
	gh_buf_free(&wrapped_other);
}

static void derived_keys_are_stable_and_differ_by_tenant_and_purpose(void **state)
{
	const struct place *place = *state;
	struct gh_kek *kek = NULL;
	struct gh_tenant_kek *kek1 = NULL, *kek2 = NULL;
	struct gh_uuid tenant1 = gh_uuid_v7(), tenant2 = gh_uuid_v7();
	struct gh_buf wrapped = { 0 };
	uint8_t first[32], again[32], other[32];

	assert_ok(gh_kek_create(place->fd, "kek"));
	assert_ok(gh_kek_open(place->fd, "kek", &kek));
	assert_ok(gh_tenant_kek_create(kek, &tenant1, &wrapped));
	assert_ok(gh_tenant_kek_open(kek, &tenant1, gh_buf_slice(&wrapped), &kek1));
	gh_buf_clear(&wrapped);
	assert_ok(gh_tenant_kek_create(kek, &tenant2, &wrapped));
	assert_ok(gh_tenant_kek_open(kek, &tenant2, gh_buf_slice(&wrapped), &kek2));

	assert_ok(gh_tenant_derive(kek1, GH_SLICE("pii.vault"), first));
	assert_ok(gh_tenant_derive(kek1, GH_SLICE("pii.vault"), again));
	assert_memory_equal(first, again, 32);
	assert_ok(gh_tenant_derive(kek1, GH_SLICE("pii.vaulu"), other));
	assert_memory_not_equal(first, other, 32);
	assert_ok(gh_tenant_derive(kek2, GH_SLICE("pii.vault"), other));
	assert_memory_not_equal(first, other, 32);
	gh_tenant_kek_free(kek1);
	gh_tenant_kek_free(kek2);
	gh_kek_free(kek);
	gh_buf_free(&wrapped);
}

/* RFC 5869 appendix A.1 and A.3. */
static void hkdf_gives_the_values_of_its_specification(void **state)
{
	uint8_t ikm[22], salt[13], info[10], out[42];
	char hex[85];

	memset(ikm, 0x0b, sizeof ikm);
	for (size_t i = 0; i < sizeof salt; i++)
		salt[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof info; i++)
		info[i] = (uint8_t)(0xf0 + i);
	assert_ok(gh_hkdf_sha256(gh_slice(ikm, sizeof ikm), gh_slice(salt, sizeof salt),
	                         gh_slice(info, sizeof info), out, sizeof out));
	gh_hex_encode(gh_slice(out, sizeof out), hex);
	assert_string_equal(hex, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
	                         "34007208d5b887185865");
	assert_ok(gh_hkdf_sha256(gh_slice(ikm, sizeof ikm), gh_slice("", 0), gh_slice("", 0), out,
	                         sizeof out));
	gh_hex_encode(gh_slice(out, sizeof out), hex);
	assert_string_equal(hex, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
	                         "9d201395faa4b61a96c8");
}

#define in_place(test) cmocka_unit_test_setup_teardown(test, make_place, leave_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(a_kek_file_is_made_once_and_never_written_over),
		in_place(a_kek_file_that_others_may_read_or_that_is_cut_or_a_link_is_refused),
		in_place(a_wrapped_key_opens_only_with_its_tenant_purpose_and_subject),
		in_place(derived_keys_are_stable_and_differ_by_tenant_and_purpose),
		cmocka_unit_test(hkdf_gives_the_values_of_its_specification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
