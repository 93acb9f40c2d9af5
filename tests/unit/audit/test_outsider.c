/* The published log in the hands of a verifier that is not ours: Go's sumdb packages. */
#include "../gh_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/tiles.h"
#include "rig.h"

#define EVENTS 700 /* two full tiles and a part of a third, and a tile above them */

static struct rig rig;
static struct gh_note_verifier verifier;
static char dir[160];

static int start(void **state)
{
	struct gh_audit_config config;
	struct gh_audit_log *log;
	struct rig_inbox inbox;
	struct gh_buf vkey = { 0 };

	assert_ok(rig_open(&rig));
	config = rig_config(&rig);
	assert_ok(gh_audit_log_open(&config, &log));
	rig_inbox_open(&inbox);
	for (size_t i = 0; i < EVENTS; i++)
		assert_ok(gh_audit_submit(
		    log, rig_entry(&rig, i % RIG_TENANTS, false, &inbox.destination)));
	gh_audit_log_close(log);
	assert_int_equal(inbox.acked, EVENTS);
	rig_inbox_close(&inbox);
	const struct gh_audit_keys keys = rig_keys(&rig);
	assert_ok(keys.vkey(keys.context, &vkey));
	assert_ok(gh_note_verifier_parse(gh_buf_slice(&vkey), &verifier));
	snprintf(dir, sizeof dir, "%s/tiles", rig.fixture.dir);
	gh_buf_free(&vkey);
	return 0;
}

static int stop(void **state)
{
	gh_note_verifier_free(&verifier);
	return rig_close(&rig) == GH_OK ? 0 : -1;
}

static void make_parents(const char *path)
{
	char part[512];

	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		snprintf(part, sizeof part, "%.*s", (int)i, path);
		assert_true(mkdir(part, 0755) == 0 || errno == EEXIST);
	}
}

/* Whatever our own walk asks for is what a mirror would fetch. */
static gh_result fetch_and_keep(void *context, const char *path, struct gh_buf *out)
{
	char file[400];
	const char *type;
	bool immutable;
	FILE *stream;

	GH_TRY(gh_tiles_get(rig.admin, gh_slice_str(path), in_seconds(20), &type, &immutable, out));
	snprintf(file, sizeof file, "%s/%s", dir, path);
	make_parents(file);
	stream = fopen(file, "w");
	assert_non_null(stream);
	assert_int_equal(fwrite(out->data, 1, out->len, stream), out->len);
	assert_int_equal(fclose(stream), 0);
	return GH_OK;
}

/* The verifier's exit status; -1 when it cannot be run here. */
static int run_verifier(const char *program)
{
	const struct gh_audit_keys keys = rig_keys(&rig);
	struct gh_buf vkey = { 0 };
	int status = 0;
	pid_t child;

	assert_ok(keys.vkey(keys.context, &vkey));
	child = fork();
	if (child == 0) {
		execl(program, program, dir, gh_buf_cstr(&vkey), (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	gh_buf_free(&vkey);
	return WIFEXITED(status) && WEXITSTATUS(status) != 127 ? WEXITSTATUS(status) : -1;
}

static void flip(const char *path, long at)
{
	char file[400];
	FILE *stream;
	int byte;

	snprintf(file, sizeof file, "%s/%s", dir, path);
	stream = fopen(file, "r+");
	assert_non_null(stream);
	assert_int_equal(fseek(stream, at, SEEK_SET), 0);
	byte = fgetc(stream);
	assert_true(byte != EOF);
	assert_int_equal(fseek(stream, at, SEEK_SET), 0);
	assert_int_equal(fputc(byte ^ 1, stream), byte ^ 1);
	assert_int_equal(fclose(stream), 0);
}

static void gos_sumdb_accepts_the_log_and_refuses_a_changed_byte(void **state)
{
	static const struct {
		const char *path;
		long at;
	} flips[] = { { "checkpoint", 25 },
		      { "tile/entries/001", 500 },
		      { "tile/0/000", 100 },
		      { "tile/0/001", 8000 } };
	const struct gh_tile_source source = { NULL, fetch_and_keep };
	const char *program = getenv("GATEHOUSE_TILE_VERIFIER");
	struct gh_verify_report report;

	assert_ok(gh_verify_tiles(&source, &verifier, &report));
	assert_true(report.ok);
	if (!program || access(program, X_OK) != 0) {
		print_message("skipped: the Go verifier was not built (no go, or no x/mod)\n");
		skip();
	}
	assert_int_equal(run_verifier(program), 0);
	for (size_t i = 0; i < GH_ARRAY_LEN(flips); i++) {
		flip(flips[i].path, flips[i].at);
		assert_int_equal(run_verifier(program), 1);
		flip(flips[i].path, flips[i].at);
	}
	assert_int_equal(run_verifier(program), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gos_sumdb_accepts_the_log_and_refuses_a_changed_byte),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
