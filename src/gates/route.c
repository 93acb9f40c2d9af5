#include "gates/route.h"

/* True when `path` fits `pattern`; `parameter` gets what "{…}" or "*" stands for. */
static bool fits(const char *pattern, struct gh_slice path, struct gh_slice *parameter)
{
	const char *at = pattern;
	size_t i = 0;

	*parameter = gh_slice(NULL, 0);
	while (*at) {
		if (*at == '*') {
			*parameter = gh_slice_sub(path, i, path.len);
			return parameter->len > 0;
		}
		if (*at == '{') {
			size_t start = i;
			/* No escapes: what follows is forwarded, and "..%2f" is not a name. */
			while (i < path.len && path.data[i] != '/' && path.data[i] != '%')
				i++;
			*parameter = gh_slice_sub(path, start, i - start);
			if (parameter->len == 0)
				return false;
			at = strchr(at, '}') + 1;
			continue;
		}
		if (i >= path.len || path.data[i] != (uint8_t)*at)
			return false;
		i++;
		at++;
	}
	return i == path.len;
}

struct gh_route_match gh_route_find(const struct gh_route *table, size_t count,
                                    struct gh_slice method, struct gh_slice path)
{
	struct gh_route_match match = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct gh_slice parameter;
		if (!fits(table[i].path, path, &parameter))
			continue;
		match.path_exists = true;
		if (!gh_slice_eq_str(method, table[i].method))
			continue;
		match.route = &table[i];
		match.parameter = parameter;
		return match;
	}
	return match;
}

void gh_route_methods(const struct gh_route *table, size_t count, struct gh_slice path,
                      struct gh_buf *out)
{
	struct gh_slice parameter;

	for (size_t i = 0; i < count; i++) {
		if (!fits(table[i].path, path, &parameter))
			continue;
		if (out->len &&
		    memmem(out->data, out->len, table[i].method, strlen(table[i].method)))
			continue; /* "/log/vkey" fits two rows */
		if (out->len)
			gh_buf_add_str(out, ", ");
		gh_buf_add_str(out, table[i].method);
	}
}
