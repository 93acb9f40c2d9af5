/* codec.h: hex, base64 and base64url. Decoders are strict: one spelling for each value (RFC 4648
 * section 3.5: no stray bits, no whitespace, padding exactly as the form asks). */
#ifndef GH_BASE_CODEC_H
#define GH_BASE_CODEC_H

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"

void gh_hex_encode(struct gh_slice in, char *out); /* lower case; writes 2*len + 1 bytes with NUL */
gh_result gh_hex_decode(struct gh_slice text, uint8_t *out, size_t out_len); /* exactly out_len */

void gh_base64_encode(struct gh_slice in, struct gh_buf *out);    /* + / with padding */
void gh_base64url_encode(struct gh_slice in, struct gh_buf *out); /* - _ without padding */
gh_result gh_base64_decode(struct gh_slice text, struct gh_buf *out);
gh_result gh_base64url_decode(struct gh_slice text, struct gh_buf *out);

#endif
