/* Definitions into a compiled set. Two databases of Hyperscan's, one of regular expressions that
 * report where a match begins, and one of literals, which are faster and take tens of thousands. */
#include "pii/custom.h"

#include <stdlib.h>

#include "base/codec.h"
#include "crypto/hash.h"
#include "pii/custom_set.h"
#include "pii/fold.h"

#define REGEX_FLAGS (HS_FLAG_UTF8 | HS_FLAG_SOM_LEFTMOST)

/* What the two compilers are given. */
struct sources {
	const char **text;
	unsigned *flags, *ids;
	size_t *lens;
	uint8_t **owned; /* spelled as the scanner will see them */
	size_t count, capacity;
};

static void sources_free(struct sources *sources)
{
	free(sources->text);
	free(sources->flags);
	free(sources->ids);
	free(sources->lens);
	for (size_t i = 0; sources->owned && i < sources->count; i++)
		free(sources->owned[i]);
	free(sources->owned);
}

static gh_result sources_make(struct sources *sources, size_t capacity)
{
	sources->text = calloc(capacity + 1, sizeof *sources->text);
	sources->flags = calloc(capacity + 1, sizeof *sources->flags);
	sources->ids = calloc(capacity + 1, sizeof *sources->ids);
	sources->lens = calloc(capacity + 1, sizeof *sources->lens);
	sources->owned = calloc(capacity + 1, sizeof *sources->owned);
	sources->capacity = capacity;
	GH_ENSURE(sources->text && sources->flags && sources->ids && sources->lens &&
	              sources->owned,
	          GH_E_MEMORY, "out of memory");
	return GH_OK;
}

static void add_source(struct sources *sources, struct gh_slice text, unsigned flags)
{
	size_t i = sources->count++;

	sources->text[i] = (const char *)text.data;
	sources->lens[i] = text.len;
	sources->flags[i] = flags;
	sources->ids[i] = (unsigned)i;
}

/* The scanner looks at folded text (fold.h), so a word is folded as well. */
static gh_result add_word(struct sources *sources, struct gh_slice word, unsigned flags,
                          uint16_t *len)
{
	struct gh_pii_fold fold = { 0 };
	struct gh_slice folded;
	uint8_t *copy = NULL;

	enum gh_code code = gh_pii_fold_text(&fold, word, &folded);
	if (code == GH_OK && folded.data != word.data && folded.len > 0) {
		copy = malloc(folded.len);
		if (!copy)
			code = gh_fail(GH_E_MEMORY, "out of memory");
		else
			memcpy(copy, folded.data, folded.len);
		folded.data = copy;
	}
	gh_pii_fold_free(&fold);
	GH_TRY(code);
	GH_ENSURE(folded.len > 0, GH_E_FORMAT, "a word is made of invisible characters only");
	sources->owned[sources->count] = copy;
	*len = (uint16_t)folded.len;
	add_source(sources, folded, flags);
	return GH_OK;
}

/* ---- the digest ---- */

void gh_pii_custom_digest(const struct gh_pii_definition *definitions, size_t count,
                          uint8_t out[32])
{
	struct gh_buf all = { .secret = true };

	for (size_t i = 0; i < count; i++) {
		uint8_t digest[32];
		gh_sha256(definitions[i].json, digest);
		gh_buf_add_slice(&all, definitions[i].name);
		gh_buf_add_byte(&all, 0);
		gh_buf_add(&all, digest, sizeof digest);
	}
	gh_sha256(gh_buf_slice(&all), out);
	gh_buf_free(&all);
}

/* ---- checks of one regex ---- */

