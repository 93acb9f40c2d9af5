/* fold.h: inside this room: other spellings of the same character. Full-width and other digits,
 * letters and signs become ASCII; no-break and thin spaces a space; hyphens and dashes '-'; curly
 * quotes straight ones; zero-width characters and soft hyphens vanish. Matches are found in the
 * folded text and told in the bytes of the original. */
#ifndef GH_PII_FOLD_H
#define GH_PII_FOLD_H

#include "base/result.h"
#include "base/slice.h"

/* From `folded` on, to the next point, both texts run in step. In front of it stands what folded:
 * one byte, or none when it vanished. */
struct gh_pii_fold_point {
	uint32_t folded;
	uint32_t original : 31, vanished : 1; /* texts are shorter than 2^31 */
};

/* Zeroed is empty; memory is kept over calls and freed by gh_pii_fold_free. */
struct gh_pii_fold {
	uint8_t *text;
	size_t text_capacity;
	struct gh_pii_fold_point *points;
	size_t point_count, point_capacity;
	bool is_ascii; /* the text read last has no byte beyond ASCII */
};

/* *out is the text itself when nothing in it folds. GH_E_MEMORY. */
gh_result gh_pii_fold_text(struct gh_pii_fold *fold, struct gh_slice text, struct gh_slice *out);
/* Where a byte of the folded text begins, and where a match that ends there ends, in the original.
 */
size_t gh_pii_fold_start(const struct gh_pii_fold *fold, size_t at);
size_t gh_pii_fold_end(const struct gh_pii_fold *fold, size_t at);
/* Where a byte of the original went. */
size_t gh_pii_fold_of(const struct gh_pii_fold *fold, size_t original);
void gh_pii_fold_free(struct gh_pii_fold *fold); /* wipes */

#endif
