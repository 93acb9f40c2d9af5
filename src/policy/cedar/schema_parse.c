/* Cedar schema text. A recursive descent over the same tokens as policies; nesting is bounded by
 * the parser, everything else loops. */
#include "policy/cedar/parse.h"
#include "policy/cedar/schema_raw.h"

struct reader {
	struct gh_cedar_parser p;
	struct gh_raw_schema raw;
	struct gh_slice space; /* the namespace that is read; "" outside */
};

static bool at_word(const struct reader *r, const char *word)
{
	return gh_cedar_parser_at_word(&r->p, word);
}

static gh_result take_word(struct reader *r, const char *word, bool *taken)
{
	*taken = at_word(r, word);
	return *taken ? gh_cedar_parser_next(&r->p) : GH_OK;
}

/* Reserved in policies; `__cedar` is so in names of types only. */
static bool is_keyword(struct gh_slice word)
{
	return gh_cedar_is_reserved(word) && !gh_slice_eq_str(word, "__cedar");
}

/* A::B, none of the words reserved but for a leading __cedar. */
static gh_result read_path(struct reader *r, const char *what, struct gh_slice *out,
                           struct gh_cedar_span *span)
{
	uint32_t start = r->p.token.span.start;
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };

	for (bool more = true, first = true; more; first = false) {
		struct gh_slice word = gh_cedar_parser_text(&r->p);
		if (r->p.token.kind != GH_CEDAR_TOK_IDENT)
			return gh_cedar_parser_unexpected(&r->p, what);
		if (gh_cedar_is_reserved(word) && !(first && gh_slice_eq_str(word, "__cedar")))
			return gh_cedar_parser_fail(&r->p, r->p.token.span, "`%.*s` is reserved",
			                            GH_SLICE_ARG(word));
		gh_buf_add_slice(&text, word);
		GH_TRY(gh_cedar_parser_next(&r->p));
		GH_TRY(gh_cedar_parser_take(&r->p, GH_CEDAR_MARK_PATH, &more));
		if (more)
			gh_buf_add_str(&text, "::");
	}
	*span = gh_cedar_parser_since(&r->p, start);
	GH_TRY(gh_buf_check(&text));
	*out = gh_arena_copy(r->raw.arena, gh_buf_slice(&text));
	GH_ENSURE(out->data, GH_E_LIMIT, "the schema is too large");
	return GH_OK;
}

/* The name of a declaration: one word. */
static gh_result read_ident(struct reader *r, const char *what, struct gh_slice *out)
{
	struct gh_slice word = gh_cedar_parser_text(&r->p);

	if (r->p.token.kind != GH_CEDAR_TOK_IDENT)
		return gh_cedar_parser_unexpected(&r->p, what);
	if (gh_cedar_is_reserved(word))
		return gh_cedar_parser_fail(&r->p, r->p.token.span, "`%.*s` is reserved",
		                            GH_SLICE_ARG(word));
	*out = word; /* the source outlives the raw form */
	return gh_cedar_parser_next(&r->p);
}

/* Of an attribute or an action: a word or a string. What policies reserve must be quoted, but
 * `__cedar` is a name like others here. */
static gh_result read_name(struct reader *r, const char *what, const struct gh_cedar_name **out)
{
	struct gh_slice word;

	if (r->p.token.kind == GH_CEDAR_TOK_STRING)
		return gh_cedar_parser_string(&r->p, out);
	struct gh_cedar_span span = r->p.token.span;
	GH_TRY(gh_cedar_parser_any_ident(&r->p, what, &word));
	if (is_keyword(word))
		return gh_cedar_parser_fail(&r->p, span, "`%.*s` is reserved: put it in quotes",
		                            GH_SLICE_ARG(word));
	*out = gh_cedar_intern(r->p.space, word);
	GH_ENSURE(*out, GH_E_LIMIT, "the schema is too large");
	return GH_OK;
}

/* @key or @key("value"): read over; no key twice before one declaration. */
static gh_result skip_annotations(struct reader *r)
{
	struct gh_slice seen[64];
	size_t count = 0;
	bool more;

	for (;;) {
		struct gh_slice key;
		const struct gh_cedar_name *value;
		GH_TRY(gh_cedar_parser_take(&r->p, '@', &more));
		if (!more)
			return GH_OK;
		struct gh_cedar_span span = r->p.token.span;
		GH_TRY(gh_cedar_parser_any_ident(&r->p, "an annotation's name", &key));
		for (size_t i = 0; i < count; i++)
			if (gh_slice_eq(seen[i], key))
				return gh_cedar_parser_fail(&r->p, span,
				                            "the annotation @%.*s is there twice",
				                            GH_SLICE_ARG(key));
		if (count < GH_ARRAY_LEN(seen))
			seen[count++] = key;
		GH_TRY(gh_cedar_parser_take(&r->p, '(', &more));
		if (!more)
			continue;
		if (r->p.token.kind != GH_CEDAR_TOK_STRING)
			return gh_cedar_parser_unexpected(&r->p, "a string");
		GH_TRY(gh_cedar_parser_string(&r->p, &value));
		GH_TRY(gh_cedar_parser_expect(&r->p, ')', "`)`"));
	}
}

