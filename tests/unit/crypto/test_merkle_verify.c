/* The transparency-dev proofs, all 500 of them, and trees small enough to build by hand. */
#include "../gh_test.h"
#include "shared.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/codec.h"
#include "crypto/merkle_verify.h"

#define DIRECTORY "vectors/audit/merkle/testdata/"

struct totals {
	size_t good, bad;
};

/* Roots that play no part in a consistency vector ("don't care") are shorter than a hash: padded
 * with zeros, equal ones stay equal and different ones different. */
static bool hash_of(const json_t *text, size_t least, uint8_t out[32])
{
	struct gh_buf raw = { 0 };
	bool fits = json_is_string(text) &&
	            gh_base64_decode(gh_slice_str(json_string_value(text)), &raw) == GH_OK &&
	            raw.len >= least && raw.len <= 32;

	memset(out, 0, 32);
	if (fits && raw.len)
		memcpy(out, raw.data, raw.len);
	gh_buf_free(&raw);
	return fits;
}

static bool proof_of(const json_t *array, uint8_t (*proof)[32], size_t *count)
{
	*count = json_array_size(array);
	assert_in_range(*count, 0, 512);
	for (size_t i = 0; i < *count; i++)
		if (!hash_of(json_array_get(array, i), 32, proof[i]))
			return false;
	return true;
}

/* Read as a real, since -1 as an unsigned index is over what jansson's integers hold; all others
 * are small. */
static uint64_t number_of(const json_t *vector, const char *name)
{
	double value = json_real_value(json_object_get(vector, name));

	return value >= 18446744073709549568.0 ? UINT64_MAX : (uint64_t)value;
}

static bool check_consistency(const json_t *vector)
{
	static uint8_t proof[512][32];
	uint8_t root1[32], root2[32];
	size_t count;

	return hash_of(json_object_get(vector, "root1"), 1, root1) &&
	       hash_of(json_object_get(vector, "root2"), 1, root2) &&
	       proof_of(json_object_get(vector, "proof"), proof, &count) &&
	       gh_merkle_verify_consistency(number_of(vector, "size1"), number_of(vector, "size2"),
	                                    root1, root2, proof, count) == GH_OK;
}

static bool check_inclusion(const json_t *vector)
{
	static uint8_t proof[512][32];
	uint8_t leaf[32], root[32];
	size_t count;

	return hash_of(json_object_get(vector, "leafHash"), 32, leaf) &&
	       hash_of(json_object_get(vector, "root"), 32, root) &&
	       proof_of(json_object_get(vector, "proof"), proof, &count) &&
	       gh_merkle_verify_inclusion(number_of(vector, "leafIdx"),
	                                  number_of(vector, "treeSize"), leaf, proof, count,
	                                  root) == GH_OK;
}

static void walk(const char *path, bool (*check)(const json_t *vector), struct totals *totals)
{
	char below[8192];
	struct stat info;
	DIR *dir = opendir(path);

	assert_non_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
		assert_int_equal(stat(below, &info), 0);
		if (S_ISDIR(info.st_mode)) {
			walk(below, check, totals);
			continue;
		}
		json_error_t error;
		json_t *vector = json_load_file(below, JSON_DECODE_INT_AS_REAL, &error);
		assert_non_null(vector);
		bool wants_error = json_is_true(json_object_get(vector, "wantErr"));
		if (check(vector) == wants_error)
			fail_msg("%s should be %s", below, wants_error ? "refused" : "taken");
		*(wants_error ? &totals->bad : &totals->good) += 1;
		json_decref(vector);
	}
	closedir(dir);
}

static void run_directory(const char *name, bool (*check)(const json_t *vector), size_t least)
{
	char path[4096];
	struct totals totals = { 0, 0 };
	struct stat info;

	snprintf(path, sizeof path, "%s", shared_path(name));
	if (stat(path, &info) != 0) {
		print_message("no test data at %s\n", path);
		skip();
	}
	walk(path, check, &totals);
	print_message("%s: %zu good, %zu bad proofs\n", name, totals.good, totals.bad);
	assert_true(totals.good > 0 && totals.good + totals.bad >= least);
}

static void published_consistency_proofs_are_judged_as_labelled(void **state)
{
	run_directory(DIRECTORY "consistency", check_consistency, 90);
}

static void published_inclusion_proofs_are_judged_as_labelled(void **state)
{
	run_directory(DIRECTORY "inclusion", check_inclusion, 90);
}

