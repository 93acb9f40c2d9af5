#include "policy/pack/manifest.h"

#include <stdio.h>
#include <time.h>

#include "base/codec.h"
#include "base/json.h"
#include "policy/cedar/value.h"

#define MEMBERS 12
#define VERSION 1

bool gh_pack_time_parse(struct gh_slice text, int64_t *unix_s)
{
	int64_t ms;

	if (text.len != GH_PACK_TIME_BYTES - 1 || text.data[19] != 'Z' ||
	    !gh_cedar_parse_datetime(text, &ms) || ms < 0)
		return false;
	*unix_s = ms / 1000;
	return true;
}

void gh_pack_time_format(int64_t unix_s, char out[GH_PACK_TIME_BYTES])
{
	time_t at = (time_t)unix_s;
	struct tm utc;

	gmtime_r(&at, &utc);
	strftime(out, GH_PACK_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static struct gh_slice text_of(const json_t *json)
{
	return gh_slice(json_string_value(json), json_string_length(json));
}

static bool read_text(const json_t *json, char *out, size_t least)
{
	struct gh_slice text = text_of(json);

	if (!json_is_string(json) || text.len < least || text.len > GH_MANIFEST_TEXT)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < 0x20)
			return false;
	memcpy(out, text.data, text.len);
	out[text.len] = 0;
	return true;
}

/* Lower case: one digest has one spelling, or one manifest could have two. */
static bool read_digest(const json_t *json, uint8_t out[32])
{
	char again[65];

	if (!json_is_string(json) || gh_hex_decode(text_of(json), out, 32) != GH_OK)
		return false;
	gh_hex_encode(gh_slice(out, 32), again);
	return strcmp(again, json_string_value(json)) == 0;
}

static bool read_number(const json_t *json, uint64_t least, uint64_t most, uint64_t *out)
{
	if (!json_is_integer(json) || json_integer_value(json) < 0)
		return false;
	*out = (uint64_t)json_integer_value(json);
	return *out >= least && *out <= most;
}

static bool read_file(const json_t *json, struct gh_manifest_file *out)
{
	const json_t *path = json_object_get(json, "path");

	if (!json_is_object(json) || json_object_size(json) != 3 || !json_is_string(path) ||
	    !gh_tar_path_is_fine(text_of(path)) ||
	    !read_number(json_object_get(json, "size"), 0, GH_PACK_MAX_BYTES, &out->size) ||
	    !read_digest(json_object_get(json, "sha256"), out->sha256))
		return false;
	memcpy(out->path, json_string_value(path), json_string_length(path));
	out->path[json_string_length(path)] = 0;
	return true;
}

/* Ascending by path, as in the archive. */
static bool read_files(const json_t *json, struct gh_manifest *out)
{
	json_t *file;
	size_t i;

	if (!json_is_array(json) || json_array_size(json) == 0 ||
	    json_array_size(json) > GH_TAR_MAX_MEMBERS)
		return false;
	json_array_foreach((json_t *)(uintptr_t)json, i, file)
	{
		if (!read_file(file, &out->files[i]) ||
		    (i > 0 && strcmp(out->files[i - 1].path, out->files[i].path) >= 0))
			return false;
		out->file_count++;
	}
	return true;
}

static bool read_chain(const json_t *json, struct gh_manifest *out)
{
	const json_t *prev = json_object_get(json, "prev_digest");

	out->has_prev = !json_is_null(prev);
	return !out->has_prev || read_digest(prev, out->prev_digest);
}

/* The member at fault, or NULL. */
static const char *read_members(const json_t *json, struct gh_manifest *out)
{
	const json_t *language = json_object_get(json, "language");
	const json_t *strict = json_object_get(json, "strict_errors");
	uint64_t version;

	if (!read_number(json_object_get(json, "v"), VERSION, VERSION, &version))
		return "v";
	if (gh_uuid_parse(text_of(json_object_get(json, "tenant")), &out->tenant) != GH_OK)
		return "tenant";
	if (!read_text(json_object_get(json, "pack"), out->name, 1))
		return "pack";
	if (!read_text(json_object_get(json, "change"), out->change, 0))
		return "change";
	if (!read_number(json_object_get(json, "revision"), 1, GH_PACK_REVISION_MAX,
	                 &out->revision))
		return "revision";
	if (!read_number(json_object_get(json, "rollback_of"), 0, out->revision - 1,
	                 &out->rollback_of))
		return "rollback_of";
	if (!read_chain(json, out))
		return "prev_digest";
	if (!gh_pack_time_parse(text_of(json_object_get(json, "effective_from")),
	                        &out->effective_from_s))
		return "effective_from";
	if (!gh_pack_time_parse(text_of(json_object_get(json, "expires")), &out->expires_s) ||
	    out->expires_s <= out->effective_from_s)
		return "expires";
	if (!json_is_string(language))
		return "language";
	if (!json_is_boolean(strict))
		return "strict_errors";
	out->strict_errors = json_is_true(strict);
	return read_files(json_object_get(json, "files"), out) ? NULL : "files";
}

/* "cedar 4.5": a later minor may use what this engine does not know. */
static bool speaks(const char *language)
{
	unsigned major, minor, ours_major, ours_minor;
	char rest;

	return sscanf(language, "cedar %u.%u%c", &major, &minor, &rest) == 2 &&
	       sscanf(GH_PACK_LANGUAGE, "cedar %u.%u", &ours_major, &ours_minor) == 2 &&
	       major == ours_major && minor <= ours_minor;
}

gh_result gh_manifest_parse(struct gh_slice raw_json, struct gh_manifest *out,
                            struct gh_pack_refusal *why)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *json = NULL;
	GH_CLEANUP(gh_buf_free) struct gh_buf canonical = { .limit = GH_MANIFEST_MAX_BYTES };

	memset(out, 0, sizeof *out);
	if (raw_json.len > GH_MANIFEST_MAX_BYTES)
		return gh_pack_refuse(why, GH_PACK_TOO_LARGE, "manifest.json is over %d bytes",
		                      GH_MANIFEST_MAX_BYTES);
	if (gh_json_parse(raw_json, &json) != GH_OK || !json_is_object(json))
		return gh_pack_refuse(why, GH_PACK_BAD_MANIFEST,
		                      "manifest.json is not one JSON object");
	if (gh_jcs(json, &canonical) != GH_OK || !gh_slice_eq(gh_buf_slice(&canonical), raw_json))
		return gh_pack_refuse(why, GH_PACK_NOT_CANONICAL,
		                      "manifest.json is not canonical JSON (RFC 8785)");
	const char *fault = read_members(json, out);
	if (fault)
		return gh_pack_refuse(why, GH_PACK_BAD_MANIFEST,
		                      "manifest.json: %s is missing or wrong", fault);
	if (json_object_size(json) != MEMBERS)
		return gh_pack_refuse(why, GH_PACK_BAD_MANIFEST,
		                      "manifest.json has a member that is not known");
	const char *language = json_string_value(json_object_get(json, "language"));
	if (!speaks(language))
		return gh_pack_refuse(why, GH_PACK_LANGUAGE_TOO_NEW,
		                      "the pack is written in %.40s, this engine speaks %s",
		                      language, GH_PACK_LANGUAGE);
	return GH_OK;
}