static gh_result read_type(struct reader *r, struct gh_raw_type **out);

/* After "{". */
static gh_result read_record(struct reader *r, struct gh_raw_type *record)
{
	struct gh_raw_attribute **tail = &record->attributes;
	bool done, more;

	GH_TRY(gh_cedar_parser_deeper(&r->p));
	for (;;) {
		GH_TRY(gh_cedar_parser_take(&r->p, '}', &done));
		if (done)
			break;
		GH_TRY(skip_annotations(r));
		struct gh_raw_attribute *attribute = GH_RAW_NEW(&r->raw, struct gh_raw_attribute);
		GH_ENSURE(attribute, GH_E_LIMIT, "the schema is too large");
		attribute->span = r->p.token.span;
		GH_TRY(read_name(r, "an attribute's name", &attribute->name));
		GH_TRY(gh_cedar_parser_take(&r->p, '?', &more));
		attribute->required = !more;
		GH_TRY(gh_cedar_parser_expect(&r->p, ':', "`:`"));
		GH_TRY(read_type(r, &attribute->type));
		*tail = attribute;
		tail = &attribute->next;
		GH_TRY(gh_cedar_parser_take(&r->p, ',', &more));
		if (!more) {
			GH_TRY(gh_cedar_parser_expect(&r->p, '}', "`,` or `}`"));
			break;
		}
	}
	r->p.nesting--;
	return GH_OK;
}

static gh_result read_type(struct reader *r, struct gh_raw_type **out)
{
	struct gh_raw_type *type = GH_RAW_NEW(&r->raw, struct gh_raw_type);
	bool taken;

	GH_ENSURE(type, GH_E_LIMIT, "the schema is too large");
	*out = type;
	uint32_t start = r->p.token.span.start;
	GH_TRY(gh_cedar_parser_take(&r->p, '{', &taken));
	if (taken) {
		type->kind = GH_RAW_RECORD;
		GH_TRY(read_record(r, type));
		type->span = gh_cedar_parser_since(&r->p, start);
		return GH_OK;
	}
	bool is_set = at_word(r, "Set");
	GH_TRY(read_path(r, "a type", &type->path, &type->span));
	type->kind = GH_RAW_NAME;
	if (!is_set || !gh_slice_eq_str(type->path, "Set") || !gh_cedar_parser_at(&r->p, '<'))
		return GH_OK;
	type->kind = GH_RAW_SET;
	GH_TRY(gh_cedar_parser_deeper(&r->p));
	GH_TRY(gh_cedar_parser_expect(&r->p, '<', "`<`"));
	GH_TRY(read_type(r, &type->element));
	GH_TRY(gh_cedar_parser_expect(&r->p, '>', "`>`"));
	type->span = gh_cedar_parser_since(&r->p, start);
	r->p.nesting--;
	return GH_OK;
}

/* A, or [A, B]. */
static gh_result read_paths(struct reader *r, struct gh_raw_path **tail)
{
	bool list, done = false, more = true;

	GH_TRY(gh_cedar_parser_take(&r->p, '[', &list));
	if (list)
		GH_TRY(gh_cedar_parser_take(&r->p, ']', &done));
	while (!done && more) {
		struct gh_raw_path *item = GH_RAW_NEW(&r->raw, struct gh_raw_path);
		GH_ENSURE(item, GH_E_LIMIT, "the schema is too large");
		GH_TRY(read_path(r, "an entity type", &item->path, &item->span));
		*tail = item;
		tail = &item->next;
		more = false;
		if (list)
			GH_TRY(gh_cedar_parser_take(&r->p, ',', &more));
		if (list && !more)
			GH_TRY(gh_cedar_parser_expect(&r->p, ']', "`,` or `]`"));
	}
	return GH_OK;
}

/* ---- declarations ---- */

