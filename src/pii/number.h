/* number.h: inside this room: digits in groups, and what the span of some neighbouring groups may
 * be. number.c reads them, phone.c and number.c judge them. */
#ifndef GH_PII_NUMBER_H
#define GH_PII_NUMBER_H

#include "pii/detect.h"

#define GH_PII_MAX_GROUPS 12
#define GH_PII_MAX_DIGITS 20

struct gh_pii_span {
	char digits[GH_PII_MAX_DIGITS + 1];
	char lengths[GH_PII_MAX_GROUPS + 1]; /* of the groups: "334"; 'x' for ten and more */
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
	bool is_decimal;  /* 3.14159: not digits in groups */
	struct gh_pii_near near;
};

/* 0 when it is none. */
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
