/* address.h: inside this room: postal addresses, from the number that each of them holds. */
#ifndef GH_PII_ADDRESS_H
#define GH_PII_ADDRESS_H

#include <stddef.h>

struct gh_pii_scan;

/* `at`: the first digit of a run. */
void gh_pii_detect_address(struct gh_pii_scan *scan, size_t at);

#endif
