/* Indicators: health, biometrics, minors. Not values but hints, so a word is not enough: somebody
 * must be meant by it (I, my, patient, his …), and a question about the thing in general is none.
 * Flag-only by default. */
#include "pii/detect.h"
#include "pii/token.h"

#include <strings.h>

#define SENTENCE_BYTES 120

static bool ends_sentence(struct gh_slice text, size_t at)
{
	uint8_t c = text.data[at];

	if (c > '?') /* a letter: most are */
		return false;
	return c == '\n' || c == '!' || c == '?' ||
	       (c == '.' && at + 1 < text.len &&
	        (text.data[at + 1] == ' ' || text.data[at + 1] == '\n'));
}

/* Where the sentence around [start, end) begins and ends, so far as it is read. Several terms stand
 * in one sentence: what was read for the last one is not read again. */
static void find_sentence(struct gh_pii_scan *scan, size_t start, size_t end, size_t *from,
                          size_t *to)
{
	struct gh_slice text = scan->text;
	size_t floor = start > SENTENCE_BYTES ? start - SENTENCE_BYTES : 0;
	size_t ceiling = text.len - end > SENTENCE_BYTES ? end + SENTENCE_BYTES : text.len;
	struct gh_pii_known *known = &scan->known_sentence;
	bool is_inside = known->start <= start && end <= known->end;

	*from = is_inside ? known->start : start;
	*to = is_inside ? known->end : end;
	while (*from > floor && !ends_sentence(text, *from - 1))
		(*from)--;
	while (*to < ceiling && !ends_sentence(text, *to))
		(*to)++;
	/* A term of several words may hold the end of a sentence itself. */
	while (!is_inside && start < end && !ends_sentence(text, start))
		start++;
	*known = (struct gh_pii_known){ is_inside || start == end ? *from : end, *to };
	if (*from < floor)
		*from = floor;
	if (*to > ceiling)
		*to = ceiling;
}

/* The groups of all triggers in the sentence around [start, end). */
static uint64_t sentence_groups(struct gh_pii_scan *scan, size_t start, size_t end)
{
	uint64_t groups = 0;
	size_t from, to, i;

	find_sentence(scan, start, end, &from, &to);
	i = scan->trigger_hint < scan->trigger_count ? scan->trigger_hint : scan->trigger_count;
	while (i > 0 && scan->triggers[i - 1].end > from)
		i--;
	while (i < scan->trigger_count && scan->triggers[i].end <= from)
		i++;
	scan->trigger_hint = i;
	for (; i < scan->trigger_count && scan->triggers[i].end <= to; i++)
		if (scan->triggers[i].start >= from &&
		    (scan->triggers[i].end <= start || scan->triggers[i].start >= end))
			groups |= scan->triggers[i].groups;
	return groups;
}

/* "… of Ada Lovelace": a capitalised word behind "of" or "for". */
static bool names_owner(struct gh_slice text, size_t end)
{
	struct gh_slice next = gh_slice_sub(text, end, 6);
	size_t at = gh_slice_starts_with(next, GH_SLICE(" of "))    ? 4
	            : gh_slice_starts_with(next, GH_SLICE(" for ")) ? 5
	                                                            : 0;

	return at > 0 && at < next.len && next.data[at] >= 'A' && next.data[at] <= 'Z';
}

/* Two capitalised words side by side in the sentence before: somebody's name. */
static bool names_somebody(struct gh_slice text, size_t start)
{
	size_t floor = start > SENTENCE_BYTES ? start - SENTENCE_BYTES : 0;
	bool last_upper = false;

	for (size_t i = start; i > floor + 1 && !ends_sentence(text, i - 1); i--) {
		uint8_t c = text.data[i - 1], before = text.data[i - 2];
		if (before != ' ' && before != '\n' && before != '(')
			continue;
		bool upper = c >= 'A' && c <= 'Z';
		if (upper && last_upper)
			return true;
		last_upper = upper;
	}
	return false;
}

/* Words that end a noun phrase, or tell nothing about which illness it is. */
static const char stop_words[][8] = {
	"the",   "a",       "an",      "of",    "and",  "or",    "in",      "with",   "for",
	"to",    "by",      "from",    "this",  "that", "these", "those",   "such",   "as",
	"is",    "was",     "are",     "were",  "has",  "have",  "had",     "no",     "any",
	"other", "some",    "both",    "all",   "its",  "their", "his",     "her",    "my",
	"our",   "your",    "who",     "which", "on",   "at",    "not",     "be",     "been",
	"may",   "can",     "due",     "into",  "than", "but",   "between", "causes", "cause",
	"about", "without", "against", "each",  "new",  "most",  "many",    "known",  "called",
	"i",     "he",      "she",     "they",  "we",   "you",   "it",
};

