/* place.h: a keeper's directory for one test, and a keeper on it. */
#ifndef GH_TEST_KEEPER_PLACE_H
#define GH_TEST_KEEPER_PLACE_H

#include "../gh_test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/keeper/keeper_state.h"

#define TEST_NOW 1767225600

struct place {
	char root[64], dir[80], jwks[96];
	struct gh_keeper_config config;
};

static inline int place_make(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	snprintf(place->root, sizeof place->root, "/tmp/gh-keeper-XXXXXX");
	assert_non_null(mkdtemp(place->root));
	snprintf(place->dir, sizeof place->dir, "%s/keys", place->root);
	snprintf(place->jwks, sizeof place->jwks, "%s/jwks.json", place->root);
	place->config = (struct gh_keeper_config){ .dir = place->dir,
		                                   .issuer = "https://id.test",
		                                   .audience = "https://gw.test",
		                                   .origin = "gw.test/log",
		                                   .database_jwks_path = place->jwks };
	*state = place;
	return 0;
}

static inline int place_remove(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline int place_leave(void **state)
{
	struct place *place = *state;

	nftw(place->root, place_remove, 8, FTW_DEPTH | FTW_PHYS);
	free(place);
	return 0;
}

/* A path inside the key directory. */
static inline const char *place_file(const struct place *place, const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", place->dir, name);
	return path;
}

static inline struct gh_keeper *place_open(const struct place *place, int64_t now_s)
{
	struct gh_keeper *keeper = NULL;

	assert_ok(gh_keeper_open(&place->config, now_s, &keeper));
	return keeper;
}

#define in_place(test) cmocka_unit_test_setup_teardown(test, place_make, place_leave)

#endif
