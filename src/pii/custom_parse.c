#include "pii/custom_parse.h"

#include "base/json.h"

#define MAX_REGEXES       16
#define MAX_REGEX_BYTES   512
#define MIN_WORD_BYTES    2
#define MAX_WORD_BYTES    100
#define MAX_ALLOW_BYTES   256
#define MAX_EXAMPLES      50
#define MAX_EXAMPLE_BYTES 2000
#define CONFIDENCE        95

gh_result gh_pii_custom_name_check(struct gh_slice name)
{
	enum gh_pii_class class;
	bool fits = name.len >= 1 && name.len <= GH_PII_CUSTOM_NAME_MAX && name.data[0] >= 'a' &&
	            name.data[0] <= 'z';

	for (size_t i = 0; fits && i < name.len; i++) {
		uint8_t c = name.data[i];
		fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
	}
	GH_ENSURE(fits, GH_E_FORMAT,
	          "a pattern's name is 1 to %d of a-z, 0-9 and _, beginning with a letter",
	          GH_PII_CUSTOM_NAME_MAX);
	GH_ENSURE(gh_pii_class_parse(name, &class) != GH_OK, GH_E_FORMAT,
	          "%.*s is the name of a built-in class", GH_SLICE_ARG(name));
	return GH_OK;
}

struct list_rule {
	const char *member;
	size_t max_items, min_bytes, max_bytes;
};

static gh_result check_list(const char *name, const struct list_rule *rule, const json_t *list)
{
	GH_ENSURE(json_is_array(list) && json_array_size(list) <= rule->max_items, GH_E_FORMAT,
	          "%s: %s must be an array of at most %zu strings", name, rule->member,
	          rule->max_items);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct gh_slice text = gh_pii_custom_string(list, i);
		GH_ENSURE(json_is_string(json_array_get(list, i)) && text.len >= rule->min_bytes &&
		              text.len <= rule->max_bytes,
		          GH_E_FORMAT, "%s: item %zu of %s must be a string of %zu to %zu bytes",
		          name, i + 1, rule->member, rule->min_bytes, rule->max_bytes);
	}
	return GH_OK;
}

static gh_result read_modes(struct gh_pii_custom_form *form, const json_t *modes)
{
	const char *channel_name;
	json_t *value;

	GH_ENSURE(json_is_object(modes), GH_E_FORMAT,
	          "%s: modes must be an object such as {\"prompt\": \"strict\"}", form->name);
	json_object_foreach((json_t *)(uintptr_t)modes, channel_name, value)
	{
		enum gh_pii_channel channel;
		enum gh_pii_mode mode;
		GH_ENSURE(gh_pii_channel_parse(gh_slice_str(channel_name), &channel) == GH_OK &&
		              json_is_string(value) &&
		              gh_pii_mode_parse(gh_slice_str(json_string_value(value)), &mode) ==
		                  GH_OK,
		          GH_E_FORMAT,
		          "%s: modes gives channels (prompt, output, tool, data, agent, webhook, "
		          "log) a mode (off, flag, reversible, strict)",
		          form->name);
		form->mode[channel] = (uint8_t)mode;
	}
	return GH_OK;
}

/* The one that the definition is about. */
static gh_result read_values(struct gh_pii_custom_form *form)
{
	static const struct list_rule rules[] = {
		[GH_PII_CUSTOM_REGEX] = { "regex", MAX_REGEXES, 1, MAX_REGEX_BYTES },
		[GH_PII_CUSTOM_WORDS] = { "words", GH_PII_CUSTOM_MAX_WORDS, MIN_WORD_BYTES,
		                          MAX_WORD_BYTES },
		[GH_PII_CUSTOM_ALLOW] = { "allow", GH_PII_CUSTOM_MAX_WORDS, 1, MAX_ALLOW_BYTES },
	};
	int given = 0;

	for (size_t i = 0; i < GH_ARRAY_LEN(rules); i++) {
		json_t *value = json_object_get(form->tree, rules[i].member);
		if (!value)
			continue;
		given++;
		form->type = (enum gh_pii_custom_type)i;
		if (i == GH_PII_CUSTOM_REGEX && json_is_string(value)) {
			json_t *array = json_pack("[O]", value);
			GH_ENSURE(array && json_object_set_new(form->tree, "regex", array) == 0,
			          GH_E_MEMORY, "out of memory");
			value = array;
		}
		form->values = value;
	}
	GH_ENSURE(given == 1, GH_E_FORMAT, "%s: it must hold one of regex, words and allow",
	          form->name);
	GH_TRY(check_list(form->name, &rules[form->type], form->values));
	GH_ENSURE(json_array_size(form->values) > 0, GH_E_FORMAT, "%s: %s is empty", form->name,
	          rules[form->type].member);
	return GH_OK;
}

