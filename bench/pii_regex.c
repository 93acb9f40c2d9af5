#include "pii_regex.h"

#include <hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "pii/detect.h"

#define MAX_EXPRESSIONS 256

/* One for each entity that is no row of gh_pii_ids; those follow from their shapes. */
static const char *const expressions[] = {
	"[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(\\.[a-z0-9-]{1,63}){0,4}\\.[a-z]{2,24}",
	/* phones */
	"\\+[0-9]{1,3}[ .-]?\\(?[0-9]{1,4}\\)?([ .-]?[0-9]{2,4}){2,4}",
	"\\(?[2-9][0-9]{2}\\)?[ .-][2-9][0-9]{2}[ .-][0-9]{4}",
	"\\b0[1-9]([ .-]?[0-9]{2}){4}\\b",
	"\\b0[0-9]{2,4}[ -][0-9]{3,4}[ -]?[0-9]{3,4}\\b",
	"\\b1[3-9][0-9]{9}\\b",
	/* payment */
	"\\b4[0-9]{3}([ -]?[0-9]{4}){3}\\b",
	"\\b5[1-5][0-9]{2}([ -]?[0-9]{4}){3}\\b",
	"\\b3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}\\b",
	"\\b6(011|5[0-9]{2})([ -]?[0-9]{4}){3}\\b",
	"\\b35[0-9]{2}([ -]?[0-9]{4}){3}\\b",
	"\\b3(0[0-5]|[68][0-9])[0-9]{11}\\b",
	"\\b[a-z]{2}[0-9]{2}( ?[a-z0-9]{4}){3,7}( ?[a-z0-9]{1,3})?\\b",
	"\\b[a-z]{6}[a-z0-9]{2}([a-z0-9]{3})?\\b.{0,20}(swift|bic)",
	/* names and addresses, as far as they can be written */
	"\\b(mr|mrs|ms|dr|prof)\\.? [a-z]+( [a-z]+)?",
	"my name is [a-z]+( [a-z]+)?",
	"(dear|hi|hello|regards|sincerely),? [a-z]+( [a-z]+)?",
	"\\b[0-9]{1,5} [a-z]+( [a-z]+)? "
	"(street|st|avenue|ave|road|rd|lane|ln|drive|dr|court|ct|boulevard|blvd|way|place|pl)\\b",
	"\\b(p\\.? ?o\\.? )?box [0-9]{1,6}\\b",
	"\\b[a-z]{2} [0-9]{5}(-[0-9]{4})?\\b",
	"\\b[a-z]{1,2}[0-9][a-z0-9]? ?[0-9][a-z]{2}\\b",
	/* minors and health */
	"\\b[0-9]{1,2}[ -]years?[ -]old\\b",
	"\\baged? [0-9]{1,2}\\b",
	"\\b(diagnosed with|suffers from|treated for) [a-z]+",
	"\\b(asthma|diabetes|cancer|hiv|depression|epilepsy|hepatitis|leukemia|schizophrenia)\\b",
	"\\b[a-z][0-9]{2}\\.[0-9]{1,2}\\b",
	"\\bmrn[ :#]*[0-9]{5,10}\\b",
	"\\b(fingerprint|face ?id|retina|iris|voiceprint|palm)[a-z "
	"]{0,12}(scan|template|print|data)?\\b",
	/* credentials */
	"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----",
	"\\beyJ[a-z0-9_-]{10,}\\.[a-z0-9_-]{10,}\\.[a-z0-9_-]{10,}",
	"\\b(AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\\b",
	"\\bgh[pousr]_[a-z0-9]{36}\\b",
	"\\bgithub_pat_[a-z0-9_]{40,100}",
	"\\bglpat-[a-z0-9_-]{20}",
	"\\bsk-(proj-|ant-|live-)?[a-z0-9_-]{20,200}",
	"\\bsk_(live|test)_[a-z0-9]{24,99}",
	"\\bxox[abprs]-[a-z0-9-]{10,72}",
	"\\bAIza[a-z0-9_-]{35}\\b",
	"\\bSG\\.[a-z0-9_-]{22}\\.[a-z0-9_-]{43}",
	"\\bnpm_[a-z0-9]{36}\\b",
	"\\bpypi-[a-z0-9_-]{50,}",
	"\\bhf_[a-z0-9]{34}\\b",
	"\\bdop_v1_[0-9a-f]{64}\\b",
	"\\bshp(at|ca|pa|ss)_[0-9a-f]{32}\\b",
	"\\bkey-[0-9a-f]{32}\\b",
	"\\bSK[0-9a-f]{32}\\b",
	"\\bya29\\.[a-z0-9_-]{30,}",
	"[a-z]{3,10}://[^/ :@]{1,64}:[^/ @]{1,64}@",
	"(password|passwd|pwd|secret|api_?key|token)[\"' ]{0,3}[:=][\"' ]{0,3}[^ \"']{6,64}",
	"authorization: *(bearer|basic) +[a-z0-9+/=._-]{8,400}",
	"password is [^ ]{6,64}",
};