/* The root over leaf hashes [from, to), by the definition of RFC 9162 section 2.1.1. */
static void root_of(uint8_t (*leaves)[32], size_t count, uint8_t out[32])
{
	uint8_t left[32], right[32];
	size_t split = 1;

	if (count == 1) {
		memcpy(out, leaves[0], 32);
		return;
	}
	while (split * 2 < count)
		split *= 2;
	root_of(leaves, split, left);
	root_of(leaves + split, count - split, right);
	gh_merkle_hash_node(left, right, out);
}

/* PATH(m, D[n]) of section 2.1.3.1. */
static size_t path_of(uint8_t (*leaves)[32], size_t count, size_t index, uint8_t (*proof)[32])
{
	size_t split = 1, n;

	if (count <= 1)
		return 0;
	while (split * 2 < count)
		split *= 2;
	if (index < split) {
		n = path_of(leaves, split, index, proof);
		root_of(leaves + split, count - split, proof[n]);
	} else {
		n = path_of(leaves + split, count - split, index - split, proof);
		root_of(leaves, split, proof[n]);
	}
	return n + 1;
}

/* SUBPROOF(m, D[n], b) of section 2.1.4.1. */
static size_t subproof_of(uint8_t (*leaves)[32], size_t count, size_t old, bool whole,
                          uint8_t (*proof)[32])
{
	size_t split = 1, n;

	if (old == count) {
		if (whole)
			return 0;
		root_of(leaves, count, proof[0]);
		return 1;
	}
	while (split * 2 < count)
		split *= 2;
	if (old <= split) {
		n = subproof_of(leaves, split, old, whole, proof);
		root_of(leaves + split, count - split, proof[n]);
	} else {
		n = subproof_of(leaves + split, count - split, old - split, false, proof);
		root_of(leaves, split, proof[n]);
	}
	return n + 1;
}

static void every_proof_of_every_tree_up_to_40_leaves_verifies_and_no_changed_one_does(void **state)
{
	static uint8_t leaves[40][32], proof[80][32], old_root[32], root[32];

	for (size_t i = 0; i < 40; i++) {
		uint8_t entry = (uint8_t)i;
		gh_merkle_hash_leaf(gh_slice(&entry, 1), leaves[i]);
	}
	for (size_t n = 1; n <= 40; n++) {
		root_of(leaves, n, root);
		for (size_t m = 0; m < n; m++) {
			size_t count = path_of(leaves, n, m, proof);
			assert_ok(gh_merkle_verify_inclusion(m, n, leaves[m], proof, count, root));
			assert_int_not_equal(
			    gh_merkle_verify_inclusion(m, n, leaves[m], proof, count + 1, root),
			    GH_OK);
			for (size_t k = 0; k < count; k++) {
				proof[k][k] ^= 1;
				assert_int_not_equal(
				    gh_merkle_verify_inclusion(m, n, leaves[m], proof, count, root),
				    GH_OK);
				proof[k][k] ^= 1;
			}
		}
		for (size_t m = 1; m <= n; m++) {
			size_t count = subproof_of(leaves, n, m, true, proof);
			root_of(leaves, m, old_root);
			assert_ok(gh_merkle_verify_consistency(m, n, old_root, root, proof, count));
			for (size_t k = 0; k < count; k++) {
				proof[k][k] ^= 1;
				assert_int_not_equal(gh_merkle_verify_consistency(
				                         m, n, old_root, root, proof, count),
				                     GH_OK);
				proof[k][k] ^= 1;
			}
			if (count > 0)
				assert_int_not_equal(gh_merkle_verify_consistency(
				                         m, n, old_root, root, proof, count - 1),
				                     GH_OK);
		}
	}
}

static void a_proof_from_the_empty_tree_or_backwards_says_nothing(void **state)
{
	uint8_t empty[32], leaf[32];

	gh_merkle_hash_empty(empty);
	gh_merkle_hash_leaf(GH_SLICE("x"), leaf);
	assert_code(gh_merkle_verify_consistency(0, 1, empty, leaf, NULL, 0), GH_E_FORMAT);
	assert_code(gh_merkle_verify_consistency(0, 0, empty, empty, NULL, 0), GH_E_FORMAT);
	assert_code(gh_merkle_verify_consistency(2, 1, leaf, leaf, NULL, 0), GH_E_FORMAT);
	assert_code(gh_merkle_verify_inclusion(1, 1, leaf, NULL, 0, leaf), GH_E_FORMAT);
	assert_code(gh_merkle_verify_inclusion(0, 0, leaf, NULL, 0, leaf), GH_E_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_consistency_proofs_are_judged_as_labelled),
		cmocka_unit_test(published_inclusion_proofs_are_judged_as_labelled),
		cmocka_unit_test(
		    every_proof_of_every_tree_up_to_40_leaves_verifies_and_no_changed_one_does),
		cmocka_unit_test(a_proof_from_the_empty_tree_or_backwards_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
