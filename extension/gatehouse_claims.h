/* gatehouse_claims.h: what the files of the module share. The module lets a session act for a
 * tenant only after PostgreSQL itself has verified a token that the gateway's key holder signed:
 * code in the application, or SQL that somebody smuggled into it, cannot name a tenant. */
#ifndef GATEHOUSE_CLAIMS_H
#define GATEHOUSE_CLAIMS_H

#include "postgres.h"

#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include <openssl/evp.h>

#define TOKEN_MAX_BYTES 4096
#define TOKEN_MAX_TTL_S 60
#define TOKEN_SKEW_S    5 /* an issuer's clock may run ahead so far; exp has no slack */
#define KEY_FILE_MAX    (64 * 1024)
#define KEYS_MAX        16
#define KID_MAX_BYTES   128
#define SHA256_BYTES    32

/* keys.c: the JWK set named by gatehouse.key_file. */

/* Reads the file again when it changed; looks at most once a second. Every change of the set raises
 * the generation, so that nothing verified under a withdrawn key stays cached. */
uint32 keys_generation(void);
/* NULL when there is none of this name. Borrowed until the next keys_generation(). */
EVP_PKEY *keys_find(const char *kid, size_t kid_len);

/* token.c: one database token. */

struct db_claims {
	pg_uuid_t tenant;
	int64 exp;  /* seconds since 1970 */
	char *json; /* the payload as jsonb prints it: one spelling, no duplicate members */
};

/* NULL and *out (json in the current memory context) when the token holds; else why not, for the
 * server's log only. RFC 7515, RFC 7519, RFC 8725. */
const char *token_verify(const char *token, size_t len, const char *issuer, int64 now_s,
                         struct db_claims *out);
/* Exactly one spelling (RFC 4648 section 5, no padding, no stray bits). -1 when malformed or over
 * `max`; else the number of bytes. */
ssize_t base64url_decode(const char *text, size_t len, uint8 *out, size_t max);
/* A string member of a jsonb object. False when absent or of another type. Not copied. */
bool jsonb_string(Jsonb *object, const char *name, const char **text, size_t *len);
/* jsonb_in without letting its error escape: NULL when it is no JSON object in valid UTF-8. */
Jsonb *parse_object(const uint8 *bytes, size_t len);

/* guard.c: what a session of ours may do besides SELECT, INSERT, UPDATE, DELETE and MERGE. */

void guard_init(void);

#endif
