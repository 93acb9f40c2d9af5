/* The tree against the published roots, against RFC 9162's recursive definition written down once
 * more, and its proofs against the verifier that others' vectors pin. */
#include "../gh_test.h"

#include <string.h>

#include "audit/merkle.h"
#include "base/codec.h"

#define LEAVES_MAX 300

static uint8_t leaves[LEAVES_MAX][32];

static void hash_range(uint64_t begin, uint64_t end, uint8_t out[32])
{
	uint8_t left[32], right[32];
	uint64_t half = 1;

	if (end - begin == 1) {
		memcpy(out, leaves[begin], 32);
		return;
	}
	while (half * 2 < end - begin)
		half *= 2;
	hash_range(begin, begin + half, left);
	hash_range(begin + half, end, right);
	gh_merkle_hash_node(left, right, out);
}

static gh_result range(void *context, uint64_t begin, uint64_t end, uint8_t out[32])
{
	uint64_t width = 1;

	while (width < end - begin)
		width *= 2;
	assert_true(begin < end && begin % width == 0);
	hash_range(begin, end, out);
	return GH_OK;
}

static void make_leaves(void)
{
	for (uint32_t i = 0; i < LEAVES_MAX; i++)
		gh_merkle_hash_leaf(gh_slice(&i, sizeof i), leaves[i]);
}

/* transparency-dev/merkle testonly: the eight leaves and the root of each prefix. */
static void appending_gives_the_roots_of_the_rfc6962_test_vectors(void **state)
{
	static const struct gh_slice entries[] = {
		{ (const uint8_t *)"", 0 },
		GH_SLICE("\x00"),
		GH_SLICE("\x10"),
		GH_SLICE("\x20\x21"),
		GH_SLICE("\x30\x31"),
		GH_SLICE("\x40\x41\x42\x43"),
		GH_SLICE("\x50\x51\x52\x53\x54\x55\x56\x57"),
		GH_SLICE("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"),
	};
	static const char *const roots[] = {
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	};
	struct gh_merkle tree = { 0 };
	uint8_t root[32];
	char hex[65];

	for (size_t i = 0; i < GH_ARRAY_LEN(roots); i++) {
		gh_merkle_root(&tree, root);
		gh_hex_encode(gh_slice(root, sizeof root), hex);
		assert_string_equal(hex, roots[i]);
		if (i < GH_ARRAY_LEN(entries))
			assert_ok(gh_merkle_append(&tree, entries[i]));
	}
}

static void every_size_has_the_root_of_the_recursive_definition(void **state)
{
	struct gh_merkle tree = { 0 }, again;
	uint8_t root[32], expected[32];

	make_leaves();
	for (uint64_t size = 1; size <= LEAVES_MAX; size++) {
		assert_ok(gh_merkle_append_leaf(&tree, leaves[size - 1]));
		hash_range(0, size, expected);
		gh_merkle_root(&tree, root);
		assert_memory_equal(root, expected, 32);
		/* And again from what would be stored. */
		assert_ok(gh_merkle_open(size, gh_merkle_edge(&tree), &again));
		gh_merkle_root(&again, root);
		assert_memory_equal(root, expected, 32);
	}
}

static void an_edge_that_disagrees_with_its_size_is_refused(void **state)
{
	struct gh_merkle tree = { 0 }, out;

	make_leaves();
	for (size_t i = 0; i < 7; i++)
		assert_ok(gh_merkle_append_leaf(&tree, leaves[i]));
	assert_code(gh_merkle_open(8, gh_merkle_edge(&tree), &out), GH_E_CORRUPT);
	assert_code(gh_merkle_open(0, gh_merkle_edge(&tree), &out), GH_E_CORRUPT);
	assert_code(gh_merkle_open(7, gh_slice(tree.edge, 95), &out), GH_E_CORRUPT);
	assert_ok(gh_merkle_open(7, gh_merkle_edge(&tree), &out));
}

