/* decode.h: inside this room: personal data behind one level of base64, base64url, hexadecimal or
 * percent encoding. Long words are noted while the text is walked; when everything else is settled,
 * runs that decode to plausible text are scanned by the same detectors. A finding stands for the
 * whole run, or for its very bytes where the encoding is by percent signs. Credentials stay what
 * they are: a token is not looked into. Linear in the text. */
#ifndef GH_PII_DECODE_H
#define GH_PII_DECODE_H

#include "pii/scan.h"

#define GH_PII_ENCODED_LEAST 16 /* bytes: shorter runs hold nothing worth the search */

struct gh_pii_run {
	uint32_t start, end;
	uint32_t word; /* where its first long word begins: what is before may be no part of it */
};

/* Zeroed is empty; memory is kept over calls and freed, wiped, by gh_pii_decoder_free. */
struct gh_pii_decoder {
	int8_t value[256]; /* of a base64 or base64url digit; -1: none */
	bool is_made;
	uint8_t *text; /* decoded */
	size_t capacity;
	struct gh_pii_run *runs;
	size_t run_count, run_capacity;
	struct gh_pii_matches inner; /* of one run */
	struct gh_pii_match *found;  /* of all, told in the outer text's bytes */
	size_t found_count, found_capacity;
};

/* A word of [start, end) may be a part of an encoded run. False: out of memory. */
bool gh_pii_decoder_note(struct gh_pii_decoder *decoder, struct gh_slice text, size_t start,
                         size_t end);
/* Looks into the noted runs, and into what is percent-encoded, and merges what is found into
 * `out`, which is settled already and holds the places of `text`; `key` as in struct gh_pii_scan.
 * GH_E_MEMORY, GH_E_LIMIT. Forgets the runs. */
gh_result gh_pii_decoder_look(struct gh_pii_decoder *decoder, struct gh_slice text, uint64_t key,
                              struct gh_pii_matches *out);
void gh_pii_decoder_free(struct gh_pii_decoder *decoder);

#endif
