/* Parameters in PostgreSQL's binary form (network byte order). */
#include "db/db.h"

#include <endian.h>
#include <string.h>

/* From pg_type.dat; these numbers are part of the protocol and never change. */
#define PG_EPOCH_UNIX_S INT64_C(946684800) /* 2000-01-01 */

enum { T_BOOL = 16, T_BYTEA = 17, T_INT8 = 20, T_TEXT = 25, T_TIME = 1184, T_UUID = 2950 };

static const struct {
	uint32_t element;
	uint32_t array;
} elements[] = {
	[GH_DB_BYTEA] = { T_BYTEA, 1001 }, [GH_DB_TEXT] = { T_TEXT, 1009 },
	[GH_DB_UUID] = { T_UUID, 2951 },   [GH_DB_INT8] = { T_INT8, 1016 },
	[GH_DB_TIME] = { T_TIME, 1185 },
};

static struct gh_db_value borrowed(uint32_t oid, struct gh_slice bytes)
{
	return (struct gh_db_value){ .oid = oid, .bytes = bytes };
}

static struct gh_db_value inlined(uint32_t oid, const void *bytes, size_t len)
{
	struct gh_db_value value = { .oid = oid, .small = true, .bytes = { NULL, len } };

	memcpy(value.inlined, bytes, len);
	return value;
}

static struct gh_db_value null_of(uint32_t oid)
{
	return (struct gh_db_value){ .oid = oid, .null = true };
}

struct gh_db_value gh_db_text(struct gh_slice text)
{
	return borrowed(T_TEXT, text);
}

struct gh_db_value gh_db_str(const char *text)
{
	return text ? borrowed(T_TEXT, gh_slice_str(text)) : null_of(T_TEXT);
}

struct gh_db_value gh_db_bytea(struct gh_slice bytes)
{
	return borrowed(T_BYTEA, bytes);
}

struct gh_db_value gh_db_uuid(const struct gh_uuid *uuid)
{
	return uuid ? inlined(T_UUID, uuid->bytes, sizeof uuid->bytes) : null_of(T_UUID);
}

struct gh_db_value gh_db_int8(int64_t number)
{
	uint64_t wire = htobe64((uint64_t)number);

	return inlined(T_INT8, &wire, sizeof wire);
}

struct gh_db_value gh_db_bool(bool truth)
{
	uint8_t wire = truth;

	return inlined(T_BOOL, &wire, sizeof wire);
}

static uint64_t wire_time(int64_t unix_us)
{
	return htobe64((uint64_t)(unix_us - PG_EPOCH_UNIX_S * 1000000));
}

struct gh_db_value gh_db_time(int64_t unix_us)
{
	uint64_t wire = wire_time(unix_us);

	return inlined(T_TIME, &wire, sizeof wire);
}

struct gh_db_value gh_db_null_text(void)
{
	return null_of(T_TEXT);
}

struct gh_db_value gh_db_null_bytea(void)
{
	return null_of(T_BYTEA);
}

struct gh_db_value gh_db_null_time(void)
{
	return null_of(T_TIME);
}

static void add_u32(struct gh_buf *out, uint32_t number)
{
	uint32_t wire = htobe32(number);

	gh_buf_add(out, &wire, sizeof wire);
}

void gh_db_array_begin(struct gh_buf *out, enum gh_db_element element, size_t count)
{
	gh_buf_clear(out);
	add_u32(out, count > 0); /* dimensions */
	add_u32(out, 0);         /* whether there are NULLs */
	add_u32(out, elements[element].element);
	if (count > 0) {
		add_u32(out, (uint32_t)count);
		add_u32(out, 1); /* lower bound */
	}
}

void gh_db_array_add(struct gh_buf *out, struct gh_slice bytes)
{
	add_u32(out, (uint32_t)bytes.len);
	gh_buf_add_slice(out, bytes);
}

void gh_db_array_add_uuid(struct gh_buf *out, const struct gh_uuid *uuid)
{
	gh_db_array_add(out, gh_slice(uuid->bytes, sizeof uuid->bytes));
}

void gh_db_array_add_int8(struct gh_buf *out, int64_t number)
{
	uint64_t wire = htobe64((uint64_t)number);

	gh_db_array_add(out, gh_slice(&wire, sizeof wire));
}

void gh_db_array_add_time(struct gh_buf *out, int64_t unix_us)
{
	uint64_t wire = wire_time(unix_us);

	gh_db_array_add(out, gh_slice(&wire, sizeof wire));
}

void gh_db_array_add_null(struct gh_buf *out)
{
	if (out->len >= 8)
		out->data[7] = 1;
	add_u32(out, UINT32_MAX);
}

struct gh_db_value gh_db_array(const struct gh_buf *array, enum gh_db_element element)
{
	return borrowed(elements[element].array, gh_buf_slice(array));
}
