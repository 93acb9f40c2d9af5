/* gatehouse policy key: a signer's key. RSA by default, so that an auditor's jose and openssl
 * verify without conversion. The private key never leaves its file. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/policy_files.h"
#include "cli/verbs.h"

#define RSA_BITS 3072

static const struct {
	const char *name;
	enum gh_key_type type;
} kinds[] = {
	{ "rs256", GH_KEY_RSA },
	{ "es256", GH_KEY_P256 },
	{ "eddsa", GH_KEY_ED25519 },
};

static bool find_kind(const char *name, enum gh_key_type *out)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(kinds); i++)
		if (strcmp(name, kinds[i].name) == 0) {
			*out = kinds[i].type;
			return true;
		}
	fprintf(stderr, "gatehouse: --type must be rs256, es256 or eddsa, not %s\n", name);
	return false;
}

struct paths {
	char *public_pem, *jwk;
};

static void paths_free(struct paths *paths)
{
	free(paths->public_pem);
	free(paths->jwk);
}

/* "ada.key" gives ada.pub.pem and ada.jwk. */
static bool name_paths(const char *out, struct paths *paths)
{
	const char *slash = strrchr(out, '/'), *dot = strrchr(out, '.');
	int stem =
	    dot && (!slash || dot > slash + 1) && dot != out ? (int)(dot - out) : (int)strlen(out);

	return asprintf(&paths->public_pem, "%.*s.pub.pem", stem, out) > 0 &&
	       asprintf(&paths->jwk, "%.*s.jwk", stem, out) > 0;
}

static gh_result write_key(const struct gh_key *key, const char *path, const struct paths *paths,
                           char kid[GH_THUMBPRINT_TEXT_BYTES])
{
	GH_CLEANUP(gh_buf_free) struct gh_buf private = { .secret = true }, public = { 0 };
	GH_CLEANUP(gh_buf_free) struct gh_buf jwk = { 0 };

	GH_TRY(gh_key_thumbprint(key, kid));
	GH_TRY(gh_key_to_private_pem(key, &private));
	GH_TRY(gh_key_to_public_pem(key, &public));
	GH_TRY(gh_key_to_jwk(key, NULL, &jwk));
	/* The private file first: a key that is there is never written over. */
	GH_TRY(gh_cli_write(path, gh_buf_slice(&private), 0600, true));
	GH_TRY(gh_cli_write(paths->public_pem, gh_buf_slice(&public), 0644, false));
	return gh_cli_write(paths->jwk, gh_buf_slice(&jwk), 0644, false);
}

int gh_cli_policy_key(int argc, char **argv)
{
	const char *type_name = "rs256", *path = NULL;
	bool as_json = false;
	const struct gh_option options[] = {
		GH_OUT_OPTION("the private key's file, of mode 0600", &path),
		{ "--type", "NAME", "rs256 (3072 bits; the default), es256 or eddsa", &type_name,
		  NULL },
		{ "--json", NULL, "print what was made as JSON", NULL, &as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse policy key -o NAME.key [options]",
		.summary = "Makes a key that signs policy packs, and beside it NAME.pub.pem and "
		           "NAME.jwk. A key\nthat is there is not written over.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
	};
	GH_CLEANUP(gh_key_free_ptr) struct gh_key *key = NULL;
	GH_CLEANUP(paths_free) struct paths paths = { NULL, NULL };
	char kid[GH_THUMBPRINT_TEXT_BYTES];
	enum gh_key_type type;
	size_t count;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (!path) {
		fprintf(stderr, "gatehouse: say where to: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	if (!find_kind(type_name, &type))
		return GH_EXIT_USAGE;
	if (!name_paths(path, &paths)) {
		fprintf(stderr, "gatehouse: out of memory\n");
		return GH_EXIT_USAGE;
	}
	if ((type == GH_KEY_RSA ? gh_key_generate_rsa(RSA_BITS, &key)
	                        : gh_key_generate(type, &key)) != GH_OK ||
	    write_key(key, path, &paths, kid) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (as_json)
		return gh_cli_print_json(json_pack("{s:s, s:s, s:s, s:s, s:s}", "private", path,
		                                   "public", paths.public_pem, "jwk", paths.jwk,
		                                   "kid", kid, "alg", gh_key_alg(key)),
		                         GH_EXIT_OK);
	printf("%s: %s, kid %s\n", path, gh_key_alg(key), kid);
	printf("public: %s and %s\n", paths.public_pem, paths.jwk);
	return GH_EXIT_OK;
}
