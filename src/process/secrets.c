#include "process/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/secret.h"
#include "crypto/hash.h"

#define FILE_NAME "database.secrets"

/* The file is the four passwords, a line each, in the order of the struct. */
static char *const *fields_of(struct gh_database_secrets *secrets, char *fields[4])
{
	fields[0] = secrets->admin;
	fields[1] = secrets->app;
	fields[2] = secrets->identity;
	fields[3] = secrets->log;
	return fields;
}

static gh_result make(const struct gh_state *state, struct gh_database_secrets *out)
{
	struct gh_buf text = { .limit = 4096, .secret = true };
	char *fields[4];

	fields_of(out, fields);
	for (int i = 0; i < 4; i++) {
		uint8_t random[32];
		struct gh_buf encoded = { .limit = 128, .secret = true };
		gh_random(random, sizeof random);
		gh_base64url_encode(gh_slice(random, sizeof random), &encoded);
		memcpy(fields[i], encoded.data, GH_PASSWORD_BYTES);
		gh_buf_add_slice(&text, gh_buf_slice(&encoded));
		gh_buf_add_byte(&text, '\n');
		gh_buf_free(&encoded);
		gh_wipe(random, sizeof random);
	}
	enum gh_code code = gh_state_write(state, FILE_NAME, text.data, text.len);
	gh_buf_free(&text);
	return code;
}

gh_result gh_database_secrets_load(const struct gh_state *state, bool create,
                                   struct gh_database_secrets *out)
{
	char text[4 * GH_PASSWORD_BYTES + 1] = { 0 }, *fields[4];
	GH_CLEANUP(gh_fd_close_ptr) int fd = openat(state->fd, FILE_NAME, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && create)
		return make(state, out);
	GH_ENSURE(fd >= 0, errno == ENOENT ? GH_E_NOT_FOUND : GH_E_IO,
	          "cannot read %s in the state directory: %s", FILE_NAME, strerror(errno));
	ssize_t len = read(fd, text, sizeof text);
	fields_of(out, fields);
	bool whole = len == 4 * GH_PASSWORD_BYTES;
	for (int i = 0; i < 4 && whole; i++) {
		char *line = text + i * GH_PASSWORD_BYTES;
		whole = line[GH_PASSWORD_BYTES - 1] == '\n';
		line[GH_PASSWORD_BYTES - 1] = 0;
		memcpy(fields[i], line, GH_PASSWORD_BYTES);
	}
	gh_wipe(text, sizeof text);
	GH_ENSURE(whole, GH_E_CORRUPT, "%s in the state directory is damaged", FILE_NAME);
	return GH_OK;
}

void gh_database_secrets_wipe(struct gh_database_secrets *secrets)
{
	gh_wipe(secrets, sizeof *secrets);
}