static gh_result read_enum(struct reader *r, struct gh_raw_entity *entity)
{
	struct gh_cedar_items ids = { 0 };
	const struct gh_cedar_name *id;
	bool more = true;

	GH_TRY(gh_cedar_parser_expect(&r->p, '[', "`[`"));
	enum gh_code code = GH_OK;
	while (code == GH_OK && more) {
		code = r->p.token.kind == GH_CEDAR_TOK_STRING
		           ? gh_cedar_parser_string(&r->p, &id)
		           : gh_cedar_parser_unexpected(&r->p, "an id in quotes");
		if (code == GH_OK)
			code = gh_cedar_items_add(&ids, id, NULL);
		if (code == GH_OK)
			code = gh_cedar_parser_take(&r->p, ',', &more);
	}
	if (code == GH_OK) {
		entity->is_enum = true;
		entity->id_count = (uint32_t)ids.count;
		entity->ids =
		    gh_raw_alloc(gh_cedar_space_arena(r->p.space), ids.count * sizeof *entity->ids);
		if (entity->ids)
			memcpy(entity->ids, ids.names, ids.count * sizeof *entity->ids);
		else
			code = gh_fail(GH_E_LIMIT, "the schema is too large");
	}
	gh_cedar_items_free(&ids);
	GH_TRY(code);
	return gh_cedar_parser_expect(&r->p, ']', "`]`");
}

/* What follows the names; shared by all of them. */
static gh_result read_entity_rest(struct reader *r, struct gh_raw_entity *entity)
{
	bool taken;

	GH_TRY(take_word(r, "enum", &taken));
	if (taken) {
		GH_TRY(read_enum(r, entity));
		return gh_cedar_parser_expect(&r->p, ';', "`;`");
	}
	GH_TRY(take_word(r, "in", &taken));
	if (taken)
		GH_TRY(read_paths(r, &entity->parents));
	GH_TRY(gh_cedar_parser_take(&r->p, '=', &taken));
	if (taken || gh_cedar_parser_at(&r->p, '{')) {
		if (!gh_cedar_parser_at(&r->p, '{'))
			return gh_cedar_parser_unexpected(&r->p, "a record");
		GH_TRY(read_type(r, &entity->shape));
	}
	GH_TRY(take_word(r, "tags", &taken));
	if (taken)
		GH_TRY(read_type(r, &entity->tags));
	return gh_cedar_parser_expect(&r->p, ';', "`;`");
}

static gh_result read_entity(struct reader *r)
{
	struct gh_raw_entity *first = NULL, **tail = &first;
	struct gh_raw_entity rest = { 0 };
	bool more = true;

	while (more) {
		struct gh_raw_entity *entity = GH_RAW_NEW(&r->raw, struct gh_raw_entity);
		GH_ENSURE(entity, GH_E_LIMIT, "the schema is too large");
		entity->span = r->p.token.span;
		GH_TRY(read_ident(r, "an entity type's name", &entity->name));
		*tail = entity;
		tail = &entity->next;
		GH_TRY(gh_cedar_parser_take(&r->p, ',', &more));
	}
	GH_TRY(read_entity_rest(r, &rest));
	for (struct gh_raw_entity *entity = first, *next; entity; entity = next) {
		struct gh_slice name = entity->name;
		struct gh_cedar_span span = entity->span;
		next = entity->next;
		*entity = rest;
		entity->space = r->space;
		entity->name = name;
		entity->span = span;
		GH_TRY(gh_raw_add_entity(&r->raw, entity));
	}
	return GH_OK;
}

static gh_result read_reference(struct reader *r, struct gh_raw_reference *out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf type = { 0 };
	uint32_t start = r->p.token.span.start;

	/* Name, or Path::"id": a path is followed by "::" before its string. */
	while (r->p.token.kind == GH_CEDAR_TOK_IDENT) {
		struct gh_slice word = gh_cedar_parser_text(&r->p);
		bool more;
		GH_TRY(gh_cedar_parser_next(&r->p));
		GH_TRY(gh_cedar_parser_take(&r->p, GH_CEDAR_MARK_PATH, &more));
		if (!more) {
			if (type.len > 0)
				return gh_cedar_parser_unexpected(&r->p, "`::` and a quoted id");
			out->span = gh_cedar_parser_since(&r->p, start);
			if (is_keyword(word))
				return gh_cedar_parser_fail(&r->p, out->span,
				                            "`%.*s` is reserved: put it in quotes",
				                            GH_SLICE_ARG(word));
			out->id = gh_cedar_intern(r->p.space, word);
			GH_ENSURE(out->id, GH_E_LIMIT, "the schema is too large");
			return GH_OK;
		}
		if (gh_cedar_is_reserved(word))
			return gh_cedar_parser_fail(&r->p, gh_cedar_parser_since(&r->p, start),
			                            "`%.*s` is reserved", GH_SLICE_ARG(word));
		if (type.len)
			gh_buf_add_str(&type, "::");
		gh_buf_add_slice(&type, word);
	}
	if (r->p.token.kind != GH_CEDAR_TOK_STRING)
		return gh_cedar_parser_unexpected(&r->p, "an action");
	GH_TRY(gh_cedar_parser_string(&r->p, &out->id));
	out->span = gh_cedar_parser_since(&r->p, start);
	GH_TRY(gh_buf_check(&type));
	out->type = type.len ? gh_arena_copy(r->raw.arena, gh_buf_slice(&type)) : GH_SLICE("");
	GH_ENSURE(out->type.data, GH_E_LIMIT, "the schema is too large");
	return GH_OK;
}