struct pii_regex {
	hs_database_t *database;
	hs_scratch_t *scratch;
	size_t size;
};

static void fail(const char *what)
{
	fprintf(stderr, "bench/pii: %s\n", what);
	exit(1);
}

static void add_one(struct gh_buf *out, char shape, size_t count)
{
	gh_buf_add_str(out, shape == '9'   ? "[0-9]"
	                    : shape == 'A' ? "[a-z]"
	                    : shape == 'X' ? "[a-z0-9]"
	                                   : "[+-]");
	if (count > 1)
		gh_buf_addf(out, "{%zu}", count);
}

/* "999999999" in groups of "324": \b[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{4}\b */
static char *from_shape(const struct gh_pii_id *id)
{
	struct gh_buf out = { 0 };
	const char *group = id->groups && id->groups[0] != 'x' ? id->groups : NULL;
	size_t left = group ? (size_t)(*group - '0') : SIZE_MAX;

	gh_buf_add_str(&out, "\\b");
	for (const char *at = id->shape; *at;) {
		size_t run = strspn(at, (const char[]){ *at, 0 });
		size_t take = run < left ? run : left;
		add_one(&out, *at, take);
		at += take;
		left -= take;
		if (left == 0 && *at) {
			gh_buf_add_str(&out, "[ .-]?");
			left = *++group ? (size_t)(*group - '0') : SIZE_MAX;
		}
	}
	gh_buf_add_str(&out, "\\b");
	char *text = strdup(gh_buf_cstr(&out));
	gh_buf_free(&out);
	return text;
}

struct pii_regex *pii_regex_open(void)
{
	struct pii_regex *regex = calloc(1, sizeof *regex);
	const char *texts[MAX_EXPRESSIONS];
	unsigned flags[MAX_EXPRESSIONS], ids[MAX_EXPRESSIONS];
	hs_compile_error_t *error;
	size_t count = 0;

	if (!regex)
		fail("out of memory");
	for (size_t i = 0; i < GH_ARRAY_LEN(expressions); i++)
		texts[count++] = expressions[i];
	for (size_t i = 0; i < gh_pii_id_count && count < MAX_EXPRESSIONS; i++) {
		char *text = from_shape(&gh_pii_ids[i]);
		bool known = !text;
		for (size_t k = GH_ARRAY_LEN(expressions); k < count && !known; k++)
			known = strcmp(texts[k], text) == 0;
		if (known)
			free(text);
		else
			texts[count++] = text;
	}
	for (size_t i = 0; i < count; i++) {
		flags[i] = HS_FLAG_CASELESS;
		ids[i] = (unsigned)i;
	}
	if (hs_compile_multi(texts, flags, ids, (unsigned)count, HS_MODE_BLOCK, NULL,
	                     &regex->database, &error) != HS_SUCCESS)
		fail(error->message);
	if (hs_alloc_scratch(regex->database, &regex->scratch) != HS_SUCCESS)
		fail("no scratch for the regular expressions");
	for (size_t i = GH_ARRAY_LEN(expressions); i < count; i++)
		free((void *)(uintptr_t)texts[i]);
	regex->size = count;
	return regex;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *context)
{
	(*(size_t *)context)++;
	return 0;
}

size_t pii_regex_count(struct pii_regex *regex, struct gh_slice text)
{
	size_t count = 0;

	if (hs_scan(regex->database, (const char *)text.data, (unsigned)text.len, 0, regex->scratch,
	            on_match, &count) != HS_SUCCESS)
		fail("a scan with the regular expressions failed");
	return count;
}

size_t pii_regex_size(const struct pii_regex *regex)
{
	return regex ? regex->size : 0;
}

void pii_regex_close(struct pii_regex *regex)
{
	if (!regex)
		return;
	hs_free_scratch(regex->scratch);
	hs_free_database(regex->database);
	free(regex);
}
