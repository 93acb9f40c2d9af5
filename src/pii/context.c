/* What stands around a value: trigger words within a few dozen bytes, the label right before it,
 * the header of its column, the name of its field. A label outweighs what is farther away. */
#include "pii/detect.h"
#include "pii/token.h"

#define LEFT_BYTES  56
#define RIGHT_BYTES 36
#define LABEL_BYTES 26
#define CJK_LEFT    36
#define CJK_RIGHT   24
#define CJK_LABEL   14

/* Groups that can never label a value. */
#define NO_LABEL                                                                                   \
	(GH_W_PERSON | GH_W_CHILD | GH_W_AGE | GH_W_NEUTRAL | GH_W_BEGIN | GH_W_UNIT |             \
	 GH_W_SECRETISH | GH_W_VENDOR | GH_W_PATTERN)

/* Scripts that are written without spaces: sought as bytes, and only where such bytes stand. */
static const struct {
	struct gh_slice text;
	uint64_t groups;
} scripted[] = {
	{ GH_SLICE("电话"), GH_W_PHONE },         { GH_SLICE("電話"), GH_W_PHONE },
	{ GH_SLICE("手机"), GH_W_PHONE },         { GH_SLICE("手機"), GH_W_PHONE },
	{ GH_SLICE("联系"), GH_W_PHONE },         { GH_SLICE("携帯"), GH_W_PHONE },
	{ GH_SLICE("传真"), GH_W_PHONE },         { GH_SLICE("전화"), GH_W_PHONE },
	{ GH_SLICE("휴대폰"), GH_W_PHONE },       { GH_SLICE("身份证"), GH_W_CN },
	{ GH_SLICE("身分證"), GH_W_CN },          { GH_SLICE("护照"), GH_W_PASSPORT },
	{ GH_SLICE("여권"), GH_W_PASSPORT },      { GH_SLICE("パスポート"), GH_W_PASSPORT },
	{ GH_SLICE("주민등록"), GH_W_KR },        { GH_SLICE("マイナンバー"), GH_W_MY_NUMBER },
	{ GH_SLICE("个人番号"), GH_W_MY_NUMBER }, { GH_SLICE("個人番号"), GH_W_MY_NUMBER },
	{ GH_SLICE("ประชาชน"), GH_W_TH },         { GH_SLICE("银行卡"), GH_W_CARD | GH_W_ACCOUNT },
	{ GH_SLICE("信用卡"), GH_W_CARD },        { GH_SLICE("行卡"), GH_W_CARD | GH_W_ACCOUNT },
	{ GH_SLICE("卡号"), GH_W_CARD },          { GH_SLICE("账号"), GH_W_ACCOUNT },
	{ GH_SLICE("账户"), GH_W_ACCOUNT },       { GH_SLICE("口座"), GH_W_ACCOUNT },
	{ GH_SLICE("계좌"), GH_W_ACCOUNT },       { GH_SLICE("订单"), GH_W_NEGATIVE },
};

/* Words that may stand between a label and its value. */
static const char fillers[][8] = {
	"number", "no", "nr", "num", "is", "was",    "the", "are", "ends", "id",     "ending", "in",
	"code",   "at", "on", "of",  "me", "nummer", "us",  "to",  "es",   "numero", "from",
};

/* Nothing but separators and filler words in [from, to), on at most two lines. */
static bool is_label_gap(struct gh_slice text, size_t from, size_t to)
{
	unsigned lines = 0, words = 0;

	for (size_t i = from; i < to;) {
		uint8_t c = text.data[i];
		if (gh_pii_is_alpha(c)) {
			size_t end = i;
			while (end < to && gh_pii_is_alpha(text.data[end]))
				end++;
			if (++words > 2 || !gh_pii_is_one_of(gh_pii_short_word(text, i, end),
			                                     fillers, GH_ARRAY_LEN(fillers)))
				return false;
			i = end;
			continue;
		}
		if (gh_pii_is_digit(c) || c >= 0x80 || c == ';' || c == ',')
			return false;
		/* A full stop ends a sentence unless it ends an abbreviation ("No."). */
		if (c == '.' && i + 1 < to && text.data[i + 1] == ' ' && i - from > 3)
			return false;
		if (c == '\n' && ++lines > 1)
			return false;
		i++;
	}
	return true;
}