/* A, or [A, B]; unlike a list of types it is not empty. */
static gh_result read_references(struct reader *r, struct gh_raw_reference **tail)
{
	bool list, more = true;

	GH_TRY(gh_cedar_parser_take(&r->p, '[', &list));
	while (more) {
		struct gh_raw_reference *item = GH_RAW_NEW(&r->raw, struct gh_raw_reference);
		GH_ENSURE(item, GH_E_LIMIT, "the schema is too large");
		GH_TRY(read_reference(r, item));
		*tail = item;
		tail = &item->next;
		more = false;
		if (list)
			GH_TRY(gh_cedar_parser_take(&r->p, ',', &more));
		if (list && !more)
			GH_TRY(gh_cedar_parser_expect(&r->p, ']', "`,` or `]`"));
	}
	return GH_OK;
}

static gh_result read_applies(struct reader *r, struct gh_raw_action *action)
{
	bool done, more = true, principal = false, resource = false, context = false;

	GH_TRY(gh_cedar_parser_expect(&r->p, '{', "`{`"));
	action->applies = true;
	for (;;) {
		GH_TRY(gh_cedar_parser_take(&r->p, '}', &done));
		if (done)
			break;
		bool *seen = at_word(r, "principal")  ? &principal
		             : at_word(r, "resource") ? &resource
		             : at_word(r, "context")  ? &context
		                                      : NULL;
		if (!seen || !more)
			return gh_cedar_parser_unexpected(
			    &r->p, "`principal:`, `resource:`, `context:` or `}`");
		if (*seen)
			return gh_cedar_parser_fail(&r->p, r->p.token.span, "this is there twice");
		*seen = true;
		GH_TRY(gh_cedar_parser_next(&r->p));
		GH_TRY(gh_cedar_parser_expect(&r->p, ':', "`:`"));
		struct gh_cedar_span span = r->p.token.span;
		if (seen == &context) {
			GH_TRY(read_type(r, &action->context));
			if (action->context->kind == GH_RAW_SET)
				return gh_cedar_parser_fail(&r->p, span, "a context is a record");
		} else {
			struct gh_raw_path **into =
			    seen == &principal ? &action->principals : &action->resources;
			GH_TRY(read_paths(r, into));
			if (!*into)
				return gh_cedar_parser_fail(
				    &r->p, span,
				    "at least one type; leave appliesTo out for "
				    "an action that is a group only");
		}
		GH_TRY(gh_cedar_parser_take(&r->p, ',', &more));
	}
	if (!principal || !resource)
		return gh_cedar_parser_unexpected(
		    &r->p, "both `principal` and `resource` before the brace");
	return GH_OK;
}

static gh_result read_action(struct reader *r)
{
	struct gh_raw_action *first = NULL, **tail = &first;
	struct gh_raw_action rest = { 0 };
	bool more = true, taken;

	while (more) {
		struct gh_raw_action *action = GH_RAW_NEW(&r->raw, struct gh_raw_action);
		GH_ENSURE(action, GH_E_LIMIT, "the schema is too large");
		action->span = r->p.token.span;
		GH_TRY(read_name(r, "an action's name", &action->id));
		*tail = action;
		tail = &action->next;
		GH_TRY(gh_cedar_parser_take(&r->p, ',', &more));
	}
	GH_TRY(take_word(r, "in", &taken));
	if (taken)
		GH_TRY(read_references(r, &rest.parents));
	GH_TRY(take_word(r, "appliesTo", &taken));
	if (taken)
		GH_TRY(read_applies(r, &rest));
	GH_TRY(take_word(r, "attributes", &taken));
	if (taken) {
		GH_TRY(gh_cedar_parser_expect(&r->p, '{', "`{`"));
		GH_TRY(gh_cedar_parser_expect(&r->p, '}', "`}`: actions have no attributes"));
	}
	GH_TRY(gh_cedar_parser_expect(&r->p, ';', "`;`"));
	for (struct gh_raw_action *action = first, *next; action; action = next) {
		const struct gh_cedar_name *id = action->id;
		struct gh_cedar_span span = action->span;
		next = action->next;
		*action = rest;
		action->space = r->space;
		action->id = id;
		action->span = span;
		GH_TRY(gh_raw_add_action(&r->raw, action));
	}
	return GH_OK;
}