static gh_result check_width(const struct gh_pii_custom_form *form, size_t i,
                             const hs_expr_info_t *info)
{
	GH_ENSURE(info->min_width > 0, GH_E_FORMAT,
	          "%s: regex %zu matches the empty text: make it want at least one character",
	          form->name, i + 1);
	GH_ENSURE(info->max_width <= GH_PII_CUSTOM_MAX_WIDTH, GH_E_FORMAT,
	          "%s: regex %zu can match more than %d bytes: bound its repeats, {1,20} instead "
	          "of + or *",
	          form->name, i + 1, GH_PII_CUSTOM_MAX_WIDTH);
	GH_ENSURE(!info->matches_only_at_eod, GH_E_FORMAT,
	          "%s: regex %zu matches at the end of a text only, which a stream does not know: "
	          "use \\b instead of $",
	          form->name, i + 1);
	return GH_OK;
}

static gh_result inspect(struct gh_pii_custom *custom, const struct gh_pii_custom_form *form,
                         size_t i, unsigned flags)
{
	const char *text = (const char *)gh_pii_custom_string(form->values, i).data;
	struct gh_pii_fold fold = { 0 };
	hs_compile_error_t *error = NULL;
	hs_expr_info_t *info = NULL;
	struct gh_slice folded;

	/* In folded text it would find nothing. */
	GH_TRY(gh_pii_fold_text(&fold, gh_slice_str(text), &folded));
	bool plain = folded.data == (const uint8_t *)text;
	gh_pii_fold_free(&fold);
	GH_ENSURE(plain, GH_E_FORMAT,
	          "%s: regex %zu holds a dash, quote, space or digit that the scanner reads as its "
	          "plain form: write it so",
	          form->name, i + 1);
	if (hs_expression_info(text, flags, &info, &error) != HS_SUCCESS) {
		enum gh_code code =
		    gh_fail(GH_E_FORMAT, "%s: regex %zu: %s", form->name, i + 1, error->message);
		hs_free_compile_error(error);
		return code;
	}
	enum gh_code code = check_width(form, i, info);
	if (code == GH_OK && info->max_width > custom->width)
		custom->width = info->max_width;
	free(info);
	return code;
}

/* ---- collecting ---- */

static gh_result take_regexes(struct gh_pii_custom *custom, const struct gh_pii_custom_form *form,
                              struct sources *sources)
{
	unsigned flags = REGEX_FLAGS | (form->caseless ? HS_FLAG_CASELESS : 0);

	for (size_t i = 0; i < json_array_size(form->values); i++) {
		GH_ENSURE(sources->count < sources->capacity, GH_E_LIMIT,
		          "%s: all patterns together hold at most %d regexes", form->name,
		          GH_PII_CUSTOM_MAX_REGEXES);
		GH_TRY(inspect(custom, form, i, flags));
		custom->regexes[custom->regex_count++].definition =
		    (uint16_t)(custom->entry_count - 1);
		add_source(sources, gh_pii_custom_string(form->values, i), flags);
	}
	return GH_OK;
}

static gh_result take_words(struct gh_pii_custom *custom, const struct gh_pii_custom_form *form,
                            struct sources *sources)
{
	for (size_t i = 0; i < json_array_size(form->values); i++) {
		struct gh_slice word = gh_pii_custom_string(form->values, i);
		GH_ENSURE(sources->count < sources->capacity, GH_E_LIMIT,
		          "%s: all lists together hold at most %d words", form->name,
		          GH_PII_CUSTOM_MAX_WORDS);
		struct gh_pii_custom_target *target = &custom->words[custom->word_count++];
		target->definition = (uint16_t)(custom->entry_count - 1);
		if (word.len > custom->width)
			custom->width = word.len;
		GH_TRY(
		    add_word(sources, word, form->caseless ? HS_FLAG_CASELESS : 0, &target->len));
	}
	return GH_OK;
}

static gh_result take_allowed(struct gh_pii_custom *custom, const struct gh_pii_custom_form *form)
{
	for (size_t i = 0; i < json_array_size(form->values); i++)
		GH_TRY(gh_pii_custom_allow(custom, gh_pii_custom_string(form->values, i)));
	return GH_OK;
}