static void every_inclusion_proof_verifies_and_only_for_its_index(void **state)
{
	uint8_t proof[GH_MERKLE_PROOF_MAX][32], root[32];
	size_t count;

	make_leaves();
	for (uint64_t size = 1; size <= 70; size++) {
		hash_range(0, size, root);
		for (uint64_t index = 0; index < size; index++) {
			assert_ok(gh_merkle_inclusion(index, size, range, NULL, proof, &count));
			assert_ok(gh_merkle_verify_inclusion(index, size, leaves[index], proof,
			                                     count, root));
			assert_int_not_equal(gh_merkle_verify_inclusion((index + 1) % size, size,
			                                                leaves[index], proof, count,
			                                                root),
			                     size == 1 ? -1 : GH_OK);
		}
	}
	assert_code(gh_merkle_inclusion(70, 70, range, NULL, proof, &count), GH_E_ARGUMENT);
}

static void every_consistency_proof_verifies(void **state)
{
	uint8_t proof[GH_MERKLE_PROOF_MAX][32], root1[32], root2[32];
	size_t count;

	make_leaves();
	for (uint64_t size2 = 1; size2 <= 70; size2++) {
		hash_range(0, size2, root2);
		for (uint64_t size1 = 1; size1 <= size2; size1++) {
			hash_range(0, size1, root1);
			assert_ok(gh_merkle_consistency(size1, size2, range, NULL, proof, &count));
			assert_ok(
			    gh_merkle_verify_consistency(size1, size2, root1, root2, proof, count));
			if (count == 0)
				continue;
			proof[count - 1][31] ^= 1;
			assert_code(
			    gh_merkle_verify_consistency(size1, size2, root1, root2, proof, count),
			    GH_E_CRYPTO);
		}
	}
	assert_code(gh_merkle_consistency(3, 2, range, NULL, proof, &count), GH_E_ARGUMENT);
}

static void proofs_over_the_largest_trees_stay_within_their_bound(void **state)
{
	static const uint64_t sizes[] = { UINT64_MAX, UINT64_C(1) << 63, (UINT64_C(1) << 63) + 1,
		                          UINT64_C(0xaaaaaaaaaaaaaaaa) };
	struct gh_merkle_run runs[GH_MERKLE_PROOF_MAX];
	size_t count;

	for (size_t i = 0; i < GH_ARRAY_LEN(sizes); i++) {
		assert_ok(gh_merkle_inclusion_runs(0, sizes[i], runs, &count));
		assert_in_range(count, 1, 64);
		assert_ok(gh_merkle_inclusion_runs(sizes[i] - 1, sizes[i], runs, &count));
		assert_in_range(count, 1, 64);
		assert_ok(gh_merkle_consistency_runs(1, sizes[i], runs, &count));
		assert_in_range(count, 1, 65);
		assert_ok(gh_merkle_consistency_runs(sizes[i] - 1, sizes[i], runs, &count));
		assert_in_range(count, 1, 65);
	}
}

static void the_edge_gives_the_nodes_that_it_holds_and_no_others(void **state)
{
	struct gh_merkle tree = { 0 };
	uint8_t expected[32];

	make_leaves();
	for (size_t i = 0; i < 13; i++)
		assert_ok(gh_merkle_append_leaf(&tree, leaves[i]));
	hash_range(0, 8, expected);
	assert_memory_equal(gh_merkle_edge_node(&tree, 0, 8), expected, 32);
	hash_range(8, 12, expected);
	assert_memory_equal(gh_merkle_edge_node(&tree, 8, 12), expected, 32);
	assert_memory_equal(gh_merkle_edge_node(&tree, 12, 13), leaves[12], 32);
	assert_null(gh_merkle_edge_node(&tree, 0, 4));
	assert_null(gh_merkle_edge_node(&tree, 8, 13));
	assert_null(gh_merkle_edge_node(&tree, 13, 14));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appending_gives_the_roots_of_the_rfc6962_test_vectors),
		cmocka_unit_test(every_size_has_the_root_of_the_recursive_definition),
		cmocka_unit_test(an_edge_that_disagrees_with_its_size_is_refused),
		cmocka_unit_test(every_inclusion_proof_verifies_and_only_for_its_index),
		cmocka_unit_test(every_consistency_proof_verifies),
		cmocka_unit_test(proofs_over_the_largest_trees_stay_within_their_bound),
		cmocka_unit_test(the_edge_gives_the_nodes_that_it_holds_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
