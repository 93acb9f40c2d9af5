/* pii-train: learns the weights of the name tagger by an averaged structured perceptron with a
 * margin, on the very features that the scanner computes. Integers only and a fixed order: the same
 * input gives the same model.
 *
 *   pii-train GAZETTEER.tsv CORPUS.jsonl MODEL [EPOCHS]
 *
 * GAZETTEER.tsv: word, tab, flags (src/pii/tagger.h) in decimal. CORPUS.jsonl: rows of "text",
 * "spans" of start, end, class (name, address, place, org, misc) and "fold", 0 to 9. Folds 8 and 9
 * are kept out of a first training that gives the calibration and the printed scores; the model is
 * then trained on everything. */
#include "train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity ? *capacity * 2 : 4096;
	items = realloc(items, *capacity * size);
	if (!items)
		exit(1);
	return items;
}

/* ---- reading ---- */

/* Some names must be told by what stands around them: of one word in so many, list and identity are
 * forgotten, as if nobody had heard of it. The same word of a row always or never. */
static void forget_some(struct trainer *t, struct gh_pii_names *names, size_t first, size_t count)
{
	for (size_t at = first - GH_PII_TAGGER_AROUND;
	     at < first + count + GH_PII_TAGGER_AROUND && at < names->count; at++) {
		struct gh_pii_tag_word *token = &names->tokens[at];
		uint64_t chance = (token->hash ^ t->row * UINT64_C(0x9E3779B97F4A7C15)) *
		                  UINT64_C(0xD6E8FEB86659FD93);
		if (token->end == 0 || (t->gold[token->start] & 7) != GH_PII_TAG_NAME ||
		    (chance >> 32) % 100 >= FORGOTTEN || token->gaz == 0)
			continue;
		token->gaz = 0;
		token->hash ^= chance | 1;
	}
}

static void on_segment(void *context, struct gh_pii_names *names, size_t first, size_t count)
{
	struct trainer *t = context;
	const struct gh_pii_tag_word *tokens = &names->tokens[first];
	bool comma = tokens[0].gap == GH_PII_GAP_COMMA;

	t->segments =
	    grow(t->segments, t->segment_count, &t->segment_capacity, sizeof *t->segments);
	t->segments[t->segment_count++] = (struct segment){ (uint32_t)t->example_count, t->source,
		                                            (uint8_t)count, comma, t->fold };
	uint8_t before = GH_PII_TAG_O;
	if (t->fold < KEPT_OUT)
		forget_some(t, names, first, count);
	for (size_t i = 0; i < count; i++) {
		t->examples =
		    grow(t->examples, t->example_count, &t->example_capacity, sizeof *t->examples);
		struct example *e = &t->examples[t->example_count++];
		gh_pii_tagger_features(&names->tagger, &tokens[i], e->rows);
		uint8_t gold = t->gold[tokens[i].start];
		bool begins = gold & 0x80;
		gold &= 7;
		if (gold == GH_PII_TAG_NAME || gold == GH_PII_TAG_ADDRESS) {
			bool on = !begins && (i > 0 ? before == gold || before == gold + 1
			                            : comma && gold == GH_PII_TAG_NAME);
			gold = (uint8_t)(gold + on);
		}
		e->digit = false;
		for (size_t b = tokens[i].start; b < tokens[i].end; b++)
			e->digit |= t->gold[b] & 0x40 ? true : false;
		e->gold = before = gold;
	}
}

static uint8_t label_of(const char *class)
{
	static const struct {
		const char *name;
		uint8_t label;
	} labels[] = { { "name", GH_PII_TAG_NAME },
		       { "address", GH_PII_TAG_ADDRESS },
		       { "place", GH_PII_TAG_PLACE },
		       { "org", GH_PII_TAG_ORG },
		       { "misc", GH_PII_TAG_MISC } };

	for (size_t i = 0; i < GH_ARRAY_LEN(labels); i++)
		if (strcmp(class, labels[i].name) == 0)
			return labels[i].label;
	return GH_PII_TAG_O;
}

static bool is_word_byte(uint8_t c)
{
	return gh_pii_is_alnum(c) || c >= 0x80;
}