static json_t *hex(const uint8_t digest[32])
{
	char text[65];

	gh_hex_encode(gh_slice(digest, 32), text);
	return json_string(text);
}

static json_t *when(int64_t unix_s)
{
	char text[GH_PACK_TIME_BYTES];

	gh_pack_time_format(unix_s, text);
	return json_string(text);
}

gh_result gh_manifest_write(const struct gh_manifest *manifest, struct gh_buf *out)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *json = json_object();
	char tenant[GH_UUID_TEXT_BYTES];
	json_t *files = json_array();
	int bad = 0;

	gh_uuid_format(&manifest->tenant, tenant);
	for (size_t i = 0; i < manifest->file_count; i++) {
		const struct gh_manifest_file *file = &manifest->files[i];
		bad |= json_array_append_new(files, json_pack("{s:s, s:o, s:I}", "path", file->path,
		                                              "sha256", hex(file->sha256), "size",
		                                              (json_int_t)file->size));
	}
	bad |= json_object_set_new(json, "change", json_string(manifest->change));
	bad |= json_object_set_new(json, "effective_from", when(manifest->effective_from_s));
	bad |= json_object_set_new(json, "expires", when(manifest->expires_s));
	bad |= json_object_set_new(json, "files", files);
	bad |= json_object_set_new(json, "language", json_string(GH_PACK_LANGUAGE));
	bad |= json_object_set_new(json, "pack", json_string(manifest->name));
	bad |= json_object_set_new(json, "prev_digest",
	                           manifest->has_prev ? hex(manifest->prev_digest) : json_null());
	bad |= json_object_set_new(json, "revision", json_integer((json_int_t)manifest->revision));
	bad |= json_object_set_new(json, "rollback_of",
	                           json_integer((json_int_t)manifest->rollback_of));
	bad |= json_object_set_new(json, "strict_errors", json_boolean(manifest->strict_errors));
	bad |= json_object_set_new(json, "tenant", json_string(tenant));
	bad |= json_object_set_new(json, "v", json_integer(VERSION));
	GH_ENSURE(!bad, GH_E_MEMORY, "out of memory");
	return gh_jcs(json, out);
}
