/* gatehouse token check: judges access tokens from standard input, one a line, by the rules of the
 * gateway's second gate and with nothing but a key set: no server, no database, a clock that can be
 * given. A bound token (cnf) is refused, since nothing here proves possession. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "token/verify.h"

#define USAGE "gatehouse token check --jwks FILE --issuer URL --audience URL [--now UNIX]"

#define ARENA_BYTES (256 * 1024)
#define NOW_MAX     253402300799UL

/* A line that is being read: one byte more than a token may have says that it is too long. */
struct line {
	uint8_t bytes[GH_TOKEN_MAX_BYTES + 1];
	size_t len;
};

static gh_result read_file(const char *path, struct gh_buf *out)
{
	GH_CLEANUP(gh_fd_close_ptr) int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t chunk[16384];
	ssize_t got;

	GH_ENSURE(fd >= 0, GH_E_IO, "--jwks %s cannot be opened: %s", path, strerror(errno));
	while ((got = read(fd, chunk, sizeof chunk)) > 0) {
		gh_buf_add(out, chunk, (size_t)got);
		GH_ENSURE(!out->failed, GH_E_LIMIT, "--jwks %s is over %d bytes", path,
		          GH_JWKS_MAX_BYTES);
	}
	GH_ENSURE(got == 0, GH_E_IO, "--jwks %s cannot be read: %s", path, strerror(errno));
	return GH_OK;
}

static gh_result load_keys(const char *path, struct gh_jwks **out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { .limit = GH_JWKS_MAX_BYTES };

	GH_TRY(read_file(path, &text));
	enum gh_code code = gh_jwks_parse(gh_buf_slice(&text), out);
	if (code != GH_OK) {
		struct gh_error why = *gh_last_error();
		return gh_fail(code, "--jwks %s is no usable JWK set: %.120s", path, why.text);
	}
	GH_ENSURE(gh_jwks_count(*out) > 0, GH_E_FORMAT,
	          "--jwks %s holds no RSA, P-256 or Ed25519 signature key", path);
	return GH_OK;
}

/* One verdict on standard output. */
static gh_result judge(const struct gh_token_rules *rules, struct gh_slice raw_token)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf out = { .limit = 256 * 1024 };
	struct gh_arena *arena = gh_arena_new(ARENA_BYTES);
	const struct gh_claims *claims = NULL;
	const char *reason = NULL;
	struct gh_json_writer json;

	GH_ENSURE(arena, GH_E_MEMORY, "out of memory");
	enum gh_code code = gh_token_verify(rules, raw_token, arena, &claims, &reason);
	gh_json_begin(&json, &out);
	gh_json_bool(&json, "ok", code == GH_OK);
	if (code == GH_OK) {
		gh_json_key(&json, "claims");
		gh_claims_to_json(claims, &out);
	} else {
		gh_json_str(&json, "reason", reason);
	}
	gh_json_end(&json);
	gh_buf_add_byte(&out, '\n');
	gh_arena_free(arena);
	GH_TRY(gh_buf_check(&out));
	GH_ENSURE(fwrite(out.data, 1, out.len, stdout) == out.len, GH_E_IO,
	          "standard output cannot be written: %s", strerror(errno));
	return GH_OK;
}

/* Takes what was read apart into lines; bytes beyond a token's limit are counted out, not kept. */
static gh_result judge_lines(const struct gh_token_rules *rules, struct line *line,
                             struct gh_slice chunk)
{
	while (chunk.len > 0) {
		const uint8_t *end = memchr(chunk.data, '\n', chunk.len);
		size_t part = end ? (size_t)(end - chunk.data) : chunk.len;
		size_t room = sizeof line->bytes - line->len, kept = part < room ? part : room;

		memcpy(line->bytes + line->len, chunk.data, kept);
		line->len += kept;
		if (!end)
			return GH_OK;
		GH_TRY(judge(rules, gh_slice(line->bytes, line->len)));
		line->len = 0;
		chunk = gh_slice_sub(chunk, part + 1, SIZE_MAX);
	}
	return GH_OK;
}

static gh_result judge_input(const struct gh_token_rules *rules)
{
	struct line line = { .len = 0 };
	uint8_t chunk[65536];
	ssize_t got;

	while ((got = read(STDIN_FILENO, chunk, sizeof chunk)) != 0) {
		GH_ENSURE(got > 0 || errno == EINTR, GH_E_IO, "standard input cannot be read: %s",
		          strerror(errno));
		if (got < 0)
			continue;
		GH_TRY(judge_lines(rules, &line, gh_slice(chunk, (size_t)got)));
		GH_ENSURE(fflush(stdout) == 0, GH_E_IO, "standard output cannot be written: %s",
		          strerror(errno));
	}
	if (line.len > 0)
		GH_TRY(judge(rules, gh_slice(line.bytes, line.len)));
	GH_ENSURE(fflush(stdout) == 0, GH_E_IO, "standard output cannot be written: %s",
	          strerror(errno));
	return GH_OK;
}

static int missing(const char *option)
{
	fprintf(stderr, "gatehouse: %s is missing: %s\n", option, USAGE);
	return GH_EXIT_USAGE;
}

int gh_cli_token(int argc, char **argv)
{
	const char *jwks_path = NULL, *issuer = NULL, *audience = NULL, *now = NULL;
	const char *words[1] = { NULL };
	bool json = false;
	const struct gh_option options[] = {
		{ "--jwks", "FILE", "the issuer's JWK set", &jwks_path, NULL },
		{ "--issuer", "URL", "what iss must be, to the letter", &issuer, NULL },
		{ "--audience", "URL", "what aud must be or hold", &audience, NULL },
		{ "--now", "UNIX", "the time to judge by, in seconds (the clock's)", &now, NULL },
		{ "--json", NULL, "one JSON object a line: the only form there is", NULL, &json },
	};
	const struct gh_command command = {
		.usage = USAGE,
		.summary = "Reads access tokens, one a line, and says of each whether the gateway "
		           "would take it.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = words,
		.positional_max = 1,
	};
	GH_CLEANUP(gh_jwks_free_ptr) struct gh_jwks *keys = NULL;
	unsigned long now_s = (unsigned long)gh_clock_unix_s();
	size_t count;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count != 1 || strcmp(words[0], "check") != 0) {
		fprintf(stderr, "gatehouse: say what to do: %s\n", USAGE);
		return GH_EXIT_USAGE;
	}
	if (!jwks_path)
		return missing("--jwks");
	if (!issuer || !*issuer)
		return missing("--issuer");
	if (!audience || !*audience)
		return missing("--audience");
	if (now && !gh_option_number(&command, "--now", now, 0, NOW_MAX, &now_s))
		return GH_EXIT_USAGE;
	if (load_keys(jwks_path, &keys) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);

	const struct gh_token_rules rules = { .keys = keys,
		                              .issuer = gh_slice_str(issuer),
		                              .audience = gh_slice_str(audience),
		                              .now_s = (int64_t)now_s };
	return judge_input(&rules) == GH_OK ? GH_EXIT_OK : gh_cli_fail(GH_EXIT_USAGE);
}
