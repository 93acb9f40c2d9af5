/* Opened KEKs are kept in a small table where each tenant has one place, so that a busy gateway
 * costs no file access and many tenants cost no memory. */
#include "process/keeper/tenants.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOTS 1024

struct slot {
	struct gh_uuid tenant;
	struct gh_tenant_kek *kek;
};

struct gh_tenants {
	const struct gh_keeper_store *store;
	int dir_fd;
	size_t count;
	struct slot slots[SLOTS];
};

void gh_tenants_close(struct gh_tenants *tenants)
{
	if (!tenants)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		gh_tenant_kek_free(tenants->slots[i].kek);
	gh_fd_close_ptr(&tenants->dir_fd);
	free(tenants);
}

GH_DEFINE_CLEANUP(struct gh_tenants *, gh_tenants_close)

static gh_result count_files(struct gh_tenants *tenants)
{
	int fd = openat(tenants->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir) {
		gh_fd_close_ptr(&fd);
		return gh_fail(GH_E_IO, "the tenants' keys cannot be listed: %s", strerror(errno));
	}
	for (const struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.')
			tenants->count++;
	closedir(dir);
	return GH_OK;
}

gh_result gh_tenants_open(const struct gh_keeper_store *store, struct gh_tenants **out)
{
	GH_CLEANUP(gh_tenants_close_ptr) struct gh_tenants *tenants = calloc(1, sizeof *tenants);

	GH_ENSURE(tenants, GH_E_MEMORY, "out of memory");
	tenants->store = store;
	tenants->dir_fd = -1;
	GH_ENSURE(mkdirat(store->dir_fd, "tenants", 0700) == 0 || errno == EEXIST, GH_E_IO,
	          "the tenants' key directory cannot be made: %s", strerror(errno));
	tenants->dir_fd =
	    openat(store->dir_fd, "tenants", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	GH_ENSURE(tenants->dir_fd >= 0 && fsync(store->dir_fd) == 0, GH_E_IO,
	          "the tenants' key directory cannot be opened: %s", strerror(errno));
	GH_TRY(count_files(tenants));
	*out = GH_STEAL(tenants);
	return GH_OK;
}

static gh_result create(struct gh_tenants *tenants, const struct gh_uuid *tenant, const char *name,
                        struct gh_buf *wrapped)
{
	GH_ENSURE(tenants->count < GH_KEEPER_TENANTS_MAX, GH_E_LIMIT,
	          "there are already %d tenants with keys", GH_KEEPER_TENANTS_MAX);
	GH_TRY(gh_tenant_kek_create(tenants->store->kek, tenant, wrapped));
	GH_TRY(gh_keeper_write_file(tenants->dir_fd, name, gh_buf_slice(wrapped), 0600));
	tenants->count++;
	return GH_OK;
}

gh_result gh_tenants_get(struct gh_tenants *tenants, const struct gh_uuid *tenant, bool make,
                         const struct gh_tenant_kek **out)
{
	/* The last bytes of a UUID are random in all versions that are used. */
	struct slot *slot = &tenants->slots[(tenant->bytes[14] << 8 | tenant->bytes[15]) % SLOTS];
	GH_CLEANUP(gh_buf_free) struct gh_buf wrapped = { .limit = 256 };
	char text[GH_UUID_TEXT_BYTES], name[GH_UUID_TEXT_BYTES + 4];

	*out = slot->kek;
	if (slot->kek && gh_uuid_eq(&slot->tenant, tenant))
		return GH_OK;
	gh_uuid_format(tenant, text);
	snprintf(name, sizeof name, "%s.kek", text);
	enum gh_code code = gh_keeper_read_file(tenants->dir_fd, name, 128, true, &wrapped);
	if (code == GH_E_NOT_FOUND && make)
		code = create(tenants, tenant, name, &wrapped);
	GH_TRY(code);

	struct gh_tenant_kek *kek = NULL;
	GH_ENSURE(gh_tenant_kek_open(tenants->store->kek, tenant, gh_buf_slice(&wrapped), &kek) ==
	              GH_OK,
	          GH_E_CORRUPT, "tenants/%s is damaged; restore it from its copy", name);
	gh_tenant_kek_free(slot->kek);
	*slot = (struct slot){ *tenant, kek };
	*out = kek;
	return GH_OK;
}
