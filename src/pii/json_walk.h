/* json_walk.h: changes string leaves of a JSON text and leaves every other byte as it was: key
 * order, numbers, spacing, unknown members, escapes. Validates as it goes (RFC 8259, UTF-8, depth
 * 64): what is not JSON is refused, never half rewritten. */
#ifndef GH_PII_JSON_WALK_H
#define GH_PII_JSON_WALK_H

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"

#define GH_JSON_WALK_DEPTH 64

/* Where a leaf stands. */
struct gh_json_place {
	struct gh_slice key; /* of the nearest object member: "content" also for its array items */
	struct gh_slice parent; /* the member above that: "delta", "function"; empty at the top */
	size_t choice;          /* index within the nearest array under "choices" or the top's */
	int depth;
	/* The way down: the object or array that this one stands in, NULL at the top. */
	const struct gh_json_place *up;
	bool in_array; /* stands there as item `index`, not as member `key` */
	size_t index;
};

/* Appends the JSON pointer of a place (RFC 6901); member names in their raw spelling. */
void gh_json_place_path(const struct gh_json_place *place, struct gh_buf *out);

struct gh_json_leaf {
	const struct gh_json_place *place;
	struct gh_slice text; /* decoded; of a number, its characters */
	size_t at;            /* where it begins in the JSON text; of a string, its quote */
	bool is_number;
};

/* From places in a string leaf's decoded text to places in the JSON text, going forward only.
 * Begins as { leaf->at + 1, 0 }. */
struct gh_json_cursor {
	size_t raw, decoded;
};
void gh_json_advance(struct gh_slice raw, struct gh_json_cursor *cursor, size_t decoded);

/* Decides about one leaf. Set *changed and append the new text (decoded) to `out` to replace it; a
 * number that is replaced becomes a string. */
typedef enum gh_code gh_json_leaf_fn(void *context, const struct gh_json_leaf *leaf,
                                     struct gh_buf *out, bool *changed);

/* Appends the rewritten text to `out`. GH_E_FORMAT for what is not JSON. */
gh_result gh_json_walk(struct gh_slice raw, gh_json_leaf_fn *leaf, void *context,
                       struct gh_buf *out);

#endif
