/* gh_test.h: cmocka with its required headers, and assertions that print our error record. */
#ifndef GH_TEST_H
#define GH_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/result.h"

#define assert_ok(expr)                                                                            \
	do {                                                                                       \
		enum gh_code assert_code_ = (expr);                                                \
		if (assert_code_ != GH_OK)                                                         \
			fail_msg("%s: %s (%s, %s:%d)", #expr, gh_last_error()->text,               \
			         gh_code_name(assert_code_), gh_last_error()->file,                \
			         gh_last_error()->line);                                           \
	} while (0)

#define assert_code(expr, expected)                                                                \
	do {                                                                                       \
		enum gh_code assert_code_ = (expr);                                                \
		if (assert_code_ != (expected))                                                    \
			fail_msg("%s gave %s, expected %s", #expr, gh_code_name(assert_code_),     \
			         gh_code_name(expected));                                          \
	} while (0)

#endif
