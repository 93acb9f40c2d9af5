/* Keys without a prefix whose form is their own: a sign in the middle, the lengths of their parts,
 * what their base64 decodes to. They are looked for at long words only. */
#include "pii/credential.h"

static bool follows(struct gh_slice text, size_t at, const char *what)
{
	size_t len = strlen(what);

	return at <= text.len && text.len - at >= len && memcmp(text.data + at, what, len) == 0;
}

static size_t run_of(struct gh_slice text, size_t at, uint8_t alphabet, size_t most)
{
	size_t end = at;

	while (end < text.len && end - at <= most && gh_pii_in_alphabet(text.data[end], alphabet))
		end++;
	return end - at;
}

/* MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs: an id in base64, a time, a MAC. */
static size_t discord_token(struct gh_slice text, size_t at, size_t end)
{
	if (end - at < 23 || end - at > 28 || !strchr("MNO", text.data[at]) || end >= text.len ||
	    text.data[end] != '.')
		return 0;
	size_t time = end + 1, len = 0;
	while (time + len < text.len && len < 8 && text.data[time + len] != '.' &&
	       gh_pii_in_alphabet(text.data[time + len], WORD))
		len++;
	if (len < 5 || len > 7 || time + len >= text.len || text.data[time + len] != '.')
		return 0;
	size_t mac = run_of(text, time + len + 1, WORD, 40);
	return mac >= 27 && mac <= 39 ? time + len + 1 + mac : 0;
}

/* Jira and Confluence: base64 of a number of about twelve digits, a colon and 20 bytes. */
static size_t atlassian_pat(struct gh_slice text, size_t at)
{
	uint8_t head[15];
	uint32_t bits = 0;
	size_t len = 0, run = at;

	if (!strchr("MNO", text.data[at]))
		return 0;
	while (run < text.len && run - at <= 44 && gh_pii_in_alphabet(text.data[run], BASE64) &&
	       !strchr("=._-", text.data[run]))
		run++;
	if (run - at != 44)
		return 0;
	for (size_t i = 0; i < 20; i++) {
		bits = bits << 6 | gh_pii_base64_value(text.data[at + i]);
		if (i % 4 == 3) {
			head[len++] = (uint8_t)(bits >> 16);
			head[len++] = (uint8_t)(bits >> 8);
			head[len++] = (uint8_t)bits;
		}
	}
	size_t digits = 0;
	while (digits < len && gh_pii_is_digit(head[digits]))
		digits++;
	return digits >= 8 && digits < len && head[digits] == ':' ? run : 0;
}

/* https://….webhook.office.com/webhookb2/…/IncomingWebhook/…: all of the URL around the word. */
static size_t teams_webhook(struct gh_slice text, size_t *at, size_t end)
{
	size_t start = *at, stop = end;

	if (end - start != 15 || memcmp(text.data + start, "IncomingWebhook", 15) != 0)
		return 0;
	while (start > 0 && *at - start < 256 && text.data[start - 1] > ' ' &&
	       !strchr("\"'<>()", text.data[start - 1]))
		start--;
	while (stop < text.len && stop - end < 128 && text.data[stop] > ' ' &&
	       !strchr("\"'<>()", text.data[stop]))
		stop++;
	if (stop - end < 60 || memcmp(text.data + start, "https", 5) != 0)
		return 0;
	*at = start;
	return stop;
}

/* Keys of Azure's services carry a sign of their own: JQQJ9 in the middle of those of 80 to 88
 * characters, four letters near the end of those in base64 of 32 and 64 bytes. */
