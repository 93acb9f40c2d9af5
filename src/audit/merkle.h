/* merkle.h: the RFC 6962 tree as a compact range, so that appending needs the right edge only, and
 * the proofs of RFC 9162 section 2.1 from whoever can give the hash of a run of leaves. */
#ifndef GH_AUDIT_MERKLE_H
#define GH_AUDIT_MERKLE_H

#include "crypto/merkle_verify.h"

#define GH_MERKLE_EDGE_MAX 64

/* A plain value: copy it to remember a size. `edge` holds one node for each 1 bit of `size`,
 * largest subtree first; `{ 0 }` is the empty tree. Written by the functions below only. */
struct gh_merkle {
	uint64_t size;
	size_t height; /* nodes on the edge */
	uint8_t edge[GH_MERKLE_EDGE_MAX][GH_MERKLE_HASH_BYTES];
};

/* Starts from a stored right edge of `count` nodes. GH_E_CORRUPT when count and size disagree. */
gh_result gh_merkle_open(uint64_t size, struct gh_slice edge, struct gh_merkle *out);
/* The stored form: 32 bytes a node. Valid until the tree changes. */
struct gh_slice gh_merkle_edge(const struct gh_merkle *tree);

/* Appends one leaf: `entry` is hashed with the 0x00 prefix and not kept. */
gh_result gh_merkle_append(struct gh_merkle *tree, struct gh_slice entry);
gh_result gh_merkle_append_leaf(struct gh_merkle *tree, const uint8_t leaf[GH_MERKLE_HASH_BYTES]);

/* Root over all leaves so far; for an empty tree SHA-256 of nothing. */
void gh_merkle_root(const struct gh_merkle *tree, uint8_t root[GH_MERKLE_HASH_BYTES]);

/* Gives MTH(D[begin:end]), the RFC 6962 hash of the leaves begin..end-1. Called with begin < end,
 * and begin is a multiple of the smallest power of two that is not below end - begin. */
typedef gh_result (*gh_merkle_range)(void *context, uint64_t begin, uint64_t end,
                                     uint8_t hash[GH_MERKLE_HASH_BYTES]);

/* The runs of leaves whose hashes make a proof, in the proof's order (at most GH_MERKLE_PROOF_MAX).
 * GH_E_ARGUMENT when index >= size, or size1 > size2. */
struct gh_merkle_run {
	uint64_t begin, end;
};
gh_result gh_merkle_inclusion_runs(uint64_t index, uint64_t size,
                                   struct gh_merkle_run runs[GH_MERKLE_PROOF_MAX], size_t *count);
gh_result gh_merkle_consistency_runs(uint64_t size1, uint64_t size2,
                                     struct gh_merkle_run runs[GH_MERKLE_PROOF_MAX], size_t *count);

/* The proofs of crypto/merkle_verify.h. */
gh_result gh_merkle_inclusion(uint64_t index, uint64_t size, gh_merkle_range range, void *context,
                              uint8_t proof[GH_MERKLE_PROOF_MAX][GH_MERKLE_HASH_BYTES],
                              size_t *count);
gh_result gh_merkle_consistency(uint64_t size1, uint64_t size2, gh_merkle_range range,
                                void *context,
                                uint8_t proof[GH_MERKLE_PROOF_MAX][GH_MERKLE_HASH_BYTES],
                                size_t *count);

/* The node of `tree`'s edge that covers exactly [begin, end), or NULL. */
const uint8_t *gh_merkle_edge_node(const struct gh_merkle *tree, uint64_t begin, uint64_t end);

#endif
