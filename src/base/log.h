/* log.h: structured logs, one JSON object a line on standard error. A field is a fixed key and a
 * value that the caller vouches for: no secrets, no personal data, no bodies. */
#ifndef GH_BASE_LOG_H
#define GH_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

enum gh_log_level { GH_LOG_DEBUG, GH_LOG_INFO, GH_LOG_WARN, GH_LOG_ERROR };

struct gh_log_field {
	const char *key;
	const char *text; /* a string, or NULL for a number */
	int64_t number;
};

#define GH_LOG_TEXT(key, value) ((struct gh_log_field){ (key), (value), 0 })
#define GH_LOG_INT(key, value)  ((struct gh_log_field){ (key), NULL, (int64_t)(value) })

void gh_log_open(const char *process, enum gh_log_level least); /* "gateway", "keeper", … */
/* One line, one write(2), so that lines of several processes do not mix. */
void gh_log_write(enum gh_log_level level, const char *event, const struct gh_log_field *fields,
                  size_t count);
/* Adds the thread's last error (its text, code and source line). */
void gh_log_error(const char *event);

#define gh_log(level, event, ...)                                                                  \
	do {                                                                                       \
		const struct gh_log_field gh_log_fields_[] = { __VA_ARGS__ };                      \
		gh_log_write((level), (event), gh_log_fields_, GH_ARRAY_LEN(gh_log_fields_));      \
	} while (0)

#endif
