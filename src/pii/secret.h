/* secret.h: inside this room: whether a value is worth the name of a secret. */
#ifndef GH_PII_SECRET_H
#define GH_PII_SECRET_H

#include "pii/detect.h"

/* ${VAR}, {{…}}, <…>, os.environ[…], XXXX, ****, changeme, your-key-here … */
bool gh_pii_is_no_secret(struct gh_slice value);
/* What a password policy would ask for: digits and letters, or a sign among letters. */
bool gh_pii_is_mixed(struct gh_slice value);
/* What a generator makes: long, and none of: words, paths, versions, dates, UUID-less text. */
bool gh_pii_is_random(struct gh_slice value, size_t least);

#endif
