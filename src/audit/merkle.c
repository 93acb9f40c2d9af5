/* Appending keeps one node for each full subtree; everything about proofs follows from the same cut
 * of RFC 9162 section 2.1: a tree of n leaves splits at the largest power of two below n. */
#include "audit/merkle.h"

#include <string.h>

gh_result gh_merkle_open(uint64_t size, struct gh_slice edge, struct gh_merkle *out)
{
	size_t height = (size_t)__builtin_popcountll(size);

	GH_ENSURE(edge.len == height * GH_MERKLE_HASH_BYTES, GH_E_CORRUPT,
	          "a tree's edge disagrees with its size");
	memset(out, 0, sizeof *out);
	out->size = size;
	out->height = height;
	if (height > 0)
		memcpy(out->edge, edge.data, edge.len);
	return GH_OK;
}

struct gh_slice gh_merkle_edge(const struct gh_merkle *tree)
{
	return gh_slice(tree->edge, tree->height * GH_MERKLE_HASH_BYTES);
}

gh_result gh_merkle_append_leaf(struct gh_merkle *tree, const uint8_t leaf[GH_MERKLE_HASH_BYTES])
{
	uint8_t node[GH_MERKLE_HASH_BYTES];

	GH_ENSURE(tree->size < UINT64_MAX, GH_E_LIMIT, "the tree is full");
	memcpy(node, leaf, sizeof node);

	/* Each trailing 1 bit of size is a full subtree waiting for its right sibling. */
	for (uint64_t bits = tree->size; bits & 1; bits >>= 1)
		gh_merkle_hash_node(tree->edge[--tree->height], node, node);

	memcpy(tree->edge[tree->height++], node, sizeof node);
	tree->size++;
	return GH_OK;
}

gh_result gh_merkle_append(struct gh_merkle *tree, struct gh_slice entry)
{
	uint8_t leaf[GH_MERKLE_HASH_BYTES];

	gh_merkle_hash_leaf(entry, leaf);
	return gh_merkle_append_leaf(tree, leaf);
}

void gh_merkle_root(const struct gh_merkle *tree, uint8_t root[GH_MERKLE_HASH_BYTES])
{
	if (tree->height == 0) {
		gh_merkle_hash_empty(root);
		return;
	}
	memcpy(root, tree->edge[tree->height - 1], GH_MERKLE_HASH_BYTES);
	for (size_t i = tree->height - 1; i > 0; i--)
		gh_merkle_hash_node(tree->edge[i - 1], root, root);
}

/* The largest power of two below n; n >= 2. */
static uint64_t split_of(uint64_t n)
{
	return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* RFC 9162 section 2.1.3.1, PATH(m, D_n), walked down from the root: the hashes come out root first
 * and are turned around. */
gh_result gh_merkle_inclusion_runs(uint64_t index, uint64_t size,
                                   struct gh_merkle_run runs[GH_MERKLE_PROOF_MAX], size_t *count)
{
	struct gh_merkle_run down[GH_MERKLE_PROOF_MAX];
	uint64_t begin = 0, end = size;
	size_t n = 0;

	GH_ENSURE(index < size, GH_E_ARGUMENT, "a leaf's index is not below the tree's size");
	while (end - begin > 1) {
		uint64_t middle = begin + split_of(end - begin);

		if (index < middle) {
			down[n++] = (struct gh_merkle_run){ middle, end };
			end = middle;
		} else {
			down[n++] = (struct gh_merkle_run){ begin, middle };
			begin = middle;
		}
	}
	for (size_t i = 0; i < n; i++)
		runs[i] = down[n - 1 - i];
	*count = n;
	return GH_OK;
}

/* RFC 9162 section 2.1.4.1, SUBPROOF(m, D_n, b): b is true while the old tree is the whole of the
 * subtree's left part, whose hash the verifier then knows. */
gh_result gh_merkle_consistency_runs(uint64_t size1, uint64_t size2,
                                     struct gh_merkle_run runs[GH_MERKLE_PROOF_MAX], size_t *count)
{
	struct gh_merkle_run down[GH_MERKLE_PROOF_MAX];
	uint64_t begin = 0, end = size2;
	size_t n = 0;

	*count = 0;
	GH_ENSURE(size1 <= size2, GH_E_ARGUMENT, "a tree cannot extend a larger one");
	if (size1 == 0 || size1 == size2)
		return GH_OK;
	while (end != size1) {
		uint64_t middle = begin + split_of(end - begin);

		if (size1 <= middle) {
			down[n++] = (struct gh_merkle_run){ middle, end };
			end = middle;
		} else {
			down[n++] = (struct gh_merkle_run){ begin, middle };
			begin = middle;
		}
	}
	if (begin != 0)
		down[n++] = (struct gh_merkle_run){ begin, end };
	for (size_t i = 0; i < n; i++)
		runs[i] = down[n - 1 - i];
	*count = n;
	return GH_OK;
}

static gh_result hash_runs(const struct gh_merkle_run *runs, size_t count, gh_merkle_range range,
                           void *context, uint8_t proof[GH_MERKLE_PROOF_MAX][GH_MERKLE_HASH_BYTES])
{
	for (size_t i = 0; i < count; i++)
		GH_TRY(range(context, runs[i].begin, runs[i].end, proof[i]));
	return GH_OK;
}

gh_result gh_merkle_inclusion(uint64_t index, uint64_t size, gh_merkle_range range, void *context,
                              uint8_t proof[GH_MERKLE_PROOF_MAX][GH_MERKLE_HASH_BYTES],
                              size_t *count)
{
	struct gh_merkle_run runs[GH_MERKLE_PROOF_MAX];

	GH_TRY(gh_merkle_inclusion_runs(index, size, runs, count));
	return hash_runs(runs, *count, range, context, proof);
}

gh_result gh_merkle_consistency(uint64_t size1, uint64_t size2, gh_merkle_range range,
                                void *context,
                                uint8_t proof[GH_MERKLE_PROOF_MAX][GH_MERKLE_HASH_BYTES],
                                size_t *count)
{
	struct gh_merkle_run runs[GH_MERKLE_PROOF_MAX];

	GH_TRY(gh_merkle_consistency_runs(size1, size2, runs, count));
	return hash_runs(runs, *count, range, context, proof);
}

const uint8_t *gh_merkle_edge_node(const struct gh_merkle *tree, uint64_t begin, uint64_t end)
{
	uint64_t at = 0;
	size_t i = 0;

	for (unsigned bit = 64; bit-- > 0;) {
		uint64_t width = UINT64_C(1) << bit;

		if (!(tree->size & width))
			continue;
		if (at == begin && at + width == end)
			return tree->edge[i];
		at += width;
		i++;
	}
	return NULL;
}