/* Where the words before a head noun begin that tell which it is: "Duchenne muscular dystrophy". */
static size_t modifiers_before(struct gh_slice text, size_t start)
{
	for (int words = 0; words < 3; words++) {
		size_t end = start;
		if (end == 0 || (text.data[end - 1] != ' ' && text.data[end - 1] != '-'))
			return start;
		end--;
		/* "X - linked", as some write it. */
		if (end > 1 && text.data[end - 1] == '-' && text.data[end - 2] == ' ')
			end -= 2;
		size_t at = end;
		while (at > 0 && end - at < 28 &&
		       (gh_pii_is_alnum(text.data[at - 1]) || text.data[at - 1] == '\'' ||
		        text.data[at - 1] >= 0x80))
			at--;
		if (at == end || gh_pii_is_one_of(gh_pii_short_word(text, at, end), stop_words,
		                                  GH_ARRAY_LEN(stop_words)))
			return start;
		start = at;
	}
	return start;
}

/* by_fingerprint(…), NODE_MINOR_VERSION: a word of code. */
static bool is_identifier(struct gh_slice text, size_t start, size_t end)
{
	uint8_t before = start > 0 ? text.data[start - 1] : ' ';
	uint8_t after = end < text.len ? text.data[end] : ' ';
	bool dotted = before == '.' && start > 1 && text.data[start - 2] > ' ';

	return before == '_' || after == '_' || after == '(' || dotted ||
	       (before == '(' && after == ')' && end - start == 5);
}

/* "my DNA", "Ada's DNA". */
static bool is_owned(struct gh_slice text, size_t start)
{
	static const char *const owners[] = {
		" my", " his", " her", " your", " their", "'s", "s'"
	};

	if (start < 4 || text.data[start - 1] != ' ')
		return false;
	for (size_t i = 0; i < GH_ARRAY_LEN(owners); i++) {
		size_t len = strlen(owners[i]);
		if (start - 1 >= len &&
		    strncasecmp((const char *)text.data + start - 1 - len, owners[i], len) == 0)
			return true;
	}
	return start == 4 && strncasecmp((const char *)text.data, "my ", 3) == 0;
}

/* "Wiskott-Aldrich syndrome (WAS)" */
static void add_short_form(struct gh_pii_scan *scan, size_t end, const char *kind, int confidence)
{
	size_t at = end + 2, stop = at;

	if (gh_pii_byte(scan, end) != ' ' || gh_pii_byte(scan, end + 1) != '(')
		return;
	while (stop < scan->text.len && stop - at < 7 &&
	       ((scan->text.data[stop] >= 'A' && scan->text.data[stop] <= 'Z') ||
	        gh_pii_is_digit(scan->text.data[stop])))
		stop++;
	if (stop - at >= 2 && stop - at <= 6 && gh_pii_byte(scan, stop) == ')' &&
	    !gh_pii_is_digit(scan->text.data[at]))
		gh_pii_add(scan, at, stop, GH_PII_HEALTH, kind, confidence - 2);
}

void gh_pii_detect_term(struct gh_pii_scan *scan, const struct gh_pii_trigger *trigger)
{
	const struct gh_pii_term *term = &gh_pii_terms[trigger->term];
	struct gh_slice text = scan->text;
	size_t start = trigger->start, end = trigger->end;

	if (!gh_pii_wants(scan, 1u << term->class) || is_identifier(text, start, end))
		return;
	const char *kind = gh_pii_class_name(term->class);
	uint64_t groups = sentence_groups(scan, start, end);
	bool person = groups & (GH_W_PERSON | GH_W_CHILD) || names_somebody(text, start) ||
	              names_owner(text, end);
	int confidence = person ? term->personal : term->alone;

	if (term->head) {
		start = modifiers_before(text, start);
		/* "the disease": which one is not said. */
		if (start == trigger->start && term->head == 1)
			confidence -= person ? 22 : 34;
	}
	/* Of genes and probes: what is sampled there is nobody's identity. */
	if (term->class == GH_PII_BIOMETRIC && groups & GH_W_SCIENCE)
		confidence = 20;
	else if (term->class == GH_PII_BIOMETRIC && term->alone < 25)
		confidence = is_owned(text, start) ? term->personal : term->alone;
	if (groups & GH_W_NEUTRAL && !(groups & (GH_W_MRN | GH_W_ICD)))
		confidence = term->alone - 12 < 38 ? term->alone - 12 : 38;
	else if (!person && term->class == GH_PII_HEALTH)
		kind = "condition"; /* an illness, and nobody who has it */
	/* "a minor issue", "minor version": an adjective of things. */
	if (term->class == GH_PII_MINOR && end - start == 5) {
		uint8_t after = gh_pii_byte(scan, end);
		struct gh_slice next = gh_slice_sub(text, end, 5);
		bool noun = after != ' ' || gh_slice_starts_with(next, GH_SLICE(" and ")) ||
		            gh_slice_starts_with(next, GH_SLICE(" who ")) ||
		            gh_slice_starts_with(next, GH_SLICE(" is ")) ||
		            gh_slice_starts_with(next, GH_SLICE(" chil"));
		struct gh_slice near = gh_slice_sub(text, start > 24 ? start - 24 : 0, 56);
		bool is_version = memmem(near.data, near.len, "ajor", 4) ||
		                  memmem(near.data, near.len, "AJOR", 4);
		confidence = noun && person && !is_version ? confidence : 10;
	}
	gh_pii_add(scan, start, end, term->class, kind, confidence);
	if (term->class == GH_PII_HEALTH)
		add_short_form(scan, end, kind, confidence);
}

