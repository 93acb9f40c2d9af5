/* json.h: JSON out, two ways. gh_json_* writes text straight into a buffer, for logs and the hot
 * path; gh_jcs writes a jansson tree in canonical form (RFC 8785), for everything that is hashed or
 * signed. Parsing is jansson's, always through gh_json_parse, which holds the limits. */
#ifndef GH_BASE_JSON_H
#define GH_BASE_JSON_H

#include <jansson.h>

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"

/* Depth at most 64, no duplicate keys, valid UTF-8, no NUL inside strings, nothing after the value.
 * The caller owns *out (json_decref). */
gh_result gh_json_parse(struct gh_slice text, json_t **out);
void gh_json_decref_ptr(json_t **value); /* for GH_CLEANUP */

/* Canonical JSON. Integers must be within ±(2^53-1); reals are refused, since every number that we
 * sign is an integer: GH_E_ARGUMENT. */
gh_result gh_jcs(const json_t *value, struct gh_buf *out);

/* A quoted, escaped string. Bytes that are not UTF-8 become U+FFFD. Escapes as RFC 8785 asks. */
void gh_json_add_string(struct gh_buf *out, struct gh_slice text);

/* How many bytes of `text` stand in a JSON string as they are, up to the first quote, backslash,
 * control character or byte beyond ASCII (RFC 8259 section 7). */
size_t gh_json_plain(const uint8_t *text, size_t len);

/* A small writer for objects: begins with "{", knows when a comma is due. Keys are literals. */
struct gh_json_writer {
	struct gh_buf *out;
	bool comma;
};
void gh_json_begin(struct gh_json_writer *writer, struct gh_buf *out);
void gh_json_key(struct gh_json_writer *writer, const char *key); /* then append the value to out */
void gh_json_str(struct gh_json_writer *writer, const char *key, const char *value);
void gh_json_slice(struct gh_json_writer *writer, const char *key, struct gh_slice value);
void gh_json_int(struct gh_json_writer *writer, const char *key, int64_t value);
void gh_json_bool(struct gh_json_writer *writer, const char *key, bool value);
void gh_json_raw(struct gh_json_writer *writer, const char *key, struct gh_slice json);
void gh_json_end(struct gh_json_writer *writer);

#endif