/* The first trigger that ends behind `at`. Candidates come nearly in order, so the hint is near. */
static size_t first_behind(struct gh_pii_scan *scan, size_t at)
{
	size_t i = scan->trigger_hint;

	if (i > scan->trigger_count)
		i = scan->trigger_count;
	while (i > 0 && scan->triggers[i - 1].end > at)
		i--;
	while (i < scan->trigger_count && scan->triggers[i].end <= at)
		i++;
	scan->trigger_hint = i;
	return i;
}

/* Whether one of them may begin there: all do with 0xe0 or with 0xe3 to 0xed. Typographic signs and
 * emoji, which are met everywhere, do not. */
static bool has_script(struct gh_slice text)
{
	uint64_t any = 0;

	for (size_t i = 0; i < text.len; i += 8) {
		uint64_t low = gh_pii_eight(text, i) ^ GH_PII_TOPS;
		any |= gh_pii_within(low, 0x60, 0x60) | gh_pii_within(low, 0x63, 0x6d);
	}
	return any;
}

/* In front of `start`; what is nearest labels. */
static void look_scripted_left(const struct gh_pii_scan *scan, size_t start,
                               struct gh_pii_near *out)
{
	struct gh_slice text = scan->text;
	size_t from = start > CJK_LEFT ? start - CJK_LEFT : 0;
	struct gh_slice left = gh_slice_sub(text, from, start - from);
	bool high = has_script(left);

	for (size_t i = 0; high && i < GH_ARRAY_LEN(scripted); i++) {
		size_t len = scripted[i].text.len;
		const uint8_t *found = left.data;
		/* The last one counts: it is the nearest. */
		for (size_t rest = left.len;
		     rest && (found = memmem(found, rest, scripted[i].text.data, len));) {
			size_t behind = (size_t)(found - text.data) + len;
			if (start - behind <= CJK_LABEL)
				out->label |= scripted[i].groups;
			else
				out->left |= scripted[i].groups;
			found += len;
			rest = (size_t)(left.data + left.len - found);
		}
	}
}

static uint64_t look_scripted_right(const struct gh_pii_scan *scan, size_t end)
{
	struct gh_slice right = gh_slice_sub(scan->text, end, CJK_RIGHT);
	bool high = has_script(right);
	uint64_t groups = 0;

	for (size_t i = 0; high && i < GH_ARRAY_LEN(scripted); i++)
		if (memmem(right.data, right.len, scripted[i].text.data, scripted[i].text.len))
			groups |= scripted[i].groups;
	return groups;
}

static uint64_t column_of(struct gh_pii_scan *scan, size_t start)
{
	const struct gh_pii_column *columns = scan->table->columns;
	size_t i = scan->column_hint, count = scan->table->count;

	while (i > 0 && (i >= count || columns[i].start > start))
		i--;
	while (i + 1 < count && columns[i + 1].start <= start)
		i++;
	scan->column_hint = i;
	return i < count && columns[i].start <= start && columns[i].end > start ? columns[i].groups
	                                                                        : 0;
}