/* The word of letters and digits that ends at `end`, as gh_pii_short_word has it. */
static uint64_t word_before(struct gh_slice text, size_t end)
{
	size_t start = end;

	while (start > 0 && end - start <= 8 && gh_pii_is_alnum(text.data[start - 1]))
		start--;
	return gh_pii_short_word(text, start, end);
}

/* "Age: 14", "aged 9": the label belongs to the hint when a colon ties it. */
static bool try_aged(struct gh_pii_scan *scan, size_t at, size_t end)
{
	static const char labels[][8] = { "age", "aged" };
	static const char verbs[][8] = { "turned", "turning", "turns", "is", "was" };
	struct gh_slice text = scan->text;
	size_t label = at;
	bool colon = false;

	while (label > 0 && at - label < 3 &&
	       (text.data[label - 1] == ' ' || text.data[label - 1] == ':' ||
	        text.data[label - 1] == '='))
		colon = text.data[--label] != ' ' || colon;
	if (label == at)
		return false;
	uint64_t word = word_before(text, label);
	bool strong = gh_pii_is_one_of(word, labels, GH_ARRAY_LEN(labels));
	if (!strong && !gh_pii_is_one_of(word, verbs, GH_ARRAY_LEN(verbs)))
		return false;
	uint64_t groups = sentence_groups(scan, at, end);
	if (colon && gh_pii_is_one_of(word, labels, 1))
		gh_pii_add(scan, label - 3, end, GH_PII_MINOR, "age",
		           groups & (GH_W_CHILD | GH_W_PERSON) ? 88 : 60);
	else if (groups & GH_W_CHILD || (strong && groups & GH_W_PERSON))
		gh_pii_add(scan, at, end, GH_PII_MINOR, "age", strong ? 84 : 66);
	return true;
}

static bool is_article(uint64_t word)
{
	static const char articles[][8] = { "the", "a", "this", "that", "our" };

	return gh_pii_is_one_of(word, articles, GH_ARRAY_LEN(articles));
}

/* "Ada is 9 years old", "Ada, 9 years old": one capitalised word that no article makes a thing. */
static bool has_named_subject(struct gh_slice text, size_t at)
{
	static const char verbs[][8] = { "is", "was" };
	size_t end = at;

	while (end > 0 && at - end < 3 && (text.data[end - 1] == ' ' || text.data[end - 1] == ','))
		end--;
	uint64_t verb = word_before(text, end);
	size_t back = gh_pii_is_one_of(verb, verbs, 1) ? 3 : 4; /* with the space before it */
	if (gh_pii_is_one_of(verb, verbs, GH_ARRAY_LEN(verbs)) && end > back)
		end -= back;
	else if (end == at || text.data[end] != ',')
		return false;
	size_t start = end;
	while (start > 0 && end - start < 24 &&
	       (gh_pii_is_alpha(text.data[start - 1]) || text.data[start - 1] >= 0x80))
		start--;
	if (end - start < 2 || text.data[start] < 'A' || text.data[start] > 'Z' ||
	    (text.data[start + 1] >= 'A' && text.data[start + 1] <= 'Z') ||
	    is_article(gh_pii_short_word(text, start, end)))
		return false;
	size_t before = start > 0 && text.data[start - 1] == ' ' ? start - 1 : start, from = before;
	while (from > 0 && gh_pii_is_alpha(text.data[from - 1]) && before - from < 8)
		from--;
	return !is_article(gh_pii_short_word(text, from, before));
}

