/* The write order is the whole of it: temporary name, data, fsync, rename, fsync of the directory.
 * A crash leaves the old file or the new one. */
#include "process/keeper/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/secret.h"
#include "crypto/hash.h"

#define DOC_MAX_BYTES (256 * 1024)
#define MAC_TEXT_LEN  64
#define KEK_FILE      "kek.bin"

gh_result gh_keeper_write_file(int dir_fd, const char *name, struct gh_slice data, mode_t mode)
{
	char temporary[128];
	int len = snprintf(temporary, sizeof temporary, ".%s.tmp", name);

	GH_ENSURE(len > 0 && (size_t)len < sizeof temporary, GH_E_ARGUMENT, "a name is too long");
	/* Left behind by a crash; the lock says that nobody else is writing it. */
	(void)unlinkat(dir_fd, temporary, 0);
	GH_CLEANUP(gh_fd_close_ptr)
	int fd =
	    openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	GH_ENSURE(fd >= 0, GH_E_IO, "%s cannot be written: %s", name, strerror(errno));
	for (size_t done = 0; done < data.len;) {
		ssize_t put = write(fd, data.data + done, data.len - done);
		GH_ENSURE(put > 0 || (put < 0 && errno == EINTR), GH_E_IO,
		          "%s cannot be written: %s", name, strerror(errno));
		if (put > 0)
			done += (size_t)put;
	}
	GH_ENSURE(fchmod(fd, mode) == 0 && fsync(fd) == 0 &&
	              renameat(dir_fd, temporary, dir_fd, name) == 0 && fsync(dir_fd) == 0,
	          GH_E_IO, "%s cannot be written: %s", name, strerror(errno));
	return GH_OK;
}

gh_result gh_keeper_read_file(int dir_fd, const char *name, size_t max, bool is_private,
                              struct gh_buf *out)
{
	uint8_t chunk[4096];
	struct stat info;
	ssize_t got;
	GH_CLEANUP(gh_fd_close_ptr)
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	GH_ENSURE(fd >= 0 || errno != ENOENT, GH_E_NOT_FOUND, "%s does not exist", name);
	GH_ENSURE(fd >= 0 && fstat(fd, &info) == 0, GH_E_IO, "%s cannot be opened: %s", name,
	          strerror(errno));
	GH_ENSURE(S_ISREG(info.st_mode) && info.st_uid == geteuid(), GH_E_DENIED,
	          "%s is not a regular file of user %u", name, geteuid());
	GH_ENSURE(!is_private || (info.st_mode & 077) == 0, GH_E_DENIED,
	          "%s has mode %04o; chmod it to 0600", name, info.st_mode & 07777);
	GH_ENSURE(info.st_size >= 0 && (size_t)info.st_size <= max, GH_E_CORRUPT,
	          "%s is over %zu bytes", name, max);
	while ((got = read(fd, chunk, sizeof chunk)) > 0)
		gh_buf_add(out, chunk, (size_t)got);
	GH_ENSURE(got == 0 && out->len <= max, GH_E_IO, "%s cannot be read: %s", name,
	          strerror(errno));
	return gh_buf_check(out);
}

static void mac(const struct gh_keeper_store *store, const char *name, struct gh_slice json,
                char text[MAC_TEXT_LEN + 1])
{
	GH_CLEANUP(gh_buf_free) struct gh_buf input = { .limit = 2 * DOC_MAX_BYTES };
	uint8_t tag[GH_SHA256_BYTES];

	gh_buf_add_str(&input, name);
	gh_buf_add_byte(&input, 0);
	gh_buf_add_slice(&input, json);
	gh_hmac_sha256(gh_slice(store->mac_key, sizeof store->mac_key), gh_buf_slice(&input), tag);
	gh_hex_encode(gh_slice(tag, sizeof tag), text);
}

gh_result gh_keeper_doc_write(const struct gh_keeper_store *store, const char *name,
                              const json_t *doc)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { .limit = DOC_MAX_BYTES };
	char tag[MAC_TEXT_LEN + 1];

	GH_TRY(gh_jcs(doc, &text));
	mac(store, name, gh_buf_slice(&text), tag);
	gh_buf_addf(&text, "\n%s\n", tag);
	GH_TRY(gh_buf_check(&text));
	return gh_keeper_write_file(store->dir_fd, name, gh_buf_slice(&text), 0600);
}

gh_result gh_keeper_doc_read(const struct gh_keeper_store *store, const char *name, json_t **out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { .limit = DOC_MAX_BYTES };
	struct gh_slice json, tail;
	char tag[MAC_TEXT_LEN + 1];

	GH_TRY(gh_keeper_read_file(store->dir_fd, name, DOC_MAX_BYTES, true, &text));
	GH_ENSURE(gh_slice_split(gh_buf_slice(&text), '\n', &json, &tail) &&
	              tail.len == MAC_TEXT_LEN + 1 && tail.data[MAC_TEXT_LEN] == '\n',
	          GH_E_CORRUPT, "%s is truncated or damaged; restore it from its copy", name);
	mac(store, name, json, tag);
	GH_ENSURE(gh_secret_eq(tail.data, tag, MAC_TEXT_LEN), GH_E_CORRUPT,
	          "%s was changed, or belongs to another kek.bin; restore it from its copy", name);
	GH_ENSURE(gh_json_parse(json, out) == GH_OK, GH_E_CORRUPT, "%s is damaged", name);
	return GH_OK;
}

