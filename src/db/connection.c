/* A connection's life: opened without blocking, watched by deadlines, closed at the first sign that
 * its state is not known. */
#include "db/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"

#define PARAMS_MAX 32

/* Milliseconds for poll(), rounded up so that it does not spin before the deadline. 0: it passed.
 */
static int poll_ms(uint64_t deadline_ns)
{
	uint64_t now = gh_clock_mono_ns();
	uint64_t left_ms;

	if (now >= deadline_ns)
		return 0;
	left_ms = (deadline_ns - now + 999999) / 1000000;
	return left_ms > 60000 ? 60000 : (int)left_ms;
}

gh_result gh_db_wait(PGconn *pg, short events, uint64_t deadline_ns)
{
	struct pollfd poller = { .fd = PQsocket(pg), .events = events };

	for (;;) {
		int wait_ms = poll_ms(deadline_ns);
		int ready = poll(&poller, 1, wait_ms);

		if (ready > 0)
			return GH_OK; /* errors and hang-ups surface in the next libpq call */
		if (ready < 0 && errno != EINTR)
			return gh_fail(GH_E_IO, "poll: errno %d", errno);
		if (wait_ms == 0)
			return gh_fail(GH_E_LIMIT, "the database did not answer in time");
	}
}

/* Counts WARNINGs; says nothing anywhere, since notices quote values. */
static void on_notice(void *arg, const PGresult *notice)
{
	struct gh_db *db = arg;
	const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (severity && strcmp(severity, "WARNING") == 0)
		db->warnings++;
}

static gh_result drive_connect(PGconn *pg, uint64_t deadline_ns)
{
	PostgresPollingStatusType step = PGRES_POLLING_WRITING;

	while (step != PGRES_POLLING_OK) {
		if (step == PGRES_POLLING_FAILED) {
			/* The password was asked for and did not do, or there was none to give. */
			bool denied = PQconnectionUsedPassword(pg) || PQconnectionNeedsPassword(pg);
			int len = (int)strcspn(PQerrorMessage(pg), "\n");

			return gh_fail(denied ? GH_E_DENIED : GH_E_UNAVAILABLE,
			               "cannot connect to the database: %.*s", len,
			               PQerrorMessage(pg));
		}
		if (gh_db_wait(pg, step == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline_ns) !=
		    GH_OK)
			return gh_fail(GH_E_UNAVAILABLE,
			               "cannot connect to the database: no answer in time");
		step = PQconnectPoll(pg);
	}
	return GH_OK;
}

static gh_result start_connect(const struct gh_db_config *config, PGconn **out)
{
	const char *keywords[PARAMS_MAX + 2], *values[PARAMS_MAX + 2];
	size_t count = 0;

	GH_ENSURE(config->param_count <= PARAMS_MAX, GH_E_ARGUMENT,
	          "more than %d connection parameters", PARAMS_MAX);
	for (size_t i = 0; i < config->param_count; i++) {
		GH_ENSURE(strcmp(config->params[i].keyword, "options") != 0, GH_E_ARGUMENT,
		          "the connection parameter `options` is not used here");
		keywords[count] = config->params[i].keyword;
		values[count++] = config->params[i].value;
	}
	keywords[count] = "application_name";
	values[count++] = config->application_name ? config->application_name : "gatehouse";
	keywords[count] = values[count] = NULL;

	*out = PQconnectStartParams(keywords, values, 0);
	GH_ENSURE(*out, GH_E_MEMORY, "out of memory");
	return GH_OK;
}

gh_result gh_db_connect(const struct gh_db_config *config, uint64_t deadline_ns, struct gh_db **out)
{
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = calloc(1, sizeof *db);

	*out = NULL;
	GH_ENSURE(db, GH_E_MEMORY, "out of memory");
	db->unprepared = config->unprepared;
	GH_TRY(start_connect(config, &db->pg));
	GH_TRY(drive_connect(db->pg, deadline_ns));
	GH_ENSURE(PQsetnonblocking(db->pg, 1) == 0, GH_E_IO, "cannot make the socket non-blocking");
	PQsetNoticeReceiver(db->pg, on_notice, db);
	*out = GH_STEAL(db);
	return GH_OK;
}

void gh_db_forget_prepared(struct gh_db *db)
{
	for (size_t i = 0; i < db->prepared_count; i++) {
		free(db->prepared[i].sql);
		free(db->prepared[i].oids);
	}
	db->prepared_count = 0;
}

void gh_db_break(struct gh_db *db)
{
	PQfinish(db->pg);
	db->pg = NULL;
	db->tainted = true;
	memcpy(db->sqlstate, "08006", sizeof db->sqlstate);
}

void gh_db_close(struct gh_db *db)
{
	if (!db)
		return;
	PQfinish(db->pg); /* wipes its copy of the password */
	gh_db_forget_prepared(db);
	free(db);
}

bool gh_db_alive(const struct gh_db *db)
{
	return db->pg && PQstatus(db->pg) == CONNECTION_OK &&
	       PQtransactionStatus(db->pg) == PQTRANS_IDLE;
}

const char *gh_db_sqlstate(const struct gh_db *db)
{
	return db->sqlstate;
}

unsigned gh_db_warnings(const struct gh_db *db)
{
	return db->warnings;
}

int gh_db_server_version(const struct gh_db *db)
{
	return db->pg ? PQserverVersion(db->pg) : 0;
}

PGconn *gh_db_raw(struct gh_db *db)
{
	return db->pg;
}

gh_result gh_db_reset(struct gh_db *db, uint64_t deadline_ns)
{
	GH_TRY(gh_db_script(db, "DISCARD ALL", deadline_ns));
	gh_db_forget_prepared(db);
	db->tainted = false;
	return GH_OK;
}
