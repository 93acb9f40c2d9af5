/* Credentials that say what they are: vendors' prefixes with their own alphabet and length, private
 * keys, JSON Web Tokens. One table; a prefix alone proves nothing without the rest of its form. */
#include "pii/detect.h"

enum alphabet { HEX, UPPER, ALNUM, WORD, BASE64 };

struct vendor {
	const char *prefix;
	uint8_t alphabet;
	uint16_t least, most; /* characters after the prefix */
	uint8_t confidence;
	const char *kind;
};

static const struct vendor vendors[] = {
	{ "AKIA", UPPER, 16, 16, 99, "aws-access-key" },
	{ "ASIA", UPPER, 16, 16, 99, "aws-access-key" },
	{ "ABIA", UPPER, 16, 16, 97, "aws-access-key" },
	{ "ACCA", UPPER, 16, 16, 97, "aws-access-key" },
	{ "AROA", UPPER, 16, 17, 85, "aws-role-id" },
	{ "AIDA", UPPER, 16, 17, 85, "aws-user-id" },
	{ "ghp_", ALNUM, 36, 36, 99, "github-token" },
	{ "gho_", ALNUM, 36, 36, 99, "github-token" },
	{ "ghu_", ALNUM, 36, 36, 99, "github-token" },
	{ "ghs_", ALNUM, 36, 255, 99, "github-token" },
	{ "ghr_", ALNUM, 36, 76, 99, "github-token" },
	{ "github_pat_", WORD, 40, 100, 99, "github-pat" },
	{ "glpat-", WORD, 20, 64, 99, "gitlab-token" },
	{ "gldt-", WORD, 20, 64, 97, "gitlab-token" },
	{ "glptt-", HEX, 40, 40, 97, "gitlab-token" },
	{ "glrt-", WORD, 20, 64, 97, "gitlab-token" },
	{ "GR1348941", WORD, 20, 64, 97, "gitlab-runner" },
	{ "sk-ant-", WORD, 24, 200, 99, "anthropic-key" },
	{ "sk-proj-", WORD, 24, 220, 99, "openai-key" },
	{ "sk-svcacct-", WORD, 24, 220, 99, "openai-key" },
	{ "sk-or-v1-", HEX, 64, 64, 99, "openrouter-key" },
	{ "sk-", ALNUM, 32, 64, 96, "openai-key" },
	{ "gk_live_", WORD, 58, 58, 99, "gatehouse-key" },
	{ "hf_", ALNUM, 30, 64, 98, "huggingface-token" },
	{ "gsk_", ALNUM, 40, 64, 98, "groq-key" },
	{ "xai-", ALNUM, 60, 100, 98, "xai-key" },
	{ "pplx-", ALNUM, 40, 64, 98, "perplexity-key" },
	{ "r8_", ALNUM, 37, 40, 97, "replicate-token" },
	{ "AIza", WORD, 35, 35, 99, "google-api-key" },
	{ "GOCSPX-", WORD, 28, 28, 99, "google-oauth-secret" },
	{ "ya29.", WORD, 30, 400, 97, "google-oauth-token" },
	{ "1//0", WORD, 40, 120, 90, "google-refresh-token" },
	{ "xoxb-", WORD, 20, 120, 99, "slack-token" },
	{ "xoxp-", WORD, 20, 120, 99, "slack-token" },
	{ "xoxa-", WORD, 20, 120, 99, "slack-token" },
	{ "xoxr-", WORD, 20, 120, 99, "slack-token" },
	{ "xoxs-", WORD, 20, 120, 99, "slack-token" },
	{ "xoxe.", WORD, 20, 250, 98, "slack-token" },
	{ "xapp-", WORD, 20, 150, 98, "slack-token" },
	{ "https://hooks.slack.com/services/", BASE64, 40, 80, 99, "slack-webhook" },
	{ "sk_live_", ALNUM, 24, 128, 99, "stripe-key" },
	{ "sk_test_", ALNUM, 24, 128, 96, "stripe-key" },
	{ "rk_live_", ALNUM, 24, 128, 99, "stripe-key" },
	{ "rk_test_", ALNUM, 24, 128, 96, "stripe-key" },
	{ "whsec_", BASE64, 24, 96, 97, "webhook-secret" },
	{ "sq0atp-", WORD, 22, 22, 98, "square-token" },
	{ "sq0csp-", WORD, 43, 43, 98, "square-secret" },
	{ "EAAA", WORD, 60, 60, 90, "square-token" },
	{ "shpat_", HEX, 32, 32, 99, "shopify-token" },
	{ "shpca_", HEX, 32, 32, 99, "shopify-token" },
	{ "shppa_", HEX, 32, 32, 99, "shopify-token" },
	{ "shpss_", HEX, 32, 32, 99, "shopify-secret" },
	{ "SG.", WORD, 60, 70, 98, "sendgrid-key" },
	{ "key-", HEX, 32, 32, 88, "mailgun-key" },
	{ "AC", HEX, 32, 32, 84, "twilio-sid" },
	{ "SK", HEX, 32, 32, 88, "twilio-key" },
	{ "npm_", ALNUM, 36, 36, 99, "npm-token" },
	{ "pypi-AgEI", WORD, 50, 400, 99, "pypi-token" },
	{ "dckr_pat_", WORD, 27, 40, 98, "docker-token" },
	{ "dop_v1_", HEX, 64, 64, 99, "digitalocean-token" },
	{ "doo_v1_", HEX, 64, 64, 99, "digitalocean-token" },
	{ "dor_v1_", HEX, 64, 64, 99, "digitalocean-token" },
	{ "hvs.", WORD, 24, 200, 97, "vault-token" },
	{ "hvb.", WORD, 24, 300, 97, "vault-token" },
	{ "s.", ALNUM, 24, 24, 70, "vault-token" },
	{ "LTAI", ALNUM, 12, 26, 92, "alibaba-key" },
	{ "AGE-SECRET-KEY-1", UPPER, 58, 58, 99, "age-key" },
	{ "PMAK-", WORD, 59, 59, 98, "postman-key" },
	{ "NRAK-", UPPER, 27, 27, 98, "newrelic-key" },
	{ "NRJS-", HEX, 19, 19, 95, "newrelic-key" },
	{ "dapi", HEX, 32, 34, 96, "databricks-token" },
	{ "lin_api_", ALNUM, 40, 40, 98, "linear-key" },
	{ "secret_", ALNUM, 43, 43, 95, "notion-token" },
	{ "ntn_", ALNUM, 40, 50, 95, "notion-token" },
	{ "figd_", WORD, 40, 60, 97, "figma-token" },
	{ "pul-", HEX, 40, 40, 97, "pulumi-token" },
	{ "rdme_", ALNUM, 70, 70, 97, "readme-key" },
	{ "sntrys_", BASE64, 60, 400, 97, "sentry-token" },
	{ "glsa_", WORD, 41, 41, 97, "grafana-token" },
	{ "glc_", BASE64, 32, 400, 94, "grafana-token" },
	{ "eyJrIjoi", BASE64, 40, 200, 93, "grafana-key" },
	{ "atlasv1.", WORD, 40, 80, 94, "terraform-token" },
	{ "ATATT3", WORD, 60, 250, 97, "atlassian-token" },
	{ "ATBB", ALNUM, 28, 40, 92, "bitbucket-token" },
	{ "AAAA", WORD, 100, 180, 80, "firebase-key" },
	{ "AP", ALNUM, 70, 71, 85, "artifactory-key" },
	{ "AKCp", ALNUM, 60, 80, 97, "artifactory-key" },
	{ "cmVmdGtu", ALNUM, 56, 56, 97, "artifactory-token" },
	{ "fo1_", WORD, 43, 43, 95, "fly-token" },
	{ "FlyV1 ", BASE64, 60, 900, 95, "fly-token" },
	{ "tk_", ALNUM, 32, 64, 70, "token" },
	{ "CFPAT-", WORD, 43, 43, 97, "contentful-token" },
	{ "tfp_", WORD, 40, 64, 90, "typeform-token" },
	{ "duffel_live_", WORD, 43, 43, 97, "duffel-token" },
	{ "EZAK", ALNUM, 54, 54, 95, "easypost-key" },
	{ "FLWSECK-", WORD, 32, 50, 96, "flutterwave-key" },
	{ "sk_prod_", ALNUM, 24, 64, 92, "secret-key" },
	{ "live_", ALNUM, 35, 45, 75, "live-key" },
	{ "pat-na1-", WORD, 36, 36, 96, "hubspot-token" },
	{ "sgp_", HEX, 40, 80, 94, "sourcegraph-token" },
	{ "sl.", WORD, 130, 160, 93, "dropbox-token" },
	{ "v2.public.", WORD, 40, 600, 85, "paseto" },
	{ "v4.local.", WORD, 40, 900, 90, "paseto" },
	{ "bkua_", ALNUM, 40, 40, 96, "buildkite-token" },
	{ "CCIPAT_", WORD, 40, 80, 96, "circleci-token" },
	{ "ops_eyJ", BASE64, 100, 1200, 96, "onepassword-token" },
};

