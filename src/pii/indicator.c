/* Indicators: health, biometrics, minors. Not values but hints, so a word is not enough: somebody
 * must be meant by it (I, my, patient, his …), and a question about the thing in general is none.
 * Flag-only by default. */
#include "pii/detect.h"

#include <strings.h>

#define SENTENCE_BYTES 120

static bool ends_sentence(struct gh_slice text, size_t at)
{
	uint8_t c = text.data[at];

	return c == '\n' || c == '!' || c == '?' ||
	       (c == '.' && at + 1 < text.len &&
	        (text.data[at + 1] == ' ' || text.data[at + 1] == '\n'));
}

/* The groups of all triggers in the sentence around [start, end). */
static uint64_t sentence_groups(struct gh_pii_scan *scan, size_t start, size_t end)
{
	struct gh_slice text = scan->text;
	size_t from = start, to = end, i;
	uint64_t groups = 0;

	while (from > 0 && start - from < SENTENCE_BYTES && !ends_sentence(text, from - 1))
		from--;
	while (to < text.len && to - end < SENTENCE_BYTES && !ends_sentence(text, to))
		to++;
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
static bool is_stop_word(struct gh_slice word)
{
	static const char *const stops[] = {
		"the",     "a",    "an",   "of",      "and",    "or",    "in",    "with",
		"for",     "to",   "by",   "from",    "this",   "that",  "these", "those",
		"such",    "as",   "is",   "was",     "are",    "were",  "has",   "have",
		"had",     "no",   "any",  "other",   "some",   "both",  "all",   "its",
		"their",   "his",  "her",  "my",      "our",    "your",  "who",   "which",
		"on",      "at",   "not",  "be",      "been",   "may",   "can",   "due",
		"into",    "than", "but",  "between", "causes", "cause", "about", "without",
		"against", "into", "each", "new",     "this",   "most",  "many",  "known",
		"called",  "i",    "he",   "she",     "they",   "we",    "you",   "it",
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(stops); i++)
		if (gh_slice_eq_nocase(word, gh_slice_str(stops[i])))
			return true;
	return false;
}

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
		if (at == end || is_stop_word(gh_slice_sub(text, at, end - at)))
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
	if (is_identifier(text, trigger->start, end))
		return;
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

static bool ends_with_word(struct gh_slice text, size_t at, const char *word)
{
	size_t len = strlen(word);

	return at >= len && strncasecmp((const char *)text.data + at - len, word, len) == 0 &&
	       (at == len || !gh_pii_is_alnum(text.data[at - len - 1]));
}

/* "Age: 14", "aged 9": the label belongs to the hint when a colon ties it. */
static bool try_aged(struct gh_pii_scan *scan, size_t at, size_t end)
{
	struct gh_slice text = scan->text;
	size_t label = at;
	bool colon = false;

	while (label > 0 && at - label < 3 &&
	       (text.data[label - 1] == ' ' || text.data[label - 1] == ':' ||
	        text.data[label - 1] == '='))
		colon = text.data[--label] != ' ' || colon;
	if (label == at)
		return false;
	if (colon && ends_with_word(text, label, "age")) {
		uint64_t groups = sentence_groups(scan, at, end);
		gh_pii_add(scan, label - 3, end, GH_PII_MINOR, "age",
		           groups & (GH_W_CHILD | GH_W_PERSON) ? 88 : 60);
		return true;
	}
	static const char *const before[] = { "aged",  "age", "turned", "turning",
		                              "turns", "is",  "was" };
	for (size_t i = 0; i < GH_ARRAY_LEN(before); i++) {
		if (!ends_with_word(text, label, before[i]))
			continue;
		bool strong = i < 2;
		uint64_t groups = sentence_groups(scan, at, end);
		if (groups & GH_W_CHILD || (strong && groups & GH_W_PERSON))
			gh_pii_add(scan, at, end, GH_PII_MINOR, "age", strong ? 84 : 66);
		return true;
	}
	return false;
}

static bool is_article(struct gh_slice word)
{
	return gh_slice_eq_nocase(word, GH_SLICE("the")) ||
	       gh_slice_eq_nocase(word, GH_SLICE("a")) ||
	       gh_slice_eq_nocase(word, GH_SLICE("this")) ||
	       gh_slice_eq_nocase(word, GH_SLICE("that")) ||
	       gh_slice_eq_nocase(word, GH_SLICE("our"));
}

/* "Ada is 9 years old", "Ada, 9 years old": one capitalised word that no article makes a thing. */
static bool has_named_subject(struct gh_slice text, size_t at)
{
	size_t end = at;

	while (end > 0 && at - end < 3 && (text.data[end - 1] == ' ' || text.data[end - 1] == ','))
		end--;
	if (ends_with_word(text, end, "is") && end > 3)
		end -= 3;
	else if (ends_with_word(text, end, "was") && end > 4)
		end -= 4;
	else if (end == at || text.data[end] != ',')
		return false;
	size_t start = end;
	while (start > 0 && end - start < 24 &&
	       (gh_pii_is_alpha(text.data[start - 1]) || text.data[start - 1] >= 0x80))
		start--;
	if (end - start < 2 || text.data[start] < 'A' || text.data[start] > 'Z' ||
	    (text.data[start + 1] >= 'A' && text.data[start + 1] <= 'Z') ||
	    is_article(gh_slice_sub(text, start, end - start)))
		return false;
	size_t before = start > 0 && text.data[start - 1] == ' ' ? start - 1 : start, from = before;
	while (from > 0 && gh_pii_is_alpha(text.data[from - 1]) && before - from < 8)
		from--;
	return !is_article(gh_slice_sub(text, from, before - from));
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

/* An age below 18: "14 years old", "5-year-old", "aged 12", "my son, 7,". */
void gh_pii_detect_age(struct gh_pii_scan *scan, size_t at)
{
	static const char *const after[] = { " years old", " year old",  "-year-old",
		                             "-years-old", " yrs old",   " y/o",
		                             " yo ",       "yo ",        " months old",
		                             "-month-old", "-month old", " years of age",
		                             "-yr-old",    " weeks old" };
	struct gh_slice text = scan->text;
	size_t end = at;
	unsigned age = 0;

	while (end < text.len && end - at < 3 && gh_pii_is_digit(text.data[end]))
		age = age * 10 + (unsigned)(text.data[end++] - '0');
	uint8_t before = at > 0 ? text.data[at - 1] : ' ';
	if (end - at > 2 || gh_pii_is_alnum(before) || before >= 0x80 || before == '.' ||
	    before == '$' || before == '-')
		return;
	uint8_t mark = gh_pii_byte(scan, end), letter = gh_pii_byte(scan, end + 1) | 0x20;
	bool may_follow =
	    end < text.len && (mark == 'y' || ((mark == ' ' || mark == '-') &&
	                                       (letter == 'y' || letter == 'm' || letter == 'w')));
	for (size_t i = 0; may_follow && i < GH_ARRAY_LEN(after); i++) {
		size_t len = strlen(after[i]);
		bool months = strstr(after[i], "month") || strstr(after[i], "week");
		if (text.len - end < len ||
		    strncasecmp((const char *)text.data + end, after[i], len) != 0)
			continue;
		if (age >= 18 && !months)
			return;
		/* Houses, wines and laws have ages too. */
		uint64_t groups = sentence_groups(scan, at, end + len);
		bool person = groups & (GH_W_CHILD | GH_W_PERSON) || names_somebody(text, at) ||
		              has_named_subject(text, at);
		if (after[i][len - 1] == ' ')
			len--;
		gh_pii_add(scan, at, end + len, GH_PII_MINOR, "age", person ? 90 : 45);
		return;
	}
	if (age == 0 || age >= 18 || (end < text.len && gh_pii_is_alnum(text.data[end])))
		return;
	if (try_aged(scan, at, end))
		return;
	/* "my daughter Ada (7)", "my son, 12,": the number alone between marks. */
	uint8_t next = gh_pii_byte(scan, end);
	bool comma =
	    at > 2 && before == ' ' && text.data[at - 2] == ',' && follows_word(text, at - 2);
	if ((before == '(' && next == ')' && at > 2 && text.data[at - 2] == ' ') ||
	    (comma && (next == ',' || next == '.'))) {
		uint64_t groups = sentence_groups(scan, at, end);
		if (groups & GH_W_CHILD && !(groups & GH_W_SCIENCE))
			gh_pii_add(scan, at, end, GH_PII_MINOR, "age", 70);
	}
}