static void read_row(struct trainer *t, struct gh_pii_names *names, const json_t *row)
{
	const json_t *text = json_object_get(row, "text"), *item;
	struct gh_slice s = gh_slice(json_string_value(text), json_string_length(text));
	uint8_t *gold = calloc(s.len + 1, 1);
	size_t i;

	json_array_foreach(json_object_get(row, "spans"), i, item)
	{
		size_t start = (size_t)json_integer_value(json_object_get(item, "start"));
		size_t end = (size_t)json_integer_value(json_object_get(item, "end"));
		uint8_t label = label_of(json_string_value(json_object_get(item, "class")));
		for (size_t b = start; b < end && b < s.len; b++)
			gold[b] = (uint8_t)(label | (b == start ? 0x80 : 0));
	}
	t->gold = gold;
	t->row++;
	t->fold = (uint8_t)json_integer_value(json_object_get(row, "fold"));
	t->source = (uint32_t)json_integer_value(json_object_get(row, "source")) % SOURCES;
	gh_pii_names_begin(names);
	for (size_t at = 0; at < s.len;) {
		size_t end = at;
		while (end < s.len && is_word_byte(s.data[end]))
			end++;
		if (end == at) {
			at++;
			continue;
		}
		bool digit = false;
		for (size_t b = at; b < end; b++)
			digit = digit || gh_pii_is_digit(s.data[b]);
		t->kept_out[t->source] +=
		    gold[at] == (GH_PII_TAG_NAME | 0x80) && t->fold >= KEPT_OUT;
		gh_pii_names_word(names, s, at, end,
		                  gh_pii_word_hash(gh_slice_sub(s, at, end - at), s.data + s.len));
		if (digit)
			for (size_t b = at; b < end; b++)
				gold[b] |= 0x40;
		at = end;
	}
	/* The digit mark must not hide the label. */
	for (size_t b = 0; b < s.len; b++)
		gold[b] = (uint8_t)(gold[b] & 0xc7);
	gh_pii_names_segments(names, s, true, on_segment, t);
	free(gold);
}

static void read_corpus(struct trainer *t, struct gh_pii_names *names, const char *path)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t capacity = 0;
	ssize_t len;

	if (!in) {
		perror(path);
		exit(2);
	}
	while ((len = getline(&line, &capacity, in)) > 0) {
		json_t *row = json_loadb(line, (size_t)len, 0, NULL);
		if (!row) {
			fprintf(stderr, "pii-train: %s is not JSON lines\n", path);
			exit(2);
		}
		read_row(t, names, row);
		json_decref(row);
	}
	free(line);
	fclose(in);
}

static uint8_t *read_gazetteer(const char *path, size_t *len)
{
	size_t rows = (size_t)LABELS << ROW_BITS, slots = (size_t)1 << GAZ_BITS, words = 0,
	       lost = 0;
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t capacity = 0;
	ssize_t got;

	*len = HEADER + rows + 4 * slots + ((size_t)1 << BARE_BITS) / 8;
	uint8_t *file = aligned_alloc(64, (*len + 63) / 64 * 64);
	if (!in || !file) {
		perror(path);
		exit(2);
	}
	memset(file, 0, *len);
	uint16_t *gaz = (uint16_t *)(void *)(file + HEADER + rows);
	uint64_t *bare = (uint64_t *)(void *)(gaz + 2 * slots);
	while ((got = getline(&line, &capacity, in)) > 0) {
		char *tab = strchr(line, '\t');
		if (!tab)
			continue;
		uint32_t flags = (uint32_t)strtoul(tab + 1, NULL, 10);
		struct gh_slice word = gh_slice(line, (size_t)(tab - line));
		uint64_t hash = gh_pii_word_hash(word, word.data + word.len);
		uint16_t print = hash & 0xffff ? (uint16_t)(hash & 0xffff) : 1;
		size_t at = hash >> 20 & (slots - 1), probes = 0;
		while (gaz[2 * at] && gaz[2 * at] != print && probes++ < 60)
			at = (at + 1) & (slots - 1);
		if (!hash || gaz[2 * at]) {
			lost++;
			continue;
		}
		gaz[2 * at] = print;
		gaz[2 * at + 1] = (uint16_t)flags;
		words++;
		if (flags &
		    (GH_PII_GAZ_BARE | GH_PII_GAZ_INTRO | GH_PII_GAZ_TITLE | GH_PII_GAZ_PARTICLE)) {
			size_t group = hash >> 11 & (((size_t)1 << BARE_BITS) / 64 - 1);
			bare[group] |= gh_pii_tagger_bare_bits(hash);
		}
	}
	fprintf(stderr, "gazetteer: %zu words, %zu of the same print\n", words, lost);
	free(line);
	fclose(in);
	memcpy(file, "GHTAGGER", 8);
	const uint32_t head[] = {
		GH_PII_TAGGER_VERSION, (uint32_t)*len, ROW_BITS, GAZ_BITS, BARE_BITS, 0
	};
	memcpy(file + 8, head, sizeof head);
	return file;
}

/* ---- training ---- */

static bool allowed(int from, int to)
{
	if (to == GH_PII_TAG_NAME_ON)
		return from == GH_PII_TAG_NAME || from == GH_PII_TAG_NAME_ON;
	if (to == GH_PII_TAG_ADDRESS_ON)
		return from == GH_PII_TAG_ADDRESS || from == GH_PII_TAG_ADDRESS_ON;
	return true;
}

