/* custom.h: what a tenant adds to the scanner: patterns and words that are classes of their own,
 * and values that are never reported. A set is compiled once, is immutable from then on and is
 * shared by threads and by all snapshots of a tenant that name its digest.
 *
 * A definition is a JSON object that holds one of
 *
 *     "regex"   a pattern or up to 16 of them, in Hyperscan's dialect (PCRE without references,
 *               look-around and unbounded repeats), each matching 1 to 256 bytes
 *     "words"   up to 10,000 words or phrases of 2 to 100 bytes, found as whole words
 *     "allow"   up to 10,000 values that are never reported, compared without regard to case
 *
 * and may hold "caseless" (false for a regex, true for words), "confidence" (1 to 100; 95), "modes"
 * ({channel: mode}; the others follow class "custom" of the tenant's table), "match" and "no_match"
 * (up to 50 texts each, in which something must and must not be found; a regex wants a "match"). */
#ifndef GH_PII_CUSTOM_H
#define GH_PII_CUSTOM_H

#include "base/buf.h"
#include "pii/scan.h"

#define GH_PII_CUSTOM_MAX         64 /* definitions in a set */
#define GH_PII_CUSTOM_NAME_MAX    32
#define GH_PII_CUSTOM_MAX_BYTES   ((size_t)1 << 20) /* of one definition */
#define GH_PII_CUSTOM_SET_BYTES   ((size_t)2 << 20) /* of all of them */
#define GH_PII_CUSTOM_MAX_WIDTH   256
#define GH_PII_CUSTOM_MAX_WORDS   10000
#define GH_PII_CUSTOM_MAX_REGEXES 256 /* in a set */
#define GH_PII_CUSTOM_DIGEST_HEX  33

struct gh_pii_definition {
	struct gh_slice name; /* [a-z][a-z0-9_]*, no name of a built-in class */
	struct gh_slice json;
};

struct gh_pii_custom;

/* GH_E_FORMAT for a name that cannot be one. */
gh_result gh_pii_custom_name_check(struct gh_slice name);

/* SHA-256 over names and definitions, in the order given. */
void gh_pii_custom_digest(const struct gh_pii_definition *definitions, size_t count,
                          uint8_t out[32]);

/* Compiles a set; definitions come sorted by name. GH_E_FORMAT or GH_E_LIMIT, with a text that
 * names the definition and says how to mend it. Time and memory are bounded by nothing but what
 * Hyperscan makes of it: first have gh_pii_custom_try look at what was not compiled before. */
gh_result gh_pii_custom_compile(const struct gh_pii_definition *definitions, size_t count,
                                struct gh_pii_custom **out);
void gh_pii_custom_hold(struct gh_pii_custom *custom);
void gh_pii_custom_release(struct gh_pii_custom *custom); /* NULL is fine */
/* Whether the caller's is the last reference. */
bool gh_pii_custom_is_idle(const struct gh_pii_custom *custom);

/* What a trial measured. */
struct gh_pii_trial {
	uint64_t compile_us;       /* CPU time */
	uint64_t database_bytes;   /* Hyperscan's */
	uint64_t bytes_per_second; /* on texts made to be slow, the set's own examples among them */
};

/* What a set must be able to do. */
#define GH_PII_TRIAL_CPU_S      2 /* compiling and trying, or it is stopped */
#define GH_PII_TRIAL_MEMORY     ((uint64_t)1 << 30)
#define GH_PII_TRIAL_DATABASE   ((uint64_t)8 << 20)
#define GH_PII_TRIAL_PER_SECOND ((uint64_t)20000000)
#define GH_PII_TRIAL_COMPILE_US 500000

/* Compiles the set in a child process of bounded time and memory, runs every example, and measures
 * it. GH_OK: gh_pii_custom_compile will do, quickly. GH_E_FORMAT, GH_E_LIMIT with a text for people
 * otherwise. Blocks for up to twice GH_PII_TRIAL_CPU_S. */
gh_result gh_pii_custom_try(const struct gh_pii_definition *definitions, size_t count,
                            struct gh_pii_trial *out);

/* ---- a compiled set ---- */

size_t gh_pii_custom_count(const struct gh_pii_custom *custom);
const char *gh_pii_custom_name(const struct gh_pii_custom *custom, size_t index);
/* GH_PII_MODE_COUNT: the definition does not say. */
enum gh_pii_mode gh_pii_custom_mode(const struct gh_pii_custom *custom, size_t index,
                                    enum gh_pii_channel channel);
/* The longest match that a definition can have, in bytes. */
size_t gh_pii_custom_width(const struct gh_pii_custom *custom);
/* The first 128 bits of its digest, in hex. */
void gh_pii_custom_digest_hex(const struct gh_pii_custom *custom,
                              char out[GH_PII_CUSTOM_DIGEST_HEX]);
uint64_t gh_pii_custom_database_bytes(const struct gh_pii_custom *custom);

/* Adds the set's matches in `text` (folded, any bytes) to `out`, in no order; their class is
 * GH_PII_CUSTOM. For the scanner. */
gh_result gh_pii_custom_find(struct gh_pii_custom *custom, struct gh_slice text,
                             struct gh_pii_matches *out);
/* Whether a value is never to be reported. */
bool gh_pii_custom_allows(const struct gh_pii_custom *custom, struct gh_slice value);

#endif
