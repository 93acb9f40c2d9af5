/* hard_texts.h: texts that try to make the scanner slow: near-misses of every detector, signs in
 * long rows, numbers that go on for ever, tables, walls of base64. Each is a head, and a unit that
 * is repeated up to any length. Shared by the tests, which count work, and bench/pii.c, which
 * measures time. */
#ifndef HARD_TEXTS_H
#define HARD_TEXTS_H

#include <stddef.h>
#include <string.h>

struct hard_text {
	const char *name, *head, *unit;
};

static const struct hard_text hard_texts[] = {
	{ "one number without an end", "", "7" },
	{ "single digits", "", "1 2 3 4 5 6 7 8 9 " },
	{ "groups of digits", "", "12345 67890 " },
	{ "digits by every separator", "", "12-34.56/78 (90) " },
	{ "digits beside a script without spaces", "", "1 2 3 4 5 6 7 8 9 0 1 2 \xe8\xaf\x9d " },
	{ "Luhn numbers", "", "4111111111111111 " },
	{ "card groups", "", "4111 1111 1111 1111 " },
	{ "almost social security numbers", "", "536-90-439 " },
	{ "phones", "", "+1 415 555 0132 " },
	{ "IBAN heads", "", "GB29 NWBK " },
	{ "codes in groups", "", "AB 12 CD 34 " },
	{ "one code without an end", "", "A1" },
	{ "full-width digits", "", "\xef\xbc\x91\xef\xbc\x92 " },
	{ "characters that vanish", "", "\xe2\x80\x8b" },
	{ "digits between characters that vanish", "", "1\xe2\x80\x8b" },
	{ "accented letters", "", "\xc3\xa9" },
	{ "a script without spaces", "", "\xe8\xaf\x9d" },
	{ "bytes that are no UTF-8", "", "\xff\xe2\x80" },
	{ "at signs", "", "@" },
	{ "addresses in one word", "", "a@b." },
	{ "addresses", "", "a@b.co," },
	{ "addresses with brackets in front", "", "[a@b.co " },
	{ "domains without an end", "", "@a.b.c.d.e.f.g" },
	{ "local parts without an end", "a@", "a.b+c" },
	{ "two dots", "", "a..b@c.de" },
	{ "colons", "", ":" },
	{ "equal signs", "", "=" },
	{ "names without values", "", "password=" },
	{ "names and open quotes", "", "password=\"a " },
	{ "keys as values", "", "key=" },
	{ "queries", "", "&token=a" },
	{ "URLs", "", "http://a:b" },
	{ "userinfo without a host", "http://", "a:b" },
	{ "user infos", "", "://u:p@h/" },
	{ "spoken secrets", "", "password is " },
	{ "secret words", "", "secret token key password " },
	{ "begins of private keys", "", "-----BEGIN PRIVATE KEY-----" },
	{ "a private key without an end", "-----BEGIN PRIVATE KEY-----\n",
	  "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n" },
	{ "begins of certificates", "", "-----BEGIN CERTIFICATE-----" },
	{ "hyphens", "", "-----" },
	{ "heads of JSON Web Tokens", "", "eyJhbGciOiJI." },
	{ "eyJ", "", "eyJ " },
	{ "AWS heads", "", "AKIA " },
	{ "OpenAI heads", "", "sk-" },
	{ "PASETO heads", "", "v4.local." },
	{ "1Password heads", "", "ops_eyJ" },
	{ "Slack heads", "", "xoxb-" },
	{ "GitHub heads", "", "ghp_" },
	{ "health words", "", "asthma " },
	{ "phrases that begin", "", "type type " },
	{ "health phrases", "", "my type 2 diabetes " },
	{ "biometric words in one line", "", "fingerprint of " },
	{ "ages", "", "7 years old " },
	{ "numbers and persons", "", "my son, 7, " },
	{ "labels", "", "ssn card phone iban passport " },
	{ "labels and numbers", "", "ssn 536904399 " },
	{ "sentences", "", "A. " },
	{ "capitalised words", "", "Ada Lovelace Mary Shelley " },
	{ "streets", "", "12 Main Street " },
	{ "titles", "", "Dr. Mr. Mrs. " },
	{ "a name that common words go on with", "Anna ", "The " },
	{ "owners of secrets, glued", "", "pw/of/" },
	{ "spaces", "", " " },
	{ "line ends", "", "\n" },
	{ "commas", "", "," },
	{ "a table's head without an end", "", "ssn,phone," },
	{ "a table", "ssn,phone,email,card\n", "1,2,3,4\n" },
	{ "a table of empty fields", "ssn,phone,email,card\n", ",,,\n" },
	{ "heads of tables", "", "ssn,phone\n" },
	{ "a wide table's rows", "ssn\tphone\tcard\n", "1\t2\t3\t4\t5\t6\t7\t8\t9\t" },
	{ "brackets", "", "(" },
	{ "square brackets", "", "[" },
	{ "tokens without an end", "", "[EMAIL:0123456789abcdefghjk" },
	{ "forged tokens", "", "[EMAIL:0123456789abcdefghjk] " },
	{ "base64", "", "QWJjZGVmZ2hpamtsbW5vcHFy" },
	{ "base64 in lines", "",
	  "QWJjZGVmZ2hpamtsbW5vcHFyQWJjZGVmZ2hpamtsbW5vcHFyQWJjZGVmZ2hpamts\n" },
	{ "base64 in words", "", "YWRhQGV4YW1wbGUuY29t " },
	{ "hexadecimal", "", "6164614065786d706c652e636f6d" },
	{ "percent signs", "", "%" },
	{ "percent-encoded", "", "ada%40example.com%20" },
	{ "percent-encoded twice", "", "%2540" },
	{ "one word without an end", "", "a" },
	{ "underscores", "", "a_" },
	{ "prose", "", "It was the best of times, it was the worst of times. " },
};

#define HARD_TEXT_COUNT (sizeof hard_texts / sizeof *hard_texts)

/* Fills `out`; cuts the last unit off when it does not fit. */
static inline void hard_text_fill(const struct hard_text *text, char *out, size_t size)
{
	size_t head = strlen(text->head), unit = strlen(text->unit);

	for (size_t i = 0; i < size; i++)
		out[i] = i < head ? text->head[i] : text->unit[(i - head) % unit];
}

#endif
