#include "policy/pack/compile.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/pack/pack_parts.h"

#define SPACE_LIMIT ((size_t)64 << 20)
#define SCHEMA      "schema.cedarschema"

struct load {
	struct gh_pack *pack;
	const struct gh_tar_member *members;
	size_t count;
	const struct gh_pack_listener *listener;
	struct gh_pack_refusal *why;
	struct gh_pack_refusal first; /* told or not: faults were there */
};

static bool ends_with(struct gh_slice path, const char *end)
{
	size_t len = strlen(end);

	return path.len > len && memcmp(path.data + path.len - len, end, len) == 0;
}

bool gh_pack_member_is(const struct gh_tar_member *member, const char *folder, const char *end)
{
	return gh_slice_starts_with(member->path, gh_slice_str(folder)) &&
	       ends_with(member->path, end);
}

static const struct gh_tar_member *find(const struct load *load, const char *path)
{
	for (size_t i = 0; i < load->count; i++)
		if (gh_slice_eq_str(load->members[i].path, path))
			return &load->members[i];
	return NULL;
}

/* ---- faults ---- */

static void keep_first(struct load *load, struct gh_slice path,
                       const struct gh_cedar_diagnostic *at)
{
	if (load->first.reason != GH_PACK_FINE)
		return;
	load->first.reason = GH_PACK_POLICY_INVALID;
	if (path.len == 0)
		snprintf(load->first.text, sizeof load->first.text, "%s", at->text);
	else if (at->line == 0)
		snprintf(load->first.text, sizeof load->first.text, "%.*s: %s", GH_SLICE_ARG(path),
		         at->text);
	else
		snprintf(load->first.text, sizeof load->first.text, "%.*s:%u:%u: %s",
		         GH_SLICE_ARG(path), at->line, at->column, at->text);
}

/* `member` may be NULL: the pack as a whole. A fault without words has them in the last error. */
static void tell(struct load *load, const struct gh_tar_member *member,
                 const struct gh_cedar_diagnostic *at)
{
	struct gh_pack_fault fault = { .where = *at };

	if (!fault.where.text[0])
		snprintf(fault.where.text, sizeof fault.where.text, "%s", gh_last_error()->text);
	if (member) {
		fault.path = member->path;
		fault.source = member->content;
	}
	if (!at->warning)
		keep_first(load, fault.path, &fault.where);
	if (load->listener && load->listener->fault)
		load->listener->fault(load->listener->user, &fault);
}

static void tell_text(struct load *load, const struct gh_tar_member *member, const char *text)
{
	struct gh_cedar_diagnostic at = { 0 };

	snprintf(at.text, sizeof at.text, "%.*s", (int)sizeof at.text - 1, text);
	tell(load, member, &at);
}

/* At a policy, in the file where it stands. */
static void tell_policy(struct load *load, const struct gh_cedar_policy *policy,
                        const struct gh_cedar_diagnostic *found)
{
	const struct gh_pack_place *place = policy ? gh_pack_place(load->pack, policy) : NULL;
	const struct gh_tar_member *member = place ? find(load, place->path) : NULL;
	struct gh_cedar_diagnostic at = *found;

	if (member)
		gh_cedar_diagnose(&at, member->content, found->span, "%s", found->text);
	tell(load, member, &at);
}

static bool is_fine(const struct load *load)
{
	return load->first.reason == GH_PACK_FINE;
}

/* Without somebody to tell the rest to, the first fault ends it. */
static bool goes_on(const struct load *load)
{
	return is_fine(load) || load->listener;
}

static gh_result verdict(const struct load *load)
{
	return is_fine(load)
	           ? GH_OK
	           : gh_pack_refuse(load->why, load->first.reason, "%s", load->first.text);
}

/* ---- the parts ---- */

static void load_schema(struct load *load)
{
	const struct gh_tar_member *member = find(load, SCHEMA);
	struct gh_pack *pack = load->pack;
	struct gh_cedar_diagnostic at = { 0 };

	if (!member)
		tell_text(load, NULL, "there is no " SCHEMA);
	else if (pack->checker->load(pack->space, member->content, false, &pack->schema, &at) !=
	         GH_OK)
		tell(load, member, &at);
}

