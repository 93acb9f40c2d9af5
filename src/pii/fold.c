/* Folding copies only when it must: plain ASCII, and text without any of these characters, is
 * scanned where it lies. What changes is remembered as points at which the two texts part. */
#include "pii/fold.h"

#include <stdlib.h>

#include "base/secret.h"

#define KEEP   -1 /* not one of ours */
#define VANISH 0  /* leaves nothing behind */

static int fold_e2(const uint8_t *s)
{
	if (s[1] == 0x80) {
		if (s[2] >= 0x8b && s[2] <= 0x8f)
			return VANISH;
		if (s[2] <= 0x8a || s[2] == 0xaf)
			return ' ';
		if (s[2] >= 0x90 && s[2] <= 0x95)
			return '-';
		if (s[2] == 0x98 || s[2] == 0x99)
			return '\'';
		if (s[2] == 0x9c || s[2] == 0x9d)
			return '"';
	}
	if (s[1] == 0x81 && s[2] == 0xa0)
		return VANISH;
	return s[1] == 0x88 && s[2] == 0x92 ? '-' : KEEP;
}

/* Full-width forms U+FF01 to U+FF5E, and the byte order mark. */
static int fold_ef(const uint8_t *s)
{
	if (s[1] == 0xbc && s[2] >= 0x81 && s[2] <= 0xbf)
		return s[2] - 0x81 + 0x21;
	if (s[1] == 0xbd && s[2] >= 0x80 && s[2] <= 0x9e)
		return s[2] - 0x80 + 0x60;
	return s[1] == 0xbb && s[2] == 0xbf ? VANISH : KEEP;
}

/* What the character at `s` becomes; *len is how many bytes it has. */
static int fold_one(const uint8_t *s, size_t left, size_t *len)
{
	*len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || *len > left) {
		*len = 1;
		return KEEP;
	}
	switch (s[0]) {
	case 0xc2: return s[1] == 0xa0 ? ' ' : s[1] == 0xad ? VANISH : KEEP;
	case 0xd9: return s[1] >= 0xa0 && s[1] <= 0xa9 ? '0' + s[1] - 0xa0 : KEEP;
	case 0xdb: return s[1] >= 0xb0 && s[1] <= 0xb9 ? '0' + s[1] - 0xb0 : KEEP;
	case 0xe0: return s[1] == 0xa5 && s[2] >= 0xa6 && s[2] <= 0xaf ? '0' + s[2] - 0xa6 : KEEP;
	case 0xe2: return fold_e2(s);
	case 0xe3: return s[1] == 0x80 && s[2] == 0x80 ? ' ' : KEEP;
	case 0xef: return fold_ef(s);
	case 0xf0: /* mathematical digits, five styles of ten */
		return s[1] == 0x9d && s[2] == 0x9f && s[3] >= 0x8e && s[3] <= 0xbf
		           ? '0' + (s[3] - 0x8e) % 10
		           : KEEP;
	default: return KEEP;
	}
}

/* The next byte beyond ASCII at or after `at`. */
static size_t next_high(struct gh_slice text, size_t at)
{
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t eight[4];

	for (; text.len - at >= sizeof eight; at += sizeof eight) {
		memcpy(eight, text.data + at, sizeof eight);
		if ((eight[0] | eight[1] | eight[2] | eight[3]) & high)
			break;
	}
	for (; text.len - at >= 8; at += 8) {
		memcpy(eight, text.data + at, 8);
		if (eight[0] & high)
			break;
	}
	while (at < text.len && text.data[at] < 0x80)
		at++;
	return at;
}

static bool add_point(struct gh_pii_fold *fold, size_t folded, size_t original, bool vanished)
{
	if (fold->point_count == fold->point_capacity) {
		size_t capacity = fold->point_capacity ? fold->point_capacity * 2 : 64;
		struct gh_pii_fold_point *points = realloc(fold->points, capacity * sizeof *points);
		if (!points)
			return false;
		fold->points = points;
		fold->point_capacity = capacity;
	}
	fold->points[fold->point_count++] = (struct gh_pii_fold_point){
		.folded = (uint32_t)folded,
		.original = (uint32_t)original & 0x7fffffff,
		.vanished = vanished,
	};
	return true;
}

static bool make_room(struct gh_pii_fold *fold, size_t len)
{
	if (fold->text_capacity >= len)
		return true;
	gh_wipe(fold->text, fold->text_capacity);
	free(fold->text);
	fold->text = malloc(len);
	fold->text_capacity = fold->text ? len : 0;
	return fold->text != NULL;
}

gh_result gh_pii_fold_text(struct gh_pii_fold *fold, struct gh_slice text, struct gh_slice *out)
{
	size_t done = 0, written = 0, len;

	fold->point_count = 0;
	fold->is_ascii = true;
	*out = text;
	for (size_t at = 0; (at = next_high(text, at)) < text.len; at += len) {
		fold->is_ascii = false;
		int to = fold_one(text.data + at, text.len - at, &len);
		if (to == KEEP)
			continue;
		if (fold->point_count == 0)
			GH_ENSURE(make_room(fold, text.len), GH_E_MEMORY, "out of memory");
		memcpy(fold->text + written, text.data + done, at - done);
		written += at - done;
		if (to != VANISH)
			fold->text[written++] = (uint8_t)to;
		done = at + len;
		GH_ENSURE(add_point(fold, written, done, to == VANISH), GH_E_MEMORY,
		          "out of memory");
	}
	if (fold->point_count > 0) {
		memcpy(fold->text + written, text.data + done, text.len - done);
		*out = gh_slice(fold->text, written + text.len - done);
	}
	return GH_OK;
}

/* How many points lie before `at`, or at it when `inclusive`. */
static size_t points_before(const struct gh_pii_fold *fold, size_t at, bool inclusive)
{
	size_t low = 0, high = fold->point_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (fold->points[middle].folded < at + inclusive)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t map(const struct gh_pii_fold *fold, size_t at, bool inclusive)
{
	size_t count = points_before(fold, at, inclusive);

	if (count == 0)
		return at;
	const struct gh_pii_fold_point *point = &fold->points[count - 1];
	return point->original + (at - point->folded);
}

size_t gh_pii_fold_start(const struct gh_pii_fold *fold, size_t at)
{
	return map(fold, at, true);
}

size_t gh_pii_fold_end(const struct gh_pii_fold *fold, size_t at)
{
	size_t next = points_before(fold, at, false);

	/* The last character folded itself: behind all of its bytes. */
	if (next < fold->point_count && fold->points[next].folded == at &&
	    !fold->points[next].vanished)
		return fold->points[next].original;
	return map(fold, at, false);
}

size_t gh_pii_fold_of(const struct gh_pii_fold *fold, size_t original)
{
	size_t low = 0, high = fold->point_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (fold->points[middle].original <= original)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return original;
	const struct gh_pii_fold_point *point = &fold->points[low - 1];
	size_t at = point->folded + (original - point->original);
	/* Within what was folded away: where that stands. */
	return low < fold->point_count && at > fold->points[low].folded ? fold->points[low].folded
	                                                                : at;
}

void gh_pii_fold_free(struct gh_pii_fold *fold)
{
	gh_wipe(fold->text, fold->text_capacity);
	free(fold->text);
	free(fold->points);
	*fold = (struct gh_pii_fold){ 0 };
}