gh_result gh_keeper_seal_key(const struct gh_keeper_store *store, const char *id,
                             const struct gh_key *key, struct gh_buf *text)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf der = { .limit = 16384, .secret = true };
	GH_CLEANUP(gh_buf_free) struct gh_buf box = { .limit = 32768 };
	const struct gh_key_binding binding = { .purpose = GH_SLICE("keeper.key"),
		                                .subject = gh_slice_str(id) };

	GH_TRY(gh_key_to_private_der(key, &der));
	GH_TRY(gh_kek_wrap(store->kek, &binding, gh_buf_slice(&der), &box));
	gh_base64_encode(gh_buf_slice(&box), text);
	return gh_buf_check(text);
}

gh_result gh_keeper_open_key(const struct gh_keeper_store *store, const char *id, const char *text,
                             struct gh_key **out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf der = { .limit = 16384, .secret = true };
	GH_CLEANUP(gh_buf_free) struct gh_buf box = { .limit = 32768 };
	const struct gh_key_binding binding = { .purpose = GH_SLICE("keeper.key"),
		                                .subject = gh_slice_str(id) };

	GH_ENSURE(text && gh_base64_decode(gh_slice_str(text), &box) == GH_OK &&
	              gh_kek_unwrap(store->kek, &binding, gh_buf_slice(&box), &der) == GH_OK &&
	              gh_key_from_private_der(gh_buf_slice(&der), out) == GH_OK,
	          GH_E_CORRUPT, "the sealed key \"%.64s\" does not open", id);
	return GH_OK;
}

static gh_result open_directory(const char *dir, int *out)
{
	struct stat info;

	GH_ENSURE(mkdir(dir, 0700) == 0 || errno == EEXIST, GH_E_IO, "%s cannot be made: %s", dir,
	          strerror(errno));
	GH_CLEANUP(gh_fd_close_ptr)
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	GH_ENSURE(fd >= 0 && fstat(fd, &info) == 0, GH_E_IO, "%s cannot be opened: %s", dir,
	          strerror(errno));
	GH_ENSURE(info.st_uid == geteuid(), GH_E_DENIED, "%s belongs to user %u; chown it to %u",
	          dir, info.st_uid, geteuid());
	GH_ENSURE((info.st_mode & 077) == 0, GH_E_DENIED, "%s has mode %04o; chmod it to 0700", dir,
	          info.st_mode & 07777);
	*out = fd;
	fd = -1;
	return GH_OK;
}

static gh_result take_lock(int dir_fd, int *out)
{
	GH_CLEANUP(gh_fd_close_ptr)
	int fd = openat(dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	GH_ENSURE(fd >= 0, GH_E_IO, "the key directory cannot be locked: %s", strerror(errno));
	GH_ENSURE(flock(fd, LOCK_EX | LOCK_NB) == 0, GH_E_CONFLICT,
	          "another keeper holds the key directory");
	*out = fd;
	fd = -1;
	return GH_OK;
}

/* A new KEK beside keys that an old one sealed would only hide that the old one is lost. */
static gh_result open_kek(int dir_fd, struct gh_kek **out)
{
	static const char *const sealed[] = { "access.json", "database.json", "checkpoint-key.json",
		                              "tls.json", "tenants" };
	enum gh_code code = gh_kek_open(dir_fd, KEK_FILE, out);

	if (code != GH_E_NOT_FOUND)
		return code;
	for (size_t i = 0; i < GH_ARRAY_LEN(sealed); i++)
		GH_ENSURE(faccessat(dir_fd, sealed[i], F_OK, AT_SYMLINK_NOFOLLOW) != 0,
		          GH_E_CORRUPT,
		          "%s is missing, and %s was sealed under it; restore it from its copy",
		          KEK_FILE, sealed[i]);
	GH_TRY(gh_kek_create(dir_fd, KEK_FILE));
	return gh_kek_open(dir_fd, KEK_FILE, out);
}

static gh_result fill(const char *dir, struct gh_keeper_store *store)
{
	GH_TRY(open_directory(dir, &store->dir_fd));
	GH_TRY(take_lock(store->dir_fd, &store->lock_fd));
	GH_TRY(open_kek(store->dir_fd, &store->kek));
	return gh_kek_derive(store->kek, GH_SLICE("keeper.file"), store->mac_key);
}

gh_result gh_keeper_store_open(const char *dir, struct gh_keeper_store *out)
{
	*out = (struct gh_keeper_store){ .dir_fd = -1, .lock_fd = -1 };
	enum gh_code code = fill(dir, out);
	if (code != GH_OK)
		gh_keeper_store_close(out);
	return code;
}

static gh_result fill_shared(const char *dir, struct gh_keeper_store *store)
{
	GH_TRY(open_directory(dir, &store->dir_fd));
	GH_TRY(gh_kek_open(store->dir_fd, KEK_FILE, &store->kek));
	return gh_kek_derive(store->kek, GH_SLICE("keeper.file"), store->mac_key);
}

gh_result gh_keeper_store_open_shared(const char *dir, struct gh_keeper_store *out)
{
	*out = (struct gh_keeper_store){ .dir_fd = -1, .lock_fd = -1 };
	enum gh_code code = fill_shared(dir, out);
	if (code != GH_OK)
		gh_keeper_store_close(out);
	return code;
}

void gh_keeper_store_close(struct gh_keeper_store *store)
{
	gh_kek_free(store->kek);
	gh_wipe(store->mac_key, sizeof store->mac_key);
	gh_fd_close_ptr(&store->lock_fd);
	gh_fd_close_ptr(&store->dir_fd);
	*store = (struct gh_keeper_store){ .dir_fd = -1, .lock_fd = -1 };
}
