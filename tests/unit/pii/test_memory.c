/* What scanning takes from the allocator: nothing once it has seen a text of the size, and never
 * more than a stated share of the text. The linker hands the room's calls to the counters below. */
#include "pii_rig.h"

#include <malloc.h>

#include "hard_texts.h"

#define TEXT_BYTES ((size_t)256 << 10)

/* The bound of scan.h. */
static size_t most_of(size_t text_bytes)
{
	return GH_PII_SCRATCH_BYTES + GH_PII_SCRATCH_PER_BYTE * text_bytes;
}

static size_t calls, held, peak;

static void *gain(void *memory)
{
	calls++;
	held += memory ? malloc_usable_size(memory) : 0;
	peak = held > peak ? held : peak;
	return memory;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return gain(__real_malloc(size));
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return gain(__real_calloc(count, size));
}

/* While memory moves, both places count. */
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size)
{
	size_t before = old ? malloc_usable_size(old) : 0;
	void *memory = gain(__real_realloc(old, size));

	held -= memory ? before : 0;
	return memory;
}

void __real_free(void *memory);
void __wrap_free(void *memory);
void __wrap_free(void *memory)
{
	held -= memory ? malloc_usable_size(memory) : 0;
	__real_free(memory);
}

static char text[TEXT_BYTES];

static void a_second_scan_of_the_size_allocates_nothing(void **state)
{
	struct gh_pii_matches found = { 0 };

	for (size_t i = 0; i < HARD_TEXT_COUNT; i++) {
		hard_text_fill(&hard_texts[i], text, sizeof text);
		assert_ok(gh_pii_scan(gh_slice(text, sizeof text), NULL, &found));
	}
	for (size_t i = 0; i < HARD_TEXT_COUNT; i++) {
		hard_text_fill(&hard_texts[i], text, sizeof text);
		calls = 0;
		assert_ok(gh_pii_scan(gh_slice(text, sizeof text), NULL, &found));
		if (calls > 0)
			fail_msg("%zu allocations: %s", calls, hard_texts[i].name);
	}
	gh_pii_matches_free(&found);
	assert_int_equal(held, 0);
}

static void scratch_is_bounded_by_the_length_of_the_text(void **state)
{
	static const size_t sizes[] = { 64, 4096, TEXT_BYTES };

	for (size_t s = 0; s < GH_ARRAY_LEN(sizes); s++)
		for (size_t i = 0; i < HARD_TEXT_COUNT; i++) {
			struct gh_pii_matches found = { 0 };
			hard_text_fill(&hard_texts[i], text, sizes[s]);
			held = peak = 0;
			assert_ok(gh_pii_scan(gh_slice(text, sizes[s]), NULL, &found));
			gh_pii_matches_free(&found);
			if (getenv("GATEHOUSE_SHOW_WORK"))
				print_message("# %8zu %6zu %s\n", peak, sizes[s],
				              hard_texts[i].name);
			if (peak > most_of(sizes[s]))
				fail_msg("%zu bytes for a text of %zu: %s", peak, sizes[s],
				         hard_texts[i].name);
			assert_int_equal(held, 0);
		}
}

/* A table is read as the text is walked: its columns are not kept. */
static void a_long_table_takes_no_more_than_a_short_one(void **state)
{
	static const struct hard_text table = { "a table", "ssn,phone,email\n", ",,\n" };
	size_t peaks[2];

	for (size_t i = 0; i < 2; i++) {
		struct gh_pii_matches found = { 0 };
		size_t size = i ? TEXT_BYTES : TEXT_BYTES / 2;
		hard_text_fill(&table, text, size);
		held = peak = 0;
		assert_ok(gh_pii_scan(gh_slice(text, size), NULL, &found));
		gh_pii_matches_free(&found);
		peaks[i] = peak;
	}
	assert_int_equal(peaks[0], peaks[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_scan_of_the_size_allocates_nothing),
		cmocka_unit_test(scratch_is_bounded_by_the_length_of_the_text),
		cmocka_unit_test(a_long_table_takes_no_more_than_a_short_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