/* The policies that one file added, in its order: their lines by one walk over it. */
static gh_result keep_places(struct gh_pack *pack, const struct gh_tar_member *member)
{
	size_t count = gh_cedar_policy_set_count(pack->set), at = 0;
	struct gh_pack_place *more = realloc(pack->places, (count + 1) * sizeof *more);
	uint32_t line = 1;

	GH_ENSURE(more, GH_E_MEMORY, "out of memory");
	pack->places = more;
	const char *path = gh_arena_strndup(gh_cedar_space_arena(pack->space), member->path.data,
	                                    member->path.len);
	GH_ENSURE(path, GH_E_LIMIT, "the policies need too much memory");
	for (; pack->place_count < count; pack->place_count++) {
		const struct gh_cedar_policy *policy =
		    gh_cedar_policy_set_at(pack->set, pack->place_count);
		for (; at < policy->span.start && at < member->content.len; at++)
			line += member->content.data[at] == '\n';
		pack->places[pack->place_count] = (struct gh_pack_place){ path, line };
	}
	return GH_OK;
}

/* Policies are called by their @id, or by their file and place: "access0". */
static gh_result load_policies(struct load *load)
{
	struct gh_pack *pack = load->pack;
	bool any = false;

	pack->set = gh_cedar_policy_set_new(pack->space);
	GH_ENSURE(pack->set, GH_E_MEMORY, "out of memory");
	for (size_t i = 0; i < load->count && goes_on(load); i++) {
		const struct gh_tar_member *member = &load->members[i];
		struct gh_cedar_diagnostic at = { 0 };
		char prefix[GH_TAR_PATH_BYTES + 1];
		if (!gh_pack_member_is(member, "policies/", ".cedar"))
			continue;
		any = true;
		snprintf(prefix, sizeof prefix, "%.*s",
		         (int)(member->path.len - strlen("policies/") - strlen(".cedar")),
		         (const char *)member->path.data + strlen("policies/"));
		if (gh_cedar_policy_set_parse(pack->set, member->content, prefix, true, &at) !=
		    GH_OK)
			tell(load, member, &at);
		else
			GH_TRY(keep_places(pack, member));
	}
	if (gh_cedar_policy_set_count(pack->set) == 0 && is_fine(load))
		tell_text(load, NULL,
		          any ? "there is no policy in the files under policies/"
		              : "there is no file policies/NAME.cedar");
	return GH_OK;
}

static void on_finding(void *user, const struct gh_cedar_finding *finding)
{
	struct load *load = user;

	if (goes_on(load))
		tell_policy(load, finding->policy, &finding->where);
}

static void validate(struct load *load)
{
	struct gh_pack *pack = load->pack;

	if (pack->checker->validate(pack->schema, pack->set, true, on_finding, load) != GH_OK &&
	    is_fine(load))
		tell_text(load, NULL, gh_last_error()->text);
	for (size_t i = 0; i < gh_cedar_policy_set_count(pack->set) && goes_on(load); i++) {
		const struct gh_cedar_policy *policy = gh_cedar_policy_set_at(pack->set, i);
		struct gh_cedar_diagnostic at = { .span = policy->span };
		struct gh_policy_obligations read;
		if (gh_policy_obligations_read(policy, &read) == GH_OK)
			continue;
		snprintf(at.text, sizeof at.text, "%s", gh_last_error()->text);
		tell_policy(load, policy, &at);
	}
}

