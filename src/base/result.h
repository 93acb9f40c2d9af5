/* result.h: how every fallible function in Gatehouse reports failure, and how a failure is kept
 * until somebody answers for it. A result cannot be ignored (the compiler refuses); the reason,
 * with its source line, waits in a thread-local record that never holds secrets or personal data.
 */
#ifndef GH_BASE_RESULT_H
#define GH_BASE_RESULT_H

#include <stddef.h>

enum gh_code {
	GH_OK = 0,
	GH_E_ARGUMENT,    /* a caller inside the program broke a contract */
	GH_E_FORMAT,      /* input from outside does not have the form its specification asks for */
	GH_E_LIMIT,       /* input or state is over a stated limit */
	GH_E_MEMORY,      /* the allocator refused */
	GH_E_IO,          /* the system refused a read, write or wait */
	GH_E_CRYPTO,      /* a primitive failed, or a signature or tag does not verify */
	GH_E_DENIED,      /* understood, and not allowed */
	GH_E_EXPIRED,     /* outside its validity in time */
	GH_E_NOT_FOUND,   /* names nothing, or nothing that the caller may know of */
	GH_E_CONFLICT,    /* lost a compare-and-swap, or exists already */
	GH_E_UNAVAILABLE, /* a part that must decide is away: fail closed */
	GH_E_CORRUPT,     /* stored state contradicts itself */
	GH_E_IN_DOUBT,    /* a write may or may not be durable */
	GH_E_INTERNAL,    /* a defect */
	GH_E_COUNT
};

/* Return type of fallible functions; variables that hold one are `enum gh_code`. */
#define gh_result __attribute__((warn_unused_result)) enum gh_code

/* The last failure on this thread. `text` is one short English sentence without secrets. */
struct gh_error {
	enum gh_code code;
	const char *file;
	int line;
	char text[200];
};

/* Records a failure and returns its code, so that `return gh_fail(...)` is one line. */
enum gh_code gh_fail_at(const char *file, int line, enum gh_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
const struct gh_error *gh_last_error(void);
const char *gh_code_name(enum gh_code code); /* "format", "limit", …: stable, for logs and JSON */

#define gh_fail(code, ...) gh_fail_at(__FILE__, __LINE__, (code), __VA_ARGS__)

/* Passes a failure up unchanged. */
#define GH_TRY(expr)                                                                               \
	do {                                                                                       \
		enum gh_code gh_try_code_ = (expr);                                                \
		if (gh_try_code_ != GH_OK)                                                         \
			return gh_try_code_;                                                       \
	} while (0)

/* Refuses with `code` and a text when the condition does not hold. */
#define GH_ENSURE(cond, code, ...)                                                                 \
	do {                                                                                       \
		if (!(cond))                                                                       \
			return gh_fail((code), __VA_ARGS__);                                       \
	} while (0)

/* Cleanup is written where the thing is born: GH_CLEANUP(foo_free) struct foo *f = …; the function
 * takes a pointer to the variable. Ownership leaves by GH_STEAL(f). */
#define GH_CLEANUP(function) __attribute__((cleanup(function)))
#define GH_STEAL(pointer)                                                                          \
	({                                                                                         \
		__typeof__(pointer) gh_stolen_ = (pointer);                                        \
		(pointer) = NULL;                                                                  \
		gh_stolen_;                                                                        \
	})
/* Defines name_ptr(T **) that calls name(*p): the form GH_CLEANUP wants. */
#define GH_DEFINE_CLEANUP(type, name)                                                              \
	static inline void name##_ptr(type *p)                                                     \
	{                                                                                          \
		if (*p)                                                                            \
			name(*p);                                                                  \
	}

void gh_free_ptr(void *pointer_to_pointer); /* GH_CLEANUP(gh_free_ptr) char *s = … */
void gh_fd_close_ptr(int *fd);              /* GH_CLEANUP(gh_fd_close_ptr) int fd = -1 */

#define GH_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