static gh_result take(struct gh_pii_custom *custom, const struct gh_pii_custom_form *form,
                      struct sources *regexes, struct sources *words)
{
	if (form->type == GH_PII_CUSTOM_ALLOW)
		return take_allowed(custom, form);

	struct gh_pii_custom_entry *entry = &custom->entries[custom->entry_count++];
	memcpy(entry->name, form->name, sizeof entry->name);
	memcpy(entry->mode, form->mode, sizeof entry->mode);
	entry->confidence = form->confidence;
	return form->type == GH_PII_CUSTOM_REGEX ? take_regexes(custom, form, regexes)
	                                         : take_words(custom, form, words);
}

/* ---- compiling ---- */

static gh_result refused(const struct gh_pii_custom *custom,
                         const struct gh_pii_custom_target *targets, size_t count,
                         hs_compile_error_t *error)
{
	/* Of several together, Hyperscan does not always say which. */
	size_t which = error->expression >= 0 ? (size_t)error->expression : 0;
	const char *name = count == 1 || error->expression >= 0
	                       ? custom->entries[targets[which].definition].name
	                       : "the patterns together";
	enum gh_code code = gh_fail(
	    GH_E_FORMAT, "%s: %s%s", name, error->message,
	    strstr(error->message, "too large") ? " Repeat less, or less that is nested." : "");
	hs_free_compile_error(error);
	return code;
}

static gh_result compile_databases(struct gh_pii_custom *custom, const struct sources *regexes,
                                   const struct sources *words)
{
	hs_compile_error_t *error = NULL;

	if (regexes->count &&
	    hs_compile_multi(regexes->text, regexes->flags, regexes->ids, (unsigned)regexes->count,
	                     HS_MODE_BLOCK, NULL, &custom->regex_db, &error) != HS_SUCCESS)
		return refused(custom, custom->regexes, regexes->count, error);
	if (words->count && hs_compile_lit_multi(words->text, words->flags, words->ids, words->lens,
	                                         (unsigned)words->count, HS_MODE_BLOCK, NULL,
	                                         &custom->word_db, &error) != HS_SUCCESS)
		return refused(custom, custom->words, words->count, error);
	return GH_OK;
}

static gh_result check_set(const struct gh_pii_definition *definitions, size_t count)
{
	size_t bytes = 0;

	GH_ENSURE(count <= GH_PII_CUSTOM_MAX, GH_E_LIMIT, "a tenant has at most %d patterns",
	          GH_PII_CUSTOM_MAX);
	for (size_t i = 0; i < count; i++) {
		bytes += definitions[i].json.len;
		for (size_t other = 0; other < i; other++)
			GH_ENSURE(!gh_slice_eq(definitions[i].name, definitions[other].name),
			          GH_E_FORMAT, "%.*s is defined twice",
			          GH_SLICE_ARG(definitions[i].name));
	}
	GH_ENSURE(bytes <= GH_PII_CUSTOM_SET_BYTES, GH_E_LIMIT,
	          "a tenant's patterns have at most %zu bytes together", GH_PII_CUSTOM_SET_BYTES);
	return GH_OK;
}

static gh_result build(struct gh_pii_custom *custom, const struct gh_pii_definition *definitions,
                       size_t count, struct gh_pii_custom_form *forms)
{
	struct sources regexes = { 0 }, words = { 0 };

	custom->regexes = calloc(GH_PII_CUSTOM_MAX_REGEXES, sizeof *custom->regexes);
	custom->words = calloc(GH_PII_CUSTOM_MAX_WORDS, sizeof *custom->words);
	GH_ENSURE(custom->regexes && custom->words, GH_E_MEMORY, "out of memory");
	enum gh_code code = sources_make(&regexes, GH_PII_CUSTOM_MAX_REGEXES);
	if (code == GH_OK)
		code = sources_make(&words, GH_PII_CUSTOM_MAX_WORDS);
	for (size_t i = 0; code == GH_OK && i < count; i++) {
		code = gh_pii_custom_parse(&definitions[i], &forms[i]);
		if (code == GH_OK)
			code = take(custom, &forms[i], &regexes, &words);
	}
	if (code == GH_OK)
		code = compile_databases(custom, &regexes, &words);
	sources_free(&regexes);
	sources_free(&words);
	return code;
}

