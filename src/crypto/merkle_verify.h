/* merkle_verify.h: the hashes and the two proofs of an RFC 6962 log (as written down in RFC 9162
 * section 2.1), for whoever checks a log without holding it: the keeper before it signs, `log
 * verify`, auditors' tools. Pure functions, no state, no allocation. */
#ifndef GH_CRYPTO_MERKLE_VERIFY_H
#define GH_CRYPTO_MERKLE_VERIFY_H

#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

#define GH_MERKLE_HASH_BYTES 32
/* No proof over 2^64 leaves is longer: 64 for inclusion, one more for consistency. */
#define GH_MERKLE_PROOF_MAX 65

/* RFC 9162 section 2.1.1: SHA-256(0x00 || entry), SHA-256(0x01 || left || right), SHA-256("").
 * `out` may be `left` or `right`. */
void gh_merkle_hash_leaf(struct gh_slice entry, uint8_t out[GH_MERKLE_HASH_BYTES]);
void gh_merkle_hash_node(const uint8_t left[GH_MERKLE_HASH_BYTES],
                         const uint8_t right[GH_MERKLE_HASH_BYTES],
                         uint8_t out[GH_MERKLE_HASH_BYTES]);
void gh_merkle_hash_empty(uint8_t out[GH_MERKLE_HASH_BYTES]);

/* RFC 9162 section 2.1.3.2: `leaf` (a leaf hash) is entry `index` of the tree (size, root). `proof`
 * runs from the leaf's sibling up. GH_E_FORMAT when index >= size or the proof's length is not the
 * one that (index, size) asks for; GH_E_CRYPTO when the root differs. */
gh_result gh_merkle_verify_inclusion(uint64_t index, uint64_t size,
                                     const uint8_t leaf[GH_MERKLE_HASH_BYTES],
                                     const uint8_t (*proof)[GH_MERKLE_HASH_BYTES], size_t count,
                                     const uint8_t root[GH_MERKLE_HASH_BYTES]);

/* RFC 9162 section 2.1.4.2: the tree (size2, root2) extends (size1, root1). Equal sizes want equal
 * roots and an empty proof. GH_E_FORMAT for size1 = 0 (everything extends the empty tree, so that
 * such a proof says nothing: a caller who begins there decides it by itself), for size1 > size2 and
 * for a wrong length; GH_E_CRYPTO when a root differs. */
gh_result gh_merkle_verify_consistency(uint64_t size1, uint64_t size2,
                                       const uint8_t root1[GH_MERKLE_HASH_BYTES],
                                       const uint8_t root2[GH_MERKLE_HASH_BYTES],
                                       const uint8_t (*proof)[GH_MERKLE_HASH_BYTES], size_t count);

#endif
