/* gatehouse policy sign: one signature more, onto a pack or over a trust document. A pack is
 * compiled and tried before a name goes under it, and what is signed is said. Whose signature it is
 * and what it counts for is in the trust document, not in the file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/policy_files.h"
#include "cli/verbs.h"
#include "policy/pack/trust.h"

#define KEY_BYTES 16384

/* A private key that others may read is no longer private. */
static gh_result read_key(const char *path, struct gh_key **out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf pem = { .secret = true };
	struct stat info;

	GH_ENSURE(stat(path, &info) == 0, GH_E_IO, "%s cannot be opened: %s", path,
	          strerror(errno));
	GH_ENSURE((info.st_mode & 077) == 0, GH_E_DENIED, "%s may be read by others: chmod 600 %s",
	          path, path);
	GH_TRY(gh_cli_read(path, KEY_BYTES, &pem));
	if (gh_key_from_private_pem(gh_buf_slice(&pem), out) == GH_OK)
		return GH_OK;
	struct gh_error why = *gh_last_error();
	return gh_fail(why.code, "%s is no private key in PEM: %.100s", path, why.text);
}

static int say(const char *path, const char *digest, const char *kid, bool as_json)
{
	if (as_json)
		return gh_cli_print_json(
		    json_pack("{s:s, s:s, s:s}", "file", path, "digest", digest, "kid", kid),
		    GH_EXIT_OK);
	printf("%s: signed by kid %s\n%s%s%s", path, kid, digest[0] ? "digest " : "", digest,
	       digest[0] ? "\n" : "");
	return GH_EXIT_OK;
}

static int sign_pack(const char *path, const char *out, const struct gh_key *key, int64_t now_s,
                     bool as_json)
{
	GH_CLEANUP(gh_cli_pack_free) struct gh_cli_pack files = { 0 };
	GH_CLEANUP(gh_pack_close_ptr) struct gh_pack *pack = NULL;
	GH_CLEANUP(gh_buf_free) struct gh_buf made = { .limit = GH_PACK_MAX_BYTES };
	char kid[GH_THUMBPRINT_TEXT_BYTES];
	int status = GH_EXIT_OK;

	if (gh_cli_pack_read(path, &files) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (files.is_folder) {
		fprintf(stderr,
		        "gatehouse: %s is a folder: make a pack of it first: gatehouse "
		        "policy build\n",
		        path);
		return GH_EXIT_USAGE;
	}
	if (!gh_cli_pack_open(&files, true, &pack, &status))
		return status;
	if (gh_pack_sign(gh_buf_slice(&files.raw), key, now_s, &made) != GH_OK ||
	    gh_key_thumbprint(key, kid) != GH_OK ||
	    gh_cli_write(out ? out : path, gh_buf_slice(&made), 0644, false) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (!as_json)
		printf("%s, revision %llu: %s\n", pack->manifest.name,
		       (unsigned long long)pack->manifest.revision, pack->manifest.change);
	return say(out ? out : path, pack->digest, kid, as_json);
}

/* The signatures lie in a file of their own. */
static int sign_trust(const char *path, const char *out, struct gh_slice document,
                      const struct gh_key *key, int64_t now_s, bool as_json)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf former = { 0 };
	GH_CLEANUP(gh_buf_free) struct gh_buf made = { .limit = GH_SIGNATURES_MAX_BYTES };
	struct gh_pack_refusal why;
	struct gh_trust trust;
	char kid[GH_THUMBPRINT_TEXT_BYTES];

	if (!out) {
		fprintf(stderr, "gatehouse: the signatures over a trust document lie in a file of "
		                "their own: -o FILE\n");
		return GH_EXIT_USAGE;
	}
	if (gh_trust_parse(document, &trust, &why) != GH_OK) {
		fprintf(stderr, "gatehouse: %s: %s\n", path, why.text);
		return GH_EXIT_CHECK;
	}
	gh_trust_clear(&trust);
	if (access(out, F_OK) == 0 && gh_cli_read(out, GH_SIGNATURES_MAX_BYTES, &former) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (gh_signatures_add(gh_buf_slice(&former), document, key, now_s, &made) != GH_OK ||
	    gh_key_thumbprint(key, kid) != GH_OK ||
	    gh_cli_write(out, gh_buf_slice(&made), 0644, false) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	return say(out, "", kid, as_json);
}

static bool is_document(const char *path, struct gh_buf *out)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
	       gh_cli_read(path, GH_PACK_MAX_BYTES, out) == GH_OK && out->len &&
	       out->data[0] == '{';
}

int gh_cli_policy_sign(int argc, char **argv)
{
	const char *path[1] = { NULL }, *key_path = NULL, *out = NULL, *now = NULL;
	bool as_json = false;
	const struct gh_option options[] = {
		{ "--key", "FILE", "the signer's private key, readable by nobody else", &key_path,
		  NULL },
		GH_OUT_OPTION("the signed pack (in place), or the signatures over a document",
		              &out),
		{ "--now", "TIME", "when it is signed (now)", &now, NULL },
		{ "--json", NULL, "print what was signed as JSON", NULL, &as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse policy sign (PACK | TRUST.json) --key FILE [options]",
		.summary = "Adds a signature to a pack, which is compiled and tested first, or to "
		           "those over a\ntrust document. What it counts for, the trust document "
		           "says: gatehouse policy verify.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = path,
		.positional_max = 1,
	};
	GH_CLEANUP(gh_key_free_ptr) struct gh_key *key = NULL;
	GH_CLEANUP(gh_buf_free) struct gh_buf document = { 0 };
	size_t count;
	int64_t now_s;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count != 1 || !key_path) {
		fprintf(stderr, "gatehouse: say what and with which key: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	if (!gh_cli_time("--now", now, &now_s))
		return GH_EXIT_USAGE;
	if (read_key(key_path, &key) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (is_document(path[0], &document))
		return sign_trust(path[0], out, gh_buf_slice(&document), key, now_s, as_json);
	return sign_pack(path[0], out, key, now_s, as_json);
}