static size_t azure_key(struct gh_slice text, size_t at, size_t end)
{
	static const char *const signs[] = { "AzFu", "AzSe", "AzCa", "ACDb", "+ASt", "+ABa", "+AMC",
		                             "AIoT", "+AEh", "+ARm", "+ACR", "APIM", "ASt" };

	if (end - at >= 80 && end - at <= 88 && memcmp(text.data + at + 52, "JQQJ9", 5) == 0) {
		while (end < text.len && end - at < 88 && text.data[end] == '=')
			end++;
		return end;
	}
	if (end >= text.len || !memchr("+/=", text.data[end], 3))
		return 0;
	size_t start = at, stop = end;
	while (start > 0 && at - start < 90 && gh_pii_in_alphabet(text.data[start - 1], BASE64) &&
	       text.data[start - 1] != '=')
		start--;
	while (stop < text.len && stop - start < 90 &&
	       gh_pii_in_alphabet(text.data[stop], BASE64) && text.data[stop] != '=')
		stop++;
	size_t len = stop - start, sign = len == 86 ? 76 : len == 43 ? 33 : 0;
	if (start != at || sign == 0)
		return 0;
	for (size_t i = 0; i < GH_ARRAY_LEN(signs); i++)
		if (memcmp(text.data + start + sign - 1, signs[i], strlen(signs[i])) == 0 ||
		    memcmp(text.data + start + sign, signs[i], strlen(signs[i])) == 0)
			return stop +
			       (gh_slice_starts_with(gh_slice_sub(text, stop, 2), GH_SLICE("=="))
			            ? 2u
			            : 1u);
	return 0;
}

/* Three characters, a digit, "Q~" and 31 to 34 more, of which the word at `*at` is a part. */
static size_t azure_client_secret(struct gh_slice text, size_t *at)
{
	size_t start = *at, end;

	while (start > 0 && *at - start < 40 &&
	       (gh_pii_in_alphabet(text.data[start - 1], WORD) || text.data[start - 1] == '~'))
		start--;
	if (!follows(text, start + 4, "Q~") || !gh_pii_is_digit(text.data[start + 3]))
		return 0;
	for (end = start + 6; end < text.len && end - start <= 41; end++)
		if (!gh_pii_in_alphabet(text.data[end], WORD) && text.data[end] != '~')
			break;
	end -= text.data[end - 1] == '.';
	if (end - start < 37 || end - start > 40)
		return 0;
	*at = start;
	return end;
}

static bool all_in(struct gh_slice s, uint8_t alphabet)
{
	for (size_t i = 0; i < s.len; i++)
		if (!gh_pii_in_alphabet(s.data[i], alphabet))
			return false;
	return true;
}

/* The resources of Twilio: two letters and 32 hexadecimal digits. Accounts and keys are vendors'.
 */
static bool is_twilio_sid(struct gh_slice word)
{
	static const char pairs[] =
	    "AD AL CA CF CL CN CR FW IP KS MM NO PK PN QU RE SC SD SM TR UT XE XR";
	struct gh_slice digits = gh_slice_sub(word, 2, 32);

	if (word.len != 34 || !all_in(digits, HEX) || gh_pii_mixes_cases(digits))
		return false;
	for (size_t i = 0; i + 2 < sizeof pairs; i += 3)
		if (memcmp(word.data, pairs + i, 2) == 0)
			return true;
	return false;
}

/* Dropbox, before its tokens were short-lived: ten and more times 'A' behind about eleven others.
 */
static bool is_dropbox_token(struct gh_slice word)
{
	return word.len == 64 && memcmp(word.data + 12, "AAAAAAAA", 8) == 0 &&
	       (word.data[10] != 'A' || word.data[9] != 'A') &&
	       gh_pii_all_random(gh_slice_sub(word, 24, 40));
}

static bool all_digits(struct gh_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!gh_pii_is_digit(s.data[i]))
			return false;
	return true;
}