static gh_result read_common(struct reader *r)
{
	struct gh_raw_common *common = GH_RAW_NEW(&r->raw, struct gh_raw_common);

	GH_ENSURE(common, GH_E_LIMIT, "the schema is too large");
	common->space = r->space;
	common->span = r->p.token.span;
	GH_TRY(read_ident(r, "a type's name", &common->name));
	GH_TRY(gh_cedar_parser_expect(&r->p, '=', "`=`"));
	GH_TRY(read_type(r, &common->type));
	GH_TRY(gh_cedar_parser_expect(&r->p, ';', "`;`"));
	return gh_raw_add_common(&r->raw, common);
}

static gh_result read_declaration(struct reader *r)
{
	static const struct {
		const char *word;
		enum gh_code (*read)(struct reader *r);
	} kinds[] = { { "entity", read_entity },
		      { "action", read_action },
		      { "type", read_common } };

	for (size_t i = 0; i < GH_ARRAY_LEN(kinds); i++) {
		if (!at_word(r, kinds[i].word))
			continue;
		GH_TRY(gh_cedar_parser_next(&r->p));
		return kinds[i].read(r);
	}
	return gh_cedar_parser_unexpected(&r->p, r->space.len ? "`entity`, `action`, `type` or `}`"
	                                                      : "`entity`, `action`, `type` or "
	                                                        "`namespace`");
}

/* RFC 70: a namespace is declared once. */
static gh_result read_namespace(struct reader *r, struct gh_raw_path **spaces)
{
	struct gh_raw_path *space = GH_RAW_NEW(&r->raw, struct gh_raw_path);
	bool done = false;

	GH_ENSURE(space, GH_E_LIMIT, "the schema is too large");
	GH_TRY(read_path(r, "a namespace's name", &space->path, &space->span));
	if (gh_slice_starts_with(space->path, GH_SLICE("__cedar")))
		return gh_cedar_parser_fail(&r->p, space->span, "`__cedar` is reserved");
	for (const struct gh_raw_path *other = *spaces; other; other = other->next)
		if (gh_slice_eq(other->path, space->path))
			return gh_cedar_parser_fail(&r->p, space->span,
			                            "the namespace %.*s is there twice",
			                            GH_SLICE_ARG(space->path));
	space->next = *spaces;
	*spaces = space;
	r->space = space->path;
	GH_TRY(gh_cedar_parser_expect(&r->p, '{', "`{`"));
	for (;;) {
		GH_TRY(gh_cedar_parser_take(&r->p, '}', &done));
		if (done)
			break;
		GH_TRY(skip_annotations(r));
		GH_TRY(read_declaration(r));
	}
	r->space = GH_SLICE("");
	return GH_OK;
}

static gh_result read_schema(struct reader *r)
{
	struct gh_raw_path *spaces = NULL;
	bool taken;

	while (r->p.token.kind != GH_CEDAR_TOK_END) {
		GH_TRY(skip_annotations(r));
		GH_TRY(take_word(r, "namespace", &taken));
		if (taken)
			GH_TRY(read_namespace(r, &spaces));
		else
			GH_TRY(read_declaration(r));
	}
	return GH_OK;
}

gh_result gh_cedar_schema_parse(struct gh_cedar_space *space, struct gh_slice text,
                                struct gh_cedar_schema **out, struct gh_cedar_diagnostic *why)
{
	struct gh_cedar_diagnostic local;
	struct reader r = { .space = GH_SLICE("") };

	*out = NULL;
	why = why ? why : &local;
	*why = (struct gh_cedar_diagnostic){ 0 };
	GH_TRY(gh_cedar_check_source(text, why));
	GH_TRY(gh_raw_open(space, text, why, &r.raw));
	enum gh_code code = gh_cedar_parser_start(&r.p, space, text, why);
	if (code == GH_OK)
		code = read_schema(&r);
	if (code == GH_OK)
		code = gh_raw_resolve(&r.raw, out);
	gh_arena_free(r.raw.arena);
	return code;
}