static bool in_alphabet(uint8_t c, uint8_t alphabet)
{
	switch ((enum alphabet)alphabet) {
	case HEX: return gh_pii_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
	case UPPER: return gh_pii_is_digit(c) || (c >= 'A' && c <= 'Z');
	case ALNUM: return gh_pii_is_alnum(c);
	case WORD: return gh_pii_is_alnum(c) || c == '_' || c == '-' || c == '.';
	case BASE64:
		return gh_pii_is_alnum(c) || c == '+' || c == '/' || c == '_' || c == '-' ||
		       c == '=' || c == '.';
	}
	return false;
}

/* XXXX, 1234…, your-key-here: what documentation shows. */
static bool is_placeholder(struct gh_slice s)
{
	size_t same = 0, distinct = 0;
	bool seen[256] = { false };

	for (size_t i = 0; i < s.len; i++) {
		same += i > 0 && s.data[i] == s.data[i - 1];
		distinct += !seen[s.data[i]];
		seen[s.data[i]] = true;
	}
	return s.len >= 8 && (same * 2 > s.len || distinct < 5);
}

static void try_vendor(struct gh_pii_scan *scan, const struct vendor *vendor, size_t at)
{
	struct gh_slice text = scan->text;
	size_t len = strlen(vendor->prefix), end = at + len;

	if (text.len - at < len + vendor->least || memcmp(text.data + at, vendor->prefix, len) != 0)
		return;
	while (end < text.len && end - at - len <= vendor->most &&
	       in_alphabet(text.data[end], vendor->alphabet))
		end++;
	while (end > at + len && (text.data[end - 1] == '.' || text.data[end - 1] == '-'))
		end--;
	size_t body = end - at - len;
	if (body < vendor->least || body > vendor->most ||
	    (end < text.len && gh_pii_is_alnum(text.data[end])))
		return;
	if (is_placeholder(gh_slice(text.data + at + len, body)))
		return;
	gh_pii_add(scan, at, end, GH_PII_CREDENTIAL, vendor->kind, vendor->confidence);
}