/* "123456789012-….apps.googleusercontent.com" */
static bool try_google_client(struct gh_pii_scan *scan, size_t at, size_t end)
{
	static const char host[] = ".apps.googleusercontent.com";
	struct gh_slice text = scan->text;
	size_t start = at;

	if (!follows(text, end, host))
		return false;
	if (start > 0 && text.data[start - 1] == '-')
		start--;
	while (start > 0 && at - start < 14 && gh_pii_is_digit(text.data[start - 1]))
		start--;
	gh_pii_add(scan, start, end + sizeof host - 1, GH_PII_CREDENTIAL, "google-client-id", 80);
	gh_pii_add_partner(scan, end + sizeof host - 1, 24, "google-oauth-secret");
	return true;
}

void gh_pii_detect_pattern(struct gh_pii_scan *scan, size_t at, size_t end)
{
	struct gh_slice text = scan->text, word = gh_slice_sub(text, at, end - at);
	const char *kind = NULL;
	size_t stop = 0;

	if (scan->without >> GH_PII_CREDENTIAL & 1)
		return;
	if ((stop = discord_token(text, at, end)) > 0) {
		kind = "discord-token";
	} else if (word.len == 32 && all_in(word, HEX) && !gh_pii_mixes_cases(word)) {
		size_t more = run_of(text, end + 1, HEX, 8);
		if (follows(text, end, "-us") && gh_pii_is_digit(gh_pii_byte(scan, end + 3))) {
			kind = "mailchimp-key";
			stop = end + 4 + gh_pii_is_digit(gh_pii_byte(scan, end + 4));
		} else if (gh_pii_byte(scan, end) == '-' && more == 8 &&
		           gh_pii_byte(scan, end + 9) == '-' &&
		           run_of(text, end + 10, HEX, 8) == 8) {
			kind = "mailgun-key";
			stop = end + 18;
		}
	} else if (word.len == 40 && follows(text, end - 4, "NRAL")) {
		kind = "newrelic-key";
		stop = end;
	} else if (is_twilio_sid(word)) {
		kind = "twilio-sid";
		stop = end;
	} else if (is_dropbox_token(word)) {
		kind = "dropbox-token";
		stop = end;
	} else if (word.len == 29 && follows(text, end, "_mmk")) {
		/* six characters, 29, and the vendor's initials */
		kind = "maxmind-key";
		at -= at >= 7 && text.data[at - 1] == '_' ? 7 : 0;
		stop = end + 4;
	} else if ((stop = atlassian_pat(text, at)) > 0) {
		kind = "atlassian-token";
	} else if ((stop = teams_webhook(text, &at, end)) > 0) {
		kind = "teams-webhook";
	} else if (word.len >= 15 && word.len <= 18 && memcmp(word.data, "00D", 3) == 0 &&
	           gh_pii_byte(scan, end) == '!' && run_of(text, end + 1, WORD, 130) >= 80) {
		kind = "salesforce-token";
		stop = end + 1 + run_of(text, end + 1, WORD, 130);
	} else if (word.len == 24 && at >= 2 && memcmp(word.data - 2, "s.", 2) == 0 &&
	           (at == 2 || !gh_pii_is_alnum(text.data[at - 3])) && gh_pii_all_random(word)) {
		kind = "vault-token";
		stop = end;
		at -= 2;
	} else if ((stop = azure_key(text, at, end)) > 0) {
		kind = "azure-key";
	} else if (word.len == 58 && word.data[0] == 'S' && all_in(word, UPPER)) {
		kind = "nkey-seed";
		stop = end;
	} else if ((stop = azure_client_secret(text, &at)) > 0) {
		kind = "azure-client-secret";
	} else if (gh_pii_byte(scan, end) == '|' && word.len >= 13 && word.len <= 17 &&
	           all_digits(word)) {
		size_t more = run_of(text, end + 1, WORD, 40);
		if (more >= 24 && more <= 36) {
			kind = "facebook-app-token";
			stop = end + 1 + more;
		}
	}
	if (kind)
		gh_pii_add(scan, at, stop, GH_PII_CREDENTIAL, kind, 92);
	else
		try_google_client(scan, at, end);
}