static gh_result load_entities(struct load *load)
{
	struct gh_pack *pack = load->pack;
	const struct gh_cedar_shapes *shapes = pack->checker->shapes(pack->schema);
	const struct gh_tar_member none = { .content = GH_SLICE("[]") };
	bool any = false;

	pack->facts_space = gh_cedar_space_new(pack->space, SPACE_LIMIT);
	GH_ENSURE(pack->facts_space, GH_E_MEMORY, "out of memory");
	pack->entities = gh_cedar_entities_new(pack->facts_space, NULL);
	GH_ENSURE(pack->entities, GH_E_MEMORY, "out of memory");
	for (size_t i = 0; i <= load->count && goes_on(load); i++) {
		struct gh_cedar_diagnostic at = { 0 };
		const struct gh_tar_member *member = i < load->count ? &load->members[i] : &none;
		/* When no file is there, the schema's actions alone. */
		if (i == load->count ? any : !gh_pack_member_is(member, "entities/", ".json"))
			continue;
		any = true;
		if (gh_cedar_entities_read(pack->entities, member->content, shapes, &at) != GH_OK)
			tell(load, i < load->count ? member : NULL, &at);
	}
	if (!is_fine(load))
		return GH_OK;
	if (gh_cedar_entities_seal(pack->entities) != GH_OK ||
	    pack->checker->validate_entities(pack->schema, pack->entities) != GH_OK) {
		char text[220];
		snprintf(text, sizeof text, "entities/: %.200s", gh_last_error()->text);
		tell_text(load, NULL, text);
	}
	gh_cedar_space_freeze(pack->facts_space);
	return GH_OK;
}

/* Each step needs the ones before it whole. */
gh_result gh_pack_load(struct gh_pack *pack, const struct gh_tar_member *members, size_t count,
                       const struct gh_pack_listener *listener, struct gh_pack_refusal *why)
{
	struct load load = {
		.pack = pack, .members = members, .count = count, .listener = listener, .why = why
	};

	pack->space = gh_cedar_space_new(NULL, SPACE_LIMIT);
	GH_ENSURE(pack->space, GH_E_MEMORY, "out of memory");
	load_schema(&load);
	if (goes_on(&load))
		GH_TRY(load_policies(&load));
	GH_TRY(verdict(&load));
	validate(&load);
	if (goes_on(&load)) {
		GH_TRY(gh_cedar_policy_set_seal(pack->set));
		GH_TRY(load_entities(&load));
	}
	return verdict(&load);
}

const struct gh_pack_place *gh_pack_place(const struct gh_pack *pack,
                                          const struct gh_cedar_policy *policy)
{
	return policy->index < pack->place_count &&
	               gh_cedar_policy_set_at(pack->set, policy->index) == policy
	           ? &pack->places[policy->index]
	           : NULL;
}

/* A manifest that is there says how errors count, and must be true of the files. */
static gh_result check(struct gh_pack *pack, const struct gh_tar_member *members, size_t count,
                       const struct gh_pack_listener *listener, struct gh_pack_refusal *why)
{
	if (gh_tar_find(members, count, "manifest.json").data) {
		GH_TRY(gh_pack_read_manifest(pack, members, count, why));
		GH_TRY(gh_pack_check_files(&pack->manifest, members, count, why));
	}
	return gh_pack_load(pack, members, count, listener, why);
}

gh_result gh_pack_check(const struct gh_tar_member *members, size_t count,
                        const struct gh_cedar_checker *checker,
                        const struct gh_pack_listener *listener, struct gh_pack **out,
                        struct gh_pack_refusal *why)
{
	struct gh_pack *pack = gh_pack_new(checker, why);

	*out = NULL;
	GH_ENSURE(pack, GH_E_MEMORY, "out of memory");
	return gh_pack_settle(pack, check(pack, members, count, listener, why), out, why);
}

gh_result gh_pack_compile(const struct gh_tar_member *members, size_t count,
                          const struct gh_cedar_checker *checker, struct gh_pack **out,
                          struct gh_pack_refusal *why)
{
	struct gh_pack *pack = gh_pack_new(checker, why);

	*out = NULL;
	GH_ENSURE(pack, GH_E_MEMORY, "out of memory");
	enum gh_code code = check(pack, members, count, NULL, why);
	if (code == GH_OK)
		code = gh_pack_try(pack, members, count, NULL, why);
	return gh_pack_settle(pack, code, out, why);
}