static bool allowed_first(int comma, int to)
{
	return to != GH_PII_TAG_ADDRESS_ON && (comma || to != GH_PII_TAG_NAME_ON);
}

/* The best path, a wrong label being worth MARGIN more. */
static void decode(const struct trainer *t, const struct segment *s, bool augmented, uint8_t *out)
{
	int32_t path[GH_PII_TAGGER_SEGMENT][LABELS];
	uint8_t back[GH_PII_TAGGER_SEGMENT][LABELS];

	for (size_t i = 0; i < s->count; i++) {
		const struct example *e = &t->examples[s->first + i];
		int32_t sum[LABELS] = { 0 };
		for (int f = 0; f < FEATURES; f++)
			for (int l = 0; !(t->hidden[i] >> f & 1) && l < LABELS; l++)
				sum[l] += t->weight[(size_t)e->rows[f] * LABELS + (size_t)l];
		for (int l = 0; l < LABELS; l++) {
			if (augmented && l != e->gold)
				sum[l] += MARGIN;
			if (e->digit && (l == GH_PII_TAG_NAME || l == GH_PII_TAG_NAME_ON))
				sum[l] -= 1000000;
			int32_t best = INT32_MIN;
			if (i == 0) {
				best =
				    allowed_first(s->comma, l) ? t->first[s->comma][l] : -100000000;
			} else {
				for (int j = 0; j < LABELS; j++) {
					int32_t score =
					    path[i - 1][j] +
					    (allowed(j, l) ? t->moves[j][l] : -100000000);
					if (score > best) {
						best = score;
						back[i][l] = (uint8_t)j;
					}
				}
			}
			path[i][l] = best + sum[l];
		}
	}
	uint8_t label = 0;
	for (int l = 1; l < LABELS; l++)
		if (path[s->count - 1][l] > path[s->count - 1][label])
			label = (uint8_t)l;
	for (size_t i = s->count; i-- > 0;) {
		out[i] = label;
		label = i > 0 ? back[i][label] : 0;
	}
}

static void add(struct trainer *t, uint32_t row, uint8_t label, int32_t by)
{
	size_t at = (size_t)row * LABELS + label;

	t->total[at] += (int64_t)t->weight[at] * (t->now - t->since[at]);
	t->since[at] = t->now;
	t->weight[at] += by;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Some features of each word are hidden, other ones each time: what is learned must not hang on one
 * of them alone. */
static void hide_some(struct trainer *t, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		t->hidden[i] = 0;
		for (int f = 0; f < FEATURES; f++)
			t->hidden[i] |=
			    (int)(next_random(&t->random) >> 20 & 255) < HIDDEN ? 1u << f : 0;
	}
}

static void learn(struct trainer *t, const struct segment *s)
{
	uint8_t guess[GH_PII_TAGGER_SEGMENT];

	t->now++;
	hide_some(t, s->count);
	decode(t, s, true, guess);
	for (size_t i = 0; i < s->count; i++) {
		const struct example *e = &t->examples[s->first + i];
		for (int f = 0; guess[i] != e->gold && f < FEATURES; f++) {
			if (t->hidden[i] >> f & 1)
				continue;
			add(t, e->rows[f], e->gold, 1);
			add(t, e->rows[f], guess[i], -1);
		}
		if (i == 0) {
			t->first[s->comma][e->gold]++;
			t->first[s->comma][guess[i]]--;
			t->first_total[s->comma][e->gold] += -(int64_t)t->now;
			t->first_total[s->comma][guess[i]] += t->now;
		} else {
			uint8_t before = t->examples[s->first + i - 1].gold;
			t->moves[before][e->gold]++;
			t->moves[guess[i - 1]][guess[i]]--;
			t->moves_total[before][e->gold] += -(int64_t)t->now;
			t->moves_total[guess[i - 1]][guess[i]] += t->now;
		}
	}
}

static int clamp(double value, int limit)
{
	int rounded = (int)(value < 0 ? value - 0.5 : value + 0.5);

	return rounded > limit ? limit : rounded < -limit ? -limit : rounded;
}

/* From nothing again, in another order; the averages go over all runs. */
static void begin_run(struct trainer *t)
{
	size_t rows = (size_t)LABELS << ROW_BITS;

	for (size_t i = 0; i < rows; i++) {
		t->total[i] += (int64_t)t->weight[i] * (t->now - t->since[i]);
		t->since[i] = t->now;
		t->weight[i] = 0;
	}
	for (int i = 0; i < LABELS; i++) {
		for (int j = 0; j < LABELS; j++) {
			t->moves_total[i][j] += (int64_t)t->moves[i][j] * t->now;
			t->moves[i][j] = 0;
		}
		for (int c = 0; i < 2 && c < LABELS; c++) {
			t->first_total[i][c] += (int64_t)t->first[i][c] * t->now;
			t->first[i][c] = 0;
		}
	}
}

