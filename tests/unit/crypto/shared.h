/* shared.h: test data that is kept beside the source tree, found through GATEHOUSE_SHARED or beside
 * the source root. A test skips when it is absent; it never passes for want of data. */
#ifndef GH_TEST_SHARED_H
#define GH_TEST_SHARED_H

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

static inline const char *shared_path(const char *relative)
{
	static char path[4096];
	const char *root = getenv("GATEHOUSE_SHARED");

	snprintf(path, sizeof path, "%s/%s", root ? root : GH_SHARED_DEFAULT, relative);
	return path;
}

/* NULL when the data is not there; a file that is there and not JSON ends the test. */
static inline json_t *shared_json(const char *relative)
{
	json_error_t error;
	FILE *file = fopen(shared_path(relative), "r");

	if (!file) {
		print_message("no test data at %s\n", shared_path(relative));
		return NULL;
	}
	json_t *data = json_loadf(file, 0, &error);
	fclose(file);
	if (!data)
		fail_msg("%s: %s", relative, error.text);
	return data;
}

static inline const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

#endif