static void destroy(struct gh_pii_custom *custom)
{
	while (custom->idle) {
		struct gh_pii_custom_scratch *scratch = custom->idle;
		custom->idle = scratch->next;
		gh_pii_custom_scratch_free(scratch);
	}
	hs_free_database(custom->regex_db);
	hs_free_database(custom->word_db);
	free(custom->regexes);
	free(custom->words);
	free(custom->allowed);
	gh_buf_free(&custom->allowed_text);
	pthread_mutex_destroy(&custom->lock);
	free(custom);
}

gh_result gh_pii_custom_compile(const struct gh_pii_definition *definitions, size_t count,
                                struct gh_pii_custom **out)
{
	struct gh_pii_custom *custom;
	struct gh_pii_custom_form *forms;

	GH_TRY(check_set(definitions, count));
	custom = calloc(1, sizeof *custom);
	forms = calloc(count + 1, sizeof *forms);
	if (!custom || !forms) {
		free(custom);
		free(forms);
		return gh_fail(GH_E_MEMORY, "out of memory");
	}
	custom->references = 1;
	custom->allowed_text =
	    (struct gh_buf){ .limit = GH_PII_CUSTOM_SET_BYTES * 4, .secret = true };
	gh_random(&custom->seed, sizeof custom->seed);
	pthread_mutex_init(&custom->lock, NULL);
	gh_pii_custom_digest(definitions, count, custom->digest);
	enum gh_code code = build(custom, definitions, count, forms);
	for (size_t i = 0; i < count; i++)
		gh_pii_custom_form_free(&forms[i]);
	free(forms);
	if (code != GH_OK) {
		destroy(custom);
		return code;
	}
	*out = custom;
	return GH_OK;
}

void gh_pii_custom_hold(struct gh_pii_custom *custom)
{
	__atomic_add_fetch(&custom->references, 1, __ATOMIC_RELAXED);
}

void gh_pii_custom_release(struct gh_pii_custom *custom)
{
	if (custom && __atomic_sub_fetch(&custom->references, 1, __ATOMIC_ACQ_REL) == 0)
		destroy(custom);
}

bool gh_pii_custom_is_idle(const struct gh_pii_custom *custom)
{
	return __atomic_load_n(&custom->references, __ATOMIC_ACQUIRE) == 1;
}

/* ---- what a set says of itself ---- */

size_t gh_pii_custom_count(const struct gh_pii_custom *custom)
{
	return custom->entry_count;
}

const char *gh_pii_custom_name(const struct gh_pii_custom *custom, size_t index)
{
	return custom->entries[index].name;
}

enum gh_pii_mode gh_pii_custom_mode(const struct gh_pii_custom *custom, size_t index,
                                    enum gh_pii_channel channel)
{
	return custom->entries[index].mode[channel];
}

size_t gh_pii_custom_width(const struct gh_pii_custom *custom)
{
	return custom->width;
}

void gh_pii_custom_digest_hex(const struct gh_pii_custom *custom,
                              char out[GH_PII_CUSTOM_DIGEST_HEX])
{
	gh_hex_encode(gh_slice(custom->digest, (GH_PII_CUSTOM_DIGEST_HEX - 1) / 2), out);
}

uint64_t gh_pii_custom_database_bytes(const struct gh_pii_custom *custom)
{
	size_t of_regexes = 0, of_words = 0;

	if (custom->regex_db)
		(void)hs_database_size(custom->regex_db, &of_regexes);
	if (custom->word_db)
		(void)hs_database_size(custom->word_db, &of_words);
	return of_regexes + of_words;
}
