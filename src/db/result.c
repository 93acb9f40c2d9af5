/* Rows, read strictly: a cell is of the type that the caller names or the schema is not ours. */
#include "db/connection.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define PG_EPOCH_UNIX_S INT64_C(946684800) /* 2000-01-01 */

enum {
	T_BOOL = 16,
	T_BYTEA = 17,
	T_NAME = 19,
	T_INT8 = 20,
	T_INT2 = 21,
	T_INT4 = 23,
	T_TEXT = 25,
	T_JSON = 114,
	T_UNKNOWN = 705,
	T_TEXT_ARRAY = 1009,
	T_BPCHAR = 1042,
	T_VARCHAR = 1043,
	T_TIME = 1184,
	T_UUID = 2950,
	T_JSONB = 3802,
};

void gh_db_result_free(struct gh_db_result *result)
{
	if (!result)
		return;
	PQclear(result->pg);
	free(result);
}

void gh_db_results_free(struct gh_db_result **results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		gh_db_result_free(results[i]);
		results[i] = NULL;
	}
}

size_t gh_db_rows(const struct gh_db_result *result)
{
	return (size_t)PQntuples(result->pg);
}

size_t gh_db_columns(const struct gh_db_result *result)
{
	return (size_t)PQnfields(result->pg);
}

const char *gh_db_column_name(const struct gh_db_result *result, size_t column)
{
	return column < gh_db_columns(result) ? PQfname(result->pg, (int)column) : NULL;
}

uint64_t gh_db_affected(const struct gh_db_result *result)
{
	return strtoull(PQcmdTuples(result->pg), NULL, 10);
}

static bool is_cell(const struct gh_db_result *result, size_t row, size_t column)
{
	return row < gh_db_rows(result) && column < gh_db_columns(result);
}

bool gh_db_is_null(const struct gh_db_result *result, size_t row, size_t column)
{
	return !is_cell(result, row, column) || PQgetisnull(result->pg, (int)row, (int)column) == 1;
}

static gh_result cell(const struct gh_db_result *result, size_t row, size_t column,
                      struct gh_slice *out)
{
	GH_ENSURE(is_cell(result, row, column), GH_E_CORRUPT,
	          "a row or column that was expected is not there");
	GH_ENSURE(!PQgetisnull(result->pg, (int)row, (int)column), GH_E_CORRUPT,
	          "column %zu is NULL", column);
	*out = gh_slice(PQgetvalue(result->pg, (int)row, (int)column),
	                (size_t)PQgetlength(result->pg, (int)row, (int)column));
	return GH_OK;
}

static gh_result binary_cell(const struct gh_db_result *result, size_t row, size_t column, Oid type,
                             size_t len, struct gh_slice *out)
{
	GH_TRY(cell(result, row, column, out));
	GH_ENSURE(PQftype(result->pg, (int)column) == type &&
	              PQfformat(result->pg, (int)column) == 1 && (len == 0 || out->len == len),
	          GH_E_CORRUPT, "column %zu is not of the type that was expected", column);
	return GH_OK;
}

gh_result gh_db_get_text(const struct gh_db_result *result, size_t row, size_t column,
                         struct gh_slice *out)
{
	GH_TRY(cell(result, row, column, out));
	if (PQfformat(result->pg, (int)column) == 0)
		return GH_OK;
	switch (PQftype(result->pg, (int)column)) {
	case T_TEXT:
	case T_VARCHAR:
	case T_BPCHAR:
	case T_NAME:
	case T_UNKNOWN:
	case T_JSON: return GH_OK;
	case T_JSONB: /* a version byte, then text */
		GH_ENSURE(out->len >= 1 && out->data[0] == 1, GH_E_CORRUPT,
		          "column %zu is of an unknown jsonb version", column);
		*out = gh_slice_sub(*out, 1, out->len - 1);
		return GH_OK;
	default:
		return gh_fail(GH_E_CORRUPT, "column %zu is not of the type that was expected",
		               column);
	}
}

gh_result gh_db_get_bytea(const struct gh_db_result *result, size_t row, size_t column,
                          struct gh_slice *out)
{
	return binary_cell(result, row, column, T_BYTEA, 0, out);
}

