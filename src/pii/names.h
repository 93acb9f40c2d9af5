/* names.h: inside this room: which words of a text the tagger looks at, and the names it finds.
 * Words come in order; those that could be or begin a name open a window of a few words, windows
 * are cut where no name goes on (punctuation, line ends), and each such segment is labelled by
 * itself: a label depends on its segment and two words around it, never on what is farther away. */
#ifndef GH_PII_NAMES_H
#define GH_PII_NAMES_H

#include "pii/scan.h"
#include "pii/tagger.h"

struct gh_pii_table;

struct gh_pii_name {
	uint32_t start, end;
	int16_t margin;
	uint8_t words;
};

/* Zeroed is closed; memory is kept from text to text. */
struct gh_pii_names {
	struct gh_pii_tagger tagger;
	struct gh_pii_tag_word *tokens; /* the first GH_PII_TAGGER_AROUND stand before the text */
	size_t count, capacity;
	size_t next;     /* the first whose part is not settled */
	size_t last_end; /* of the last word */
	bool is_open;
	struct gh_pii_name *found;
	size_t found_count, found_capacity, found_next;
	size_t found_token; /* behind the last token of the last one */
	bool failed;        /* memory ran out */
};

gh_result gh_pii_names_open(struct gh_pii_names *names);
void gh_pii_names_close(struct gh_pii_names *names); /* wipes */
void gh_pii_names_begin(struct gh_pii_names *names);

/* The next word of `text`. */
void gh_pii_names_word(struct gh_pii_names *names, struct gh_slice text, size_t start, size_t end,
                       uint64_t hash);

/* The same for `count` words of text[base, …), whose hashes are known; at most GH_PII_NAMES_BATCH.
 */
#define GH_PII_NAMES_BATCH 512
void gh_pii_names_words(struct gh_pii_names *names, struct gh_slice text, size_t base,
                        const uint16_t *starts, const uint16_t *ends, const uint64_t *hashes,
                        size_t count);

/* Segments of the words so far that later words cannot change; all of them when the text has
 * `ended`. Both neighbours of a segment's words are ready. */
typedef void gh_pii_segment_fn(void *context, struct gh_pii_names *names, size_t first,
                               size_t count);
void gh_pii_names_segments(struct gh_pii_names *names, struct gh_slice text, bool ended,
                           gh_pii_segment_fn *visit, void *context);

/* Whether a field of that name holds a person: "first_name", "customerName", "Author". */
bool gh_pii_names_key(const struct gh_pii_names *names, struct gh_slice key);

/* The same of the header of a column, where "name" alone may be that of a file or a product. */
bool gh_pii_names_column(const struct gh_pii_names *names, struct gh_slice header);

/* Whether text[start, end) is a piece of program text by what stands beside it: "user_name",
 * "obj.Name(", "-Wname". `is_variable`: one word in lower case. */
bool gh_pii_names_in_code(struct gh_slice text, size_t start, size_t end, bool is_variable);

/* What a field's name, or the header of a column, adds to `favour`. */
#define GH_PII_KEY_FAVOUR 90

/* Labels the segments of the words so far: appends to names->found. `favour` is added to the score
 * of a name. `table`: the columns of the text. */
void gh_pii_names_label(struct gh_pii_names *names, struct gh_slice text,
                        const struct gh_pii_table *table, int16_t favour, bool ended);

/* For a text that is not yet all there: how many bytes of it must be seen before later ones cannot
 * change what is a name in text[from, end), where `end` is the end of a word or behind it; 0: more
 * than there are. *touched: whether a window covers any of it at all. */
size_t gh_pii_names_horizon(struct gh_pii_names *names, struct gh_slice text, size_t from,
                            size_t end, bool *touched);

#endif