/* -----BEGIN … PRIVATE KEY----- up to its END line, or to the end of what there is. */
static size_t try_private_key(struct gh_pii_scan *scan, size_t at)
{
	static const char mark[] = "-----BEGIN ";
	struct gh_slice text = scan->text;

	if (text.len - at < sizeof mark || memcmp(text.data + at, mark, sizeof mark - 1) != 0)
		return at + 1;
	size_t head = text.len - at < 80 ? text.len - at : 80;
	const uint8_t *label = memmem(text.data + at, head, "PRIVATE KEY", 11);
	if (!label)
		return at + 1;
	const uint8_t *tail = memmem(text.data + at + 11, text.len - at - 11, "-----END ", 9);
	size_t end = text.len;
	if (tail) {
		size_t from = (size_t)(tail - text.data) + 9;
		const uint8_t *close = memmem(
		    text.data + from, text.len - from < 60 ? text.len - from : 60, "-----", 5);
		end = close ? (size_t)(close - text.data) + 5 : from;
	}
	gh_pii_add(scan, at, end, GH_PII_CREDENTIAL, "private-key", 99);
	return end;
}

/* Two or three base64url segments, the first of which begins a JSON object. */
static size_t try_jwt(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	size_t end = at, dots = 0, first = 0;

	if (text.len - at < 20 || memcmp(text.data + at, "eyJ", 3) != 0)
		return at + 1;
	for (; end < text.len; end++) {
		uint8_t c = text.data[end];
		if (c == '.') {
			if (dots++ == 0)
				first = end - at;
			if (dots > 4)
				break;
		} else if (!gh_pii_is_alnum(c) && c != '_' && c != '-') {
			break;
		}
	}
	if (dots >= 2 && dots <= 4 && first >= 10 && end - at - first > 10)
		gh_pii_add(scan, at, end, GH_PII_CREDENTIAL, "jwt", 98);
	return end;
}

/* Rows by the first character of their prefix, chained; 0 ends a chain. */
struct index {
	uint8_t head[256];
	uint8_t next[GH_ARRAY_LEN(vendors) + 1];
};
_Static_assert(GH_ARRAY_LEN(vendors) < 255, "the index counts rows in bytes");

static void make_index(struct index *index)
{
	memset(index, 0, sizeof *index);
	for (size_t i = GH_ARRAY_LEN(vendors); i-- > 0;) {
		uint8_t first = (uint8_t)vendors[i].prefix[0];
		index->next[i + 1] = index->head[first];
		index->head[first] = (uint8_t)(i + 1);
	}
}

void gh_pii_detect_credential(struct gh_pii_scan *scan)
{
	struct gh_slice text = scan->text;
	struct index index;
	uint8_t before = ' ';

	make_index(&index);
	for (size_t at = 0; at + 8 < text.len;) {
		uint8_t c = text.data[at];
		size_t next = at + 1;
		if (c == '-') {
			next = try_private_key(scan, at);
		} else if (!gh_pii_is_alnum(before) && before != '_') {
			for (size_t row = index.head[c]; row; row = index.next[row])
				if ((uint8_t)vendors[row - 1].prefix[1] == text.data[at + 1])
					try_vendor(scan, &vendors[row - 1], at);
			if (c == 'e')
				next = try_jwt(scan, at);
		}
		before = text.data[next - 1];
		at = next;
	}
}
