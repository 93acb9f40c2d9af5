/* The verifiers walk (index, size) as RFC 9162 writes them: fn and sn are the node's number and the
 * last node's number on the current level. Nothing is read from a proof but its hashes. */
#include "crypto/merkle_verify.h"

#include <stdbool.h>
#include <string.h>

#include "crypto/hash.h"

void gh_merkle_hash_leaf(struct gh_slice entry, uint8_t out[GH_MERKLE_HASH_BYTES])
{
	const struct gh_slice parts[] = { gh_slice("\x00", 1), entry };

	gh_sha256_of(parts, GH_ARRAY_LEN(parts), out);
}

void gh_merkle_hash_node(const uint8_t left[GH_MERKLE_HASH_BYTES],
                         const uint8_t right[GH_MERKLE_HASH_BYTES],
                         uint8_t out[GH_MERKLE_HASH_BYTES])
{
	uint8_t block[1 + 2 * GH_MERKLE_HASH_BYTES];

	block[0] = 1;
	memcpy(block + 1, left, GH_MERKLE_HASH_BYTES);
	memcpy(block + 1 + GH_MERKLE_HASH_BYTES, right, GH_MERKLE_HASH_BYTES);
	gh_sha256(gh_slice(block, sizeof block), out);
}

void gh_merkle_hash_empty(uint8_t out[GH_MERKLE_HASH_BYTES])
{
	gh_sha256(gh_slice("", 0), out);
}

/* One level up; after a right child or the last node, up to the next level where there is a left
 * neighbour to hash with. */
static void climb(uint64_t *fn, uint64_t *sn, bool had_left_neighbour)
{
	if (had_left_neighbour)
		while (!(*fn & 1) && *fn != 0) {
			*fn >>= 1;
			*sn >>= 1;
		}
	*fn >>= 1;
	*sn >>= 1;
}

gh_result gh_merkle_verify_inclusion(uint64_t index, uint64_t size,
                                     const uint8_t leaf[GH_MERKLE_HASH_BYTES],
                                     const uint8_t (*proof)[GH_MERKLE_HASH_BYTES], size_t count,
                                     const uint8_t root[GH_MERKLE_HASH_BYTES])
{
	uint8_t node[GH_MERKLE_HASH_BYTES];

	GH_ENSURE(index < size, GH_E_FORMAT, "a leaf's index is not below the tree's size");
	uint64_t fn = index, sn = size - 1;

	memcpy(node, leaf, sizeof node);
	for (size_t i = 0; i < count; i++) {
		GH_ENSURE(sn != 0, GH_E_FORMAT, "an inclusion proof is too long");
		bool left_neighbour = (fn & 1) || fn == sn;
		if (left_neighbour)
			gh_merkle_hash_node(proof[i], node, node);
		else
			gh_merkle_hash_node(node, proof[i], node);
		climb(&fn, &sn, left_neighbour);
	}
	GH_ENSURE(sn == 0, GH_E_FORMAT, "an inclusion proof is too short");
	GH_ENSURE(memcmp(node, root, sizeof node) == 0, GH_E_CRYPTO,
	          "an inclusion proof does not lead to the root");
	return GH_OK;
}

/* 0 < size1 < size2. */
static gh_result walk_consistency(uint64_t size1, uint64_t size2,
                                  const uint8_t root1[GH_MERKLE_HASH_BYTES],
                                  const uint8_t root2[GH_MERKLE_HASH_BYTES],
                                  const uint8_t (*proof)[GH_MERKLE_HASH_BYTES], size_t count)
{
	uint8_t old_node[GH_MERKLE_HASH_BYTES], new_node[GH_MERKLE_HASH_BYTES];
	uint64_t fn = size1 - 1, sn = size2 - 1;
	size_t next = 0;

	GH_ENSURE(count > 0, GH_E_FORMAT, "a consistency proof is empty");
	for (; fn & 1; fn >>= 1)
		sn >>= 1;
	/* When size1 is a power of two its root is itself the first node, and is left out. */
	memcpy(old_node, (size1 & (size1 - 1)) == 0 ? root1 : proof[next++], sizeof old_node);
	memcpy(new_node, old_node, sizeof new_node);

	for (; next < count; next++) {
		GH_ENSURE(sn != 0, GH_E_FORMAT, "a consistency proof is too long");
		bool left_neighbour = (fn & 1) || fn == sn;
		if (left_neighbour) {
			gh_merkle_hash_node(proof[next], old_node, old_node);
			gh_merkle_hash_node(proof[next], new_node, new_node);
		} else {
			gh_merkle_hash_node(new_node, proof[next], new_node);
		}
		climb(&fn, &sn, left_neighbour);
	}
	GH_ENSURE(sn == 0, GH_E_FORMAT, "a consistency proof is too short");
	GH_ENSURE(memcmp(old_node, root1, sizeof old_node) == 0, GH_E_CRYPTO,
	          "a consistency proof does not lead to the old root");
	GH_ENSURE(memcmp(new_node, root2, sizeof new_node) == 0, GH_E_CRYPTO,
	          "a consistency proof does not lead to the new root");
	return GH_OK;
}

gh_result gh_merkle_verify_consistency(uint64_t size1, uint64_t size2,
                                       const uint8_t root1[GH_MERKLE_HASH_BYTES],
                                       const uint8_t root2[GH_MERKLE_HASH_BYTES],
                                       const uint8_t (*proof)[GH_MERKLE_HASH_BYTES], size_t count)
{
	GH_ENSURE(size1 <= size2, GH_E_FORMAT, "a tree cannot extend a larger one");
	GH_ENSURE(size1 > 0, GH_E_FORMAT, "that a tree extends the empty one says nothing");
	if (size1 < size2)
		return walk_consistency(size1, size2, root1, root2, proof, count);
	GH_ENSURE(count == 0, GH_E_FORMAT, "a consistency proof is too long");
	GH_ENSURE(memcmp(root1, root2, GH_MERKLE_HASH_BYTES) == 0, GH_E_CRYPTO,
	          "two trees of one size have different roots");
	return GH_OK;
}