static gh_result read_options(struct gh_pii_custom_form *form)
{
	static const struct list_rule match = { "match", MAX_EXAMPLES, 1, MAX_EXAMPLE_BYTES };
	static const struct list_rule no_match = { "no_match", MAX_EXAMPLES, 1, MAX_EXAMPLE_BYTES };
	const json_t *value;

	form->caseless = form->type == GH_PII_CUSTOM_WORDS;
	if ((value = json_object_get(form->tree, "caseless"))) {
		GH_ENSURE(json_is_boolean(value), GH_E_FORMAT, "%s: caseless is true or false",
		          form->name);
		form->caseless = json_is_true(value);
	}
	form->confidence = CONFIDENCE;
	if ((value = json_object_get(form->tree, "confidence"))) {
		GH_ENSURE(json_is_integer(value) && json_integer_value(value) >= 1 &&
		              json_integer_value(value) <= 100,
		          GH_E_FORMAT, "%s: confidence is a whole number from 1 to 100",
		          form->name);
		form->confidence = (uint8_t)json_integer_value(value);
	}
	memset(form->mode, GH_PII_MODE_COUNT, sizeof form->mode);
	if ((value = json_object_get(form->tree, "modes")))
		GH_TRY(read_modes(form, value));
	if ((form->match = json_object_get(form->tree, "match")))
		GH_TRY(check_list(form->name, &match, form->match));
	if ((form->no_match = json_object_get(form->tree, "no_match")))
		GH_TRY(check_list(form->name, &no_match, form->no_match));
	return GH_OK;
}

/* A misspelt member would silently mean less than its author thinks. */
static gh_result check_members(const struct gh_pii_custom_form *form)
{
	static const char *const known[] = { "regex",      "words", "allow", "caseless",
		                             "confidence", "modes", "match", "no_match" };
	const char *name;
	json_t *value;

	json_object_foreach(form->tree, name, value)
	{
		bool found = false;
		for (size_t i = 0; i < GH_ARRAY_LEN(known); i++)
			found = found || strcmp(name, known[i]) == 0;
		GH_ENSURE(found, GH_E_FORMAT,
		          "%s: it may hold regex, words or allow, and caseless, confidence, modes, "
		          "match and no_match",
		          form->name);
	}
	GH_ENSURE(form->type != GH_PII_CUSTOM_ALLOW || json_object_size(form->tree) == 1,
	          GH_E_FORMAT, "%s: a list of allowed values has no other members", form->name);
	GH_ENSURE(form->type != GH_PII_CUSTOM_REGEX || json_array_size(form->match) > 0,
	          GH_E_FORMAT, "%s: match must hold a text in which the pattern is found",
	          form->name);
	return GH_OK;
}

gh_result gh_pii_custom_parse(const struct gh_pii_definition *definition,
                              struct gh_pii_custom_form *out)
{
	*out = (struct gh_pii_custom_form){ 0 };
	GH_TRY(gh_pii_custom_name_check(definition->name));
	memcpy(out->name, definition->name.data, definition->name.len);
	GH_ENSURE(definition->json.len <= GH_PII_CUSTOM_MAX_BYTES, GH_E_LIMIT,
	          "%s: a definition has at most %zu bytes", out->name, GH_PII_CUSTOM_MAX_BYTES);
	enum gh_code code = gh_json_parse(definition->json, &out->tree);
	if (code == GH_OK && !json_is_object(out->tree))
		code = gh_fail(GH_E_FORMAT, "%s: a definition is a JSON object", out->name);
	if (code == GH_OK)
		code = read_values(out);
	if (code == GH_OK)
		code = read_options(out);
	if (code == GH_OK)
		code = check_members(out);
	if (code != GH_OK)
		gh_pii_custom_form_free(out);
	return code;
}

void gh_pii_custom_form_free(struct gh_pii_custom_form *form)
{
	json_decref(form->tree);
	form->tree = NULL;
}