/* A word of its own ends at `end`, not a part of code. */
static bool follows_word(struct gh_slice text, size_t end)
{
	size_t start = end;

	while (start > 0 && end - start < 24 &&
	       (gh_pii_is_alpha(text.data[start - 1]) || text.data[start - 1] >= 0x80))
		start--;
	return start < end &&
	       (start == 0 || text.data[start - 1] == ' ' || text.data[start - 1] == '\n');
}

/* What makes a number an age, behind it: its length, 0 for nothing. */
static size_t read_unit(struct gh_slice text, size_t end, bool *in_months)
{
	static const struct {
		struct gh_slice text;
		bool in_months; /* counts months or weeks: always a child */
	} units[] = {
		{ GH_SLICE(" years old"), false }, { GH_SLICE(" year old"), false },
		{ GH_SLICE("-year-old"), false },  { GH_SLICE("-years-old"), false },
		{ GH_SLICE(" yrs old"), false },   { GH_SLICE(" y/o"), false },
		{ GH_SLICE(" yo "), false },       { GH_SLICE("yo "), false },
		{ GH_SLICE(" months old"), true }, { GH_SLICE("-month-old"), true },
		{ GH_SLICE("-month old"), true },  { GH_SLICE(" years of age"), false },
		{ GH_SLICE("-yr-old"), false },    { GH_SLICE(" weeks old"), true },
	};
	uint8_t mark = end < text.len ? text.data[end] : 0;
	uint8_t letter = end + 1 < text.len ? text.data[end + 1] | 0x20 : 0;

	if (mark != 'y' &&
	    ((mark != ' ' && mark != '-') || (letter != 'y' && letter != 'm' && letter != 'w')))
		return 0;
	for (size_t i = 0; i < GH_ARRAY_LEN(units); i++) {
		*in_months = units[i].in_months;
		if (gh_slice_eq_nocase(gh_slice_sub(text, end, units[i].text.len), units[i].text))
			return units[i].text.len;
	}
	return 0;
}

/* "14 years old": whether something stands behind it that makes it an age. */
static bool try_unit(struct gh_pii_scan *scan, size_t at, size_t end, unsigned age)
{
	struct gh_slice text = scan->text;
	bool in_months;
	size_t len = read_unit(text, end, &in_months);

	if (len == 0)
		return false;
	if (age >= 18 && !in_months)
		return true;
	/* Houses, wines and laws have ages too. */
	uint64_t groups = sentence_groups(scan, at, end + len);
	bool person = groups & (GH_W_CHILD | GH_W_PERSON) || names_somebody(text, at) ||
	              has_named_subject(text, at);
	if (text.data[end + len - 1] == ' ')
		len--;
	gh_pii_add(scan, at, end + len, GH_PII_MINOR, "age", person ? 90 : 45);
	return true;
}

/* "my daughter Ada (7)", "my son, 12,": the number alone between marks. */
static void try_marks(struct gh_pii_scan *scan, size_t at, size_t end)
{
	struct gh_slice text = scan->text;
	uint8_t next = gh_pii_byte(scan, end);

	if (at <= 2)
		return;
	uint8_t before = text.data[at - 1], before2 = text.data[at - 2];
	bool brackets = before == '(' && next == ')' && before2 == ' ';
	bool commas = before == ' ' && before2 == ',' && (next == ',' || next == '.') &&
	              follows_word(text, at - 2);
	if (!brackets && !commas)
		return;
	uint64_t groups = sentence_groups(scan, at, end);
	if (groups & GH_W_CHILD && !(groups & GH_W_SCIENCE))
		gh_pii_add(scan, at, end, GH_PII_MINOR, "age", 70);
}

/* An age below 18: "14 years old", "5-year-old", "aged 12", "my son, 7,". */
void gh_pii_detect_age(struct gh_pii_scan *scan, size_t at, size_t end)
{
	struct gh_slice text = scan->text;
	unsigned age = text.data[at] - (unsigned)'0';
	uint8_t before = at > 0 ? text.data[at - 1] : ' ';

	if (end - at > 2 || gh_pii_is_alnum(before) || before >= 0x80 || before == '.' ||
	    before == '$' || before == '-')
		return;
	if (end - at == 2)
		age = age * 10 + text.data[end - 1] - (unsigned)'0';
	if (try_unit(scan, at, end, age) || age == 0 || age >= 18 ||
	    gh_pii_is_alnum(gh_pii_byte(scan, end)))
		return;
	if (!try_aged(scan, at, end))
		try_marks(scan, at, end);
}
