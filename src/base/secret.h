/* secret.h: constant time, wiped, bounded. Greppable names for the three things secrets need.
 * base/ has no OpenSSL; the wipe is explicit_bzero, which is what OPENSSL_cleanse promises. */
#ifndef GH_BASE_SECRET_H
#define GH_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Time depends on len only. */
bool gh_secret_eq(const void *a, const void *b, size_t len);
void gh_wipe(void *data, size_t len); /* NULL is fine */
/* Wipes a NUL-terminated string and frees it. NULL is fine. */
void gh_wipe_free(char *text);
/* Pages that never reach swap or a core dump. Fails with NULL. Freed by gh_secret_free. */
void *gh_secret_alloc(size_t len);
void gh_secret_free(void *data, size_t len);
/* No core dumps, no ptrace by others of the same user. Called once by every process at its start.
 */
void gh_process_harden(void);

#endif
