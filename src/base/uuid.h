/* uuid.h: UUIDs as 16 bytes. New ones are version 7 (RFC 9562 section 5.7): millisecond time, then
 * random bits, so that they sort by age and keep database indexes dense. */
#ifndef GH_BASE_UUID_H
#define GH_BASE_UUID_H

#include "base/result.h"
#include "base/slice.h"

struct gh_uuid {
	uint8_t bytes[16];
};

#define GH_UUID_TEXT_BYTES 37

/* Ends the process when the kernel has no randomness: nothing safe can be done then. */
struct gh_uuid gh_uuid_v7(void);
void gh_uuid_format(const struct gh_uuid *uuid, char out[GH_UUID_TEXT_BYTES]); /* lower case */
/* Lower case, 8-4-4-4-12; anything else is GH_E_FORMAT. */
gh_result gh_uuid_parse(struct gh_slice text, struct gh_uuid *out);
bool gh_uuid_eq(const struct gh_uuid *a, const struct gh_uuid *b);

#endif
