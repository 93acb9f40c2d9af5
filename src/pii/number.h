/* number.h: inside this room: digits in groups, and what the span of some neighbouring groups may
 * be. number.c reads them, phone.c and number.c judge them. */
#ifndef GH_PII_NUMBER_H
#define GH_PII_NUMBER_H

#include "pii/detect.h"

#define GH_PII_MAX_GROUPS 12
#define GH_PII_MAX_DIGITS 20

/* Digits are copied eight at a time, so there is room for what is not theirs. */
struct gh_pii_span {
	char digits[GH_PII_MAX_DIGITS + 8]; /* ends with a zero */
	uint64_t lengths; /* of the groups, four bits each: 0x334; 0xa stands for ten and more */
	size_t count, start, end;
	size_t groups;
	char separator; /* of the first gap; 0: none */
	bool is_even;   /* every gap is that one separator */
	bool plus, paren;
	bool is_glued;    /* part of something longer: a UUID, a version, thousands */
	bool is_fragment; /* another number stands beside it, one space away */
	bool is_alone;    /* all that its line or field holds */
	bool is_line;     /* all that its line holds */
	bool is_whole;    /* all that the text holds */
	struct gh_pii_near near;
};

static inline unsigned gh_pii_first_length(const struct gh_pii_span *span)
{
	return (unsigned)(span->lengths >> 4 * (span->groups - 1));
}

/* Whether no group is longer than `most`. */
static inline bool gh_pii_groups_within(const struct gh_pii_span *span, unsigned most)
{
	for (uint64_t rest = span->lengths; rest; rest >>= 4)
		if ((rest & 15) > most)
			return false;
	return true;
}

/* Of what is neither a date nor an address of the internet; 0 when it is none. */
int gh_pii_phone_confidence(const struct gh_pii_span *span);
/* Where "x123" or "ext. 45" behind a phone number ends. */
size_t gh_pii_phone_end(struct gh_slice text, size_t end);
bool gh_pii_is_date(const struct gh_pii_span *span);
bool gh_pii_is_ip_address(const struct gh_pii_span *span);

static inline int gh_pii_number_at(const char *digits, size_t count)
{
	int value = 0;

	for (size_t i = 0; i < count; i++)
		value = value * 10 + (digits[i] - '0');
	return value;
}

#endif