gh_result gh_db_get_fixed(const struct gh_db_result *result, size_t row, size_t column, void *out,
                          size_t len)
{
	struct gh_slice bytes;

	GH_TRY(binary_cell(result, row, column, T_BYTEA, len, &bytes));
	memcpy(out, bytes.data, len);
	return GH_OK;
}

gh_result gh_db_get_uuid(const struct gh_db_result *result, size_t row, size_t column,
                         struct gh_uuid *out)
{
	struct gh_slice bytes;

	GH_TRY(binary_cell(result, row, column, T_UUID, sizeof out->bytes, &bytes));
	memcpy(out->bytes, bytes.data, sizeof out->bytes);
	return GH_OK;
}

static int64_t wire_int(struct gh_slice bytes)
{
	int64_t number = (int8_t)bytes.data[0]; /* the sign is in the first byte */

	for (size_t i = 1; i < bytes.len; i++)
		number = (int64_t)((uint64_t)number << 8 | bytes.data[i]);
	return number;
}

gh_result gh_db_get_int(const struct gh_db_result *result, size_t row, size_t column, int64_t *out)
{
	struct gh_slice bytes;
	Oid type = is_cell(result, row, column) ? PQftype(result->pg, (int)column) : 0;
	size_t len = type == T_INT2 ? 2 : type == T_INT4 ? 4 : 8;

	if (type != T_INT2 && type != T_INT4)
		type = T_INT8;
	GH_TRY(binary_cell(result, row, column, type, len, &bytes));
	*out = wire_int(bytes);
	return GH_OK;
}

gh_result gh_db_get_bool(const struct gh_db_result *result, size_t row, size_t column, bool *out)
{
	struct gh_slice bytes;

	GH_TRY(binary_cell(result, row, column, T_BOOL, 1, &bytes));
	*out = bytes.data[0] != 0;
	return GH_OK;
}

gh_result gh_db_get_time(const struct gh_db_result *result, size_t row, size_t column,
                         int64_t *unix_us)
{
	struct gh_slice bytes;
	int64_t since_2000;

	GH_TRY(binary_cell(result, row, column, T_TIME, 8, &bytes));
	since_2000 = wire_int(bytes);
	GH_ENSURE(since_2000 != INT64_MIN && since_2000 < INT64_MAX - PG_EPOCH_UNIX_S * 1000000,
	          GH_E_CORRUPT, "column %zu is an infinite time", column);
	*unix_us = since_2000 + PG_EPOCH_UNIX_S * 1000000;
	return GH_OK;
}

static gh_result take_u32(struct gh_slice *rest, uint32_t *out)
{
	uint32_t wire;

	GH_ENSURE(rest->len >= sizeof wire, GH_E_CORRUPT, "an array ends early");
	memcpy(&wire, rest->data, sizeof wire);
	*out = be32toh(wire);
	*rest = gh_slice_sub(*rest, sizeof wire, rest->len);
	return GH_OK;
}

gh_result gh_db_get_text_array(const struct gh_db_result *result, size_t row, size_t column,
                               struct gh_slice *out, size_t max, size_t *count)
{
	struct gh_slice rest;
	uint32_t dimensions, nulls, type, elements, lower, len;

	GH_TRY(binary_cell(result, row, column, T_TEXT_ARRAY, 0, &rest));
	GH_TRY(take_u32(&rest, &dimensions));
	GH_TRY(take_u32(&rest, &nulls));
	GH_TRY(take_u32(&rest, &type));
	*count = 0;
	if (dimensions == 0)
		return GH_OK;
	GH_TRY(take_u32(&rest, &elements));
	GH_TRY(take_u32(&rest, &lower));
	GH_ENSURE(dimensions == 1 && nulls == 0, GH_E_CORRUPT,
	          "column %zu is not a plain list of texts", column);
	GH_ENSURE(elements <= max, GH_E_LIMIT, "column %zu has more than %zu elements", column,
	          max);
	for (uint32_t i = 0; i < elements; i++) {
		GH_TRY(take_u32(&rest, &len));
		GH_ENSURE(len <= rest.len, GH_E_CORRUPT, "an array ends early");
		out[i] = gh_slice_sub(rest, 0, len);
		rest = gh_slice_sub(rest, len, rest.len);
	}
	*count = elements;
	return GH_OK;
}

const PGresult *gh_db_pg(const struct gh_db_result *result)
{
	return result->pg;
}