static void train(struct trainer *t, unsigned epochs, unsigned below, uint8_t *file)
{
	size_t rows = (size_t)LABELS << ROW_BITS, count = 0;
	uint32_t *order = malloc(t->segment_count * sizeof *order);
	uint64_t random = 0x1234567;

	t->random = 0x7654321;

	memset(t->weight, 0, rows * sizeof *t->weight);
	memset(t->total, 0, rows * sizeof *t->total);
	memset(t->since, 0, rows * sizeof *t->since);
	memset(t->moves, 0, sizeof t->moves);
	memset(t->first, 0, sizeof t->first);
	memset(t->moves_total, 0, sizeof t->moves_total);
	memset(t->first_total, 0, sizeof t->first_total);
	t->now = 0;
	for (uint32_t i = 0; i < t->segment_count; i++)
		if (t->segments[i].fold < below)
			order[count++] = i;
	for (unsigned epoch = 0; epoch < RUNS * epochs; epoch++) {
		if (epoch % epochs == 0)
			begin_run(t);
		for (size_t i = count; i > 1; i--) {
			size_t j = next_random(&random) % i;
			uint32_t swap = order[i - 1];
			order[i - 1] = order[j];
			order[j] = swap;
		}
		for (size_t i = 0; i < count; i++)
			learn(t, &t->segments[order[i]]);
	}
	begin_run(t);
	free(order);
	double now = t->now, scale = 1.0;
	double *average = malloc(rows * sizeof *average);
	int8_t *out = (int8_t *)file + HEADER;
	/* One in a thousand of the weights in use may be clipped. */
	size_t used = 0, bins[4096] = { 0 };
	for (size_t i = 0; i < rows; i++) {
		average[i] = (double)t->total[i] / now;
		double size = average[i] < 0 ? -average[i] : average[i];
		if (size > 0.01) {
			used++;
			bins[size * 16 < 4095 ? (size_t)(size * 16) : 4095]++;
		}
	}
	size_t seen = 0, bin = 4095;
	while (bin > 0 && (seen += bins[bin]) < used / 1000)
		bin--;
	scale = 127.0 / ((double)(bin + 1) / 16);
	for (size_t i = 0; i < rows; i++)
		out[i] = (int8_t)clamp(average[i] * scale, 127);
	free(average);
	int16_t moves[LABELS][LABELS], first[2][LABELS];
	for (int i = 0; i < LABELS; i++)
		for (int j = 0; j < LABELS; j++)
			moves[i][j] =
			    allowed(i, j)
			        ? (int16_t)clamp((double)t->moves_total[i][j] / now * scale, 2000)
			        : FORBIDDEN;
	for (int c = 0; c < 2; c++)
		for (int j = 0; j < LABELS; j++)
			first[c][j] =
			    allowed_first(c, j)
			        ? (int16_t)clamp((double)t->first_total[c][j] / now * scale, 2000)
			        : FORBIDDEN;
	memcpy(file + 32, moves, sizeof moves);
	memcpy(file + 160, first, sizeof first);
	fprintf(stderr, "trained on %zu segments, %zu weights in use, scale %.2f\n", count, used,
	        scale);
}

int main(int argc, char **argv)
{
	struct trainer t = { 0 };
	struct gh_pii_names names = { 0 };
	size_t rows = (size_t)LABELS << ROW_BITS, len;
	unsigned epochs = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 5;

	if (argc < 4) {
		fprintf(stderr, "usage: pii-train GAZETTEER.tsv CORPUS.jsonl MODEL [EPOCHS]\n");
		return 2;
	}
	uint8_t *file = read_gazetteer(argv[1], &len);
	if (gh_pii_tagger_open(gh_slice(file, len), &names.tagger) != GH_OK) {
		fprintf(stderr, "pii-train: %s\n", gh_last_error()->text);
		return 1;
	}
	names.is_open = true;
	read_corpus(&t, &names, argv[2]);
	fprintf(stderr, "corpus: %zu segments, %zu words in windows\n", t.segment_count,
	        t.example_count);
	t.weight = malloc(rows * sizeof *t.weight);
	t.total = malloc(rows * sizeof *t.total);
	t.since = malloc(rows * sizeof *t.since);
	if (!t.weight || !t.total || !t.since)
		return 1;
	train(&t, epochs, KEPT_OUT, file);
	calibrate(&t, file);
	train(&t, epochs, 10, file);
	FILE *out = fopen(argv[3], "wbe");
	if (!out || fwrite(file, 1, len, out) != len || fclose(out) != 0) {
		perror(argv[3]);
		return 1;
	}
	gh_pii_names_close(&names);
	free(t.examples);
	free(t.segments);
	free(t.weight);
	free(t.total);
	free(t.since);
	free(file);
	return 0;
}
