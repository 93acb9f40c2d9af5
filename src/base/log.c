#include "base/log.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"

static const char *process_name = "gatehouse";
static enum gh_log_level least_level = GH_LOG_INFO;
static const char *const level_names[] = { "debug", "info", "warn", "error" };

void gh_log_open(const char *process, enum gh_log_level least)
{
	process_name = process;
	least_level = least;
}

void gh_log_write(enum gh_log_level level, const char *event, const struct gh_log_field *fields,
                  size_t count)
{
	if (level < least_level)
		return;
	struct gh_buf line = { .limit = 16384 };
	struct gh_json_writer json;
	char now[GH_TIME_TEXT_BYTES];

	gh_clock_format(gh_clock_unix_us(), now);
	gh_json_begin(&json, &line);
	gh_json_str(&json, "at", now);
	gh_json_str(&json, "level", level_names[level]);
	gh_json_str(&json, "process", process_name);
	gh_json_int(&json, "pid", getpid());
	gh_json_str(&json, "event", event);
	for (size_t i = 0; i < count; i++) {
		if (fields[i].text)
			gh_json_str(&json, fields[i].key, fields[i].text);
		else
			gh_json_int(&json, fields[i].key, fields[i].number);
	}
	gh_json_end(&json);
	gh_buf_add_byte(&line, '\n');
	/* A log that cannot be written has nowhere to be reported. */
	if (!line.failed && write(STDERR_FILENO, line.data, line.len) < 0)
		(void)0;
	gh_buf_free(&line);
}

void gh_log_error(const char *event)
{
	const struct gh_error *error = gh_last_error();

	gh_log(GH_LOG_ERROR, event, GH_LOG_TEXT("error", error->text),
	       GH_LOG_TEXT("code", gh_code_name(error->code)),
	       GH_LOG_TEXT("file", error->file ? error->file : ""),
	       GH_LOG_INT("line", error->line));
}