/* What stands in front, or above, of a value that begins at `start`. */
static void look_left(struct gh_pii_scan *scan, size_t start, struct gh_pii_near *out)
{
	size_t from = start > LEFT_BYTES ? start - LEFT_BYTES : 0;
	uint64_t column = scan->table->count ? column_of(scan, start) : 0;

	*out = (struct gh_pii_near){ 0 };
	if (column) {
		out->label = column;
		out->in_column = true;
		return;
	}
	size_t labelled = start; /* what a further label must touch to belong to the first */
	size_t last = first_behind(scan, start);
	bool may_label = true;
	for (size_t i = last; i > 0 && scan->triggers[i - 1].end > from; i--) {
		const struct gh_pii_trigger *trigger = &scan->triggers[i - 1];
		uint64_t groups = trigger->groups & ~NO_LABEL;
		out->left |= trigger->groups;
		if (groups == 0 || !may_label)
			continue;
		size_t reach = labelled == start ? LABEL_BYTES : 3;
		may_label =
		    trigger->end + reach >= labelled &&
		    (trigger->end > labelled || is_label_gap(scan->text, trigger->end, labelled));
		if (!may_label)
			continue;
		out->label |= groups;
		if (trigger->start < labelled)
			labelled = trigger->start;
	}
	scan->seen_last = last;
	if (scan->has_scripts)
		look_scripted_left(scan, start, out);
	if (!out->label)
		out->label = scan->key & ~NO_LABEL;
}

/* The end of the line, or `most` bytes behind `at`. Values of one line are looked at many times:
 * what was read of it is known. */
static size_t line_end(struct gh_pii_scan *scan, size_t at, size_t most)
{
	struct gh_pii_known *known = &scan->known_line;
	size_t limit = scan->text.len - at > most ? at + most : scan->text.len;

	if (at < known->start || at > known->end)
		*known = (struct gh_pii_known){ at, at };
	if (known->end < limit && scan->text.data[known->end] != '\n') {
		const uint8_t *from = scan->text.data + known->end;
		const uint8_t *line = memchr(from, '\n', limit - known->end);
		known->end += line ? (size_t)(line - from) : limit - known->end;
	}
	return known->end < limit ? known->end : limit;
}

const struct gh_pii_near *gh_pii_look_left(struct gh_pii_scan *scan, size_t start)
{
	if (!scan->is_seen || scan->seen_start != start) {
		look_left(scan, start, &scan->seen);
		scan->seen_start = start;
		scan->is_seen = true;
	}
	return &scan->seen;
}

uint64_t gh_pii_look_right(struct gh_pii_scan *scan, size_t end)
{
	uint64_t groups = scan->has_scripts ? look_scripted_right(scan, end) : 0;
	size_t i = scan->seen_last;

	while (i < scan->trigger_count && scan->triggers[i].start < end)
		i++;
	if (i == scan->trigger_count || scan->triggers[i].start - end >= RIGHT_BYTES)
		return groups;
	/* What stands on the next line is about something else. */
	size_t right = line_end(scan, end, RIGHT_BYTES);
	for (; i < scan->trigger_count && scan->triggers[i].start < right; i++)
		if (scan->triggers[i].start >= end) /* a phrase is listed where it ends */
			groups |= scan->triggers[i].groups;
	return groups;
}

void gh_pii_look_around(struct gh_pii_scan *scan, size_t start, size_t end, struct gh_pii_near *out)
{
	*out = *gh_pii_look_left(scan, start);
	if (!out->in_column)
		out->right = gh_pii_look_right(scan, end);
}

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

uint64_t gh_pii_name_groups(struct gh_slice name)
{
	uint64_t groups = 0, last = 0;
	size_t at = 0;

	if (name.len > 128)
		return 0;
	while (at < name.len) {
		size_t end = at;
		while (end < name.len &&
		       (gh_pii_is_alnum(name.data[end]) || name.data[end] >= 0x80) &&
		       !(end > at && is_upper(name.data[end]) && !is_upper(name.data[end - 1])))
			end++;
		if (end == at) {
			at++;
			continue;
		}
		uint64_t hash =
		    gh_pii_word_hash(gh_slice_sub(name, at, end - at), name.data + name.len);
		const struct gh_pii_word *word = hash ? gh_pii_word_find(hash) : NULL;
		if (word)
			groups |= word->groups;
		word = last ? gh_pii_word_find(gh_pii_word_join(last, hash)) : NULL;
		if (word)
			groups |= word->groups;
		last = hash;
		at = end;
	}
	return groups;
}
