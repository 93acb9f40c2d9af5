/* Credentials that say what they are: vendors' prefixes with their own alphabet and length, private
 * keys, JSON Web Tokens, and keys without a prefix whose form is their own. One table; a prefix
 * alone proves nothing without the rest of its form. */
#include "pii/detect.h"

#define MAX_PRIVATE_KEY 16384
#define MAX_JWT         8192

enum alphabet { HEX, UPPER, ALNUM, WORD, BASE64, PERCENT, DOLLAR, SLASH, AIRTABLE, ALPHABETS };
_Static_assert(ALPHABETS == GH_PII_ALPHABETS, "every alphabet needs its known run");

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
	{ "glpat-", WORD, 20, 80, 99, "gitlab-token" },
	{ "gldt-", WORD, 20, 64, 97, "gitlab-token" },
	{ "glptt-", HEX, 40, 40, 97, "gitlab-token" },
	{ "glrt-", WORD, 20, 64, 97, "gitlab-token" },
	{ "GR1348941", WORD, 20, 64, 97, "gitlab-runner" },
	{ "sk-ant-", WORD, 24, 200, 99, "anthropic-key" },
	{ "sk-proj-", WORD, 24, 220, 99, "openai-key" },
	{ "sk-svcacct-", WORD, 24, 220, 99, "openai-key" },
	{ "sk-or-v1-", HEX, 64, 64, 99, "openrouter-key" },
	{ "sk-None-", WORD, 24, 220, 97, "openai-key" },
	{ "sk-", ALNUM, 32, 64, 96, "openai-key" },
	{ "sk-TEST", ALNUM, 30, 64, 80, "openai-key" },
	{ "sess-", ALNUM, 40, 40, 90, "openai-session" },
	{ "sk-lf-", WORD, 36, 36, 96, "langfuse-key" },
	{ "lsv2_pt_", WORD, 36, 60, 97, "langsmith-key" },
	{ "nvapi-", WORD, 60, 70, 98, "nvidia-key" },
	{ "llx-", WORD, 40, 60, 97, "llamacloud-key" },
	{ "tvly-", WORD, 30, 50, 96, "tavily-key" },
	{ "pcsk_", WORD, 60, 80, 96, "pinecone-key" },
	{ "jina_", ALNUM, 50, 70, 95, "jina-key" },
	{ "bedrock-api-key-", ALNUM, 20, 200, 97, "aws-bedrock-key" },
	{ "ABSK", BASE64, 80, 200, 97, "aws-bedrock-key" },
	{ "A3T", UPPER, 17, 17, 90, "aws-access-key" },
	{ "amzn.mws.", WORD, 36, 36, 98, "aws-mws-key" },
	{ "da2-", ALNUM, 26, 26, 95, "aws-appsync-key" },
	{ "xkeysib-", WORD, 70, 90, 98, "brevo-key" },
	{ "CLOJARS_", HEX, 60, 60, 98, "clojars-token" },
	{ "cfat_", ALNUM, 40, 60, 97, "cloudflare-token" },
	{ "cfut_", ALNUM, 40, 60, 97, "cloudflare-token" },
	{ "cfk_", ALNUM, 40, 60, 97, "cloudflare-key" },
	{ "v1.0-", WORD, 160, 190, 92, "cloudflare-origin-key" },
	{ "dnkey-", WORD, 60, 100, 97, "defined-networking-key" },
	{ "dp.pt.", ALNUM, 40, 48, 97, "doppler-token" },
	{ "dp.st.", WORD, 40, 70, 97, "doppler-token" },
	{ "HRKU-", WORD, 36, 70, 97, "heroku-key" },
	{ "nfp_", ALNUM, 36, 40, 97, "netlify-token" },
	{ "NRBR-", HEX, 19, 19, 95, "newrelic-key" },
	{ "NRII-", WORD, 20, 40, 93, "newrelic-key" },
	{ "pscale_pw_", WORD, 30, 64, 98, "planetscale-password" },
	{ "pscale_tkn_", WORD, 30, 64, 98, "planetscale-token" },
	{ "pscale_oauth_", WORD, 30, 64, 98, "planetscale-token" },
	{ "PMAT-", UPPER, 26, 26, 97, "postman-key" },
	{ "rubygems_", HEX, 48, 48, 98, "rubygems-key" },
	{ "squ_", HEX, 40, 40, 97, "sonarqube-token" },
	{ "sqp_", HEX, 40, 40, 97, "sonarqube-token" },
	{ "sqa_", HEX, 40, 40, 97, "sonarqube-token" },
	{ "pk_live_", ALNUM, 24, 128, 90, "stripe-key" },
	{ "pk_test_", ALNUM, 24, 128, 85, "stripe-key" },
	{ "vcp_", ALNUM, 50, 70, 96, "vercel-token" },
	{ "cosmo_", HEX, 32, 32, 96, "wundergraph-key" },
	{ "wx", HEX, 16, 16, 80, "wechat-app-id" },
	{ "EAAC", ALNUM, 50, 260, 95, "facebook-token" },
	{ "EAAE", ALNUM, 50, 260, 90, "facebook-token" },
	{ "access_token$production$", DOLLAR, 40, 60, 98, "braintree-token" },
	{ "access_token$sandbox$", DOLLAR, 40, 60, 96, "braintree-token" },
	{ "oy2", ALNUM, 43, 43, 95, "nuget-key" },
	{ "TlRMTVNTUAA", BASE64, 24, 900, 92, "ntlm-token" },
	{ "AAAAAAAAAAAAAAAAAAAAA", PERCENT, 60, 140, 93, "twitter-bearer" },
	{ "ATCTT3", WORD, 60, 250, 96, "atlassian-token" },
	{ "ATOA", WORD, 60, 250, 85, "atlassian-token" },
	{ "BBDC-", BASE64, 40, 50, 95, "bitbucket-token" },
	{ "gloas-", WORD, 60, 70, 97, "gitlab-token" },
	{ "glcbt-", WORD, 20, 64, 97, "gitlab-token" },
	{ "glft-", WORD, 20, 64, 97, "gitlab-token" },
	{ "glimt-", WORD, 20, 64, 97, "gitlab-token" },
	{ "glagent-", WORD, 40, 80, 97, "gitlab-token" },
	{ "glsoat-", WORD, 20, 64, 97, "gitlab-token" },
	{ "glffct-", WORD, 20, 64, 97, "gitlab-token" },
	{ "glrtr-", WORD, 20, 80, 97, "gitlab-token" },
	{ "glwt-", WORD, 20, 80, 97, "gitlab-token" },
	{ "gitlab_session=", HEX, 32, 32, 96, "gitlab-session" },
	{ "LS0tLS1CRUdJTi", BASE64, 40, 1000, 95, "encoded-private-key" },
	{ "shippo_live_", HEX, 40, 40, 97, "shippo-token" },
	{ "sntryu_", HEX, 64, 64, 97, "sentry-token" },
	{ "snyk_", WORD, 30, 80, 90, "snyk-token" },
	{ "patch_", ALNUM, 30, 60, 60, "token" },
	{ "xoxc-", WORD, 20, 120, 98, "slack-token" },
	{ "xoxd-", PERCENT, 20, 200, 98, "slack-token" },
	{ "xoxo-", WORD, 20, 120, 97, "slack-token" },
	{ "https://discord.com/api/webhooks/", SLASH, 60, 120, 99, "discord-webhook" },
	{ "https://discordapp.com/api/webhooks/", SLASH, 60, 120, 99, "discord-webhook" },
	{ "phc_", ALNUM, 43, 43, 90, "posthog-key" },
	{ "phx_", ALNUM, 43, 48, 95, "posthog-key" },
	{ "ddp_", ALNUM, 36, 40, 92, "datadog-key" },
	{ "dt0c01.", WORD, 80, 100, 97, "dynatrace-token" },
	{ "eu01x", ALNUM, 35, 36, 80, "newrelic-key" },
	{ "sbp_", HEX, 40, 40, 97, "supabase-token" },
	{ "sb_secret_", WORD, 30, 60, 97, "supabase-key" },
	{ "tskey-", WORD, 20, 70, 97, "tailscale-key" },
	{ "zpka_", WORD, 30, 60, 95, "zuplo-key" },
	{ "pat", AIRTABLE, 79, 79, 96, "airtable-token" },
	{ "rnd_", ALNUM, 28, 40, 90, "render-key" },
	{ "re_", WORD, 30, 40, 85, "resend-key" },
	{ "ghb_", ALNUM, 36, 36, 95, "github-token" },
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
	{ "xoxb-", WORD, 20, 260, 99, "slack-token" },
	{ "xoxp-", WORD, 20, 260, 99, "slack-token" },
	{ "xoxa-", WORD, 20, 120, 99, "slack-token" },
	{ "xoxr-", WORD, 20, 120, 99, "slack-token" },
	{ "xoxs-", WORD, 20, 120, 99, "slack-token" },
	{ "xoxe.", WORD, 20, 300, 98, "slack-token" },
	{ "xoxe-", WORD, 20, 300, 98, "slack-token" },
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
	{ "SG.", WORD, 30, 80, 96, "sendgrid-key" },
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

_Static_assert(GH_ARRAY_LEN(vendors) < 255, "the prefix index holds bytes");

/* Same first two letters: a list, the longest prefix first as the table has it. */
void gh_pii_prefixes_make(struct gh_pii_prefixes *out)
{
	memset(out, 0, sizeof *out);
	for (size_t i = GH_ARRAY_LEN(vendors); i > 0; i--) {
		const char *prefix = vendors[i - 1].prefix;
		unsigned hash = gh_pii_prefix_hash((uint8_t)prefix[0], (uint8_t)prefix[1]);
		out->next[i] = out->head[hash];
		out->head[hash] = (uint8_t)i;
	}
	/* JSON Web Tokens, which have no row. */
	unsigned hash = gh_pii_prefix_hash('e', 'y');
	if (!out->head[hash])
		out->head[hash] = 255;
}

static bool in_alphabet(uint8_t c, uint8_t alphabet)
{
	if (gh_pii_is_digit(c))
		return true;
	switch ((enum alphabet)alphabet) {
	case HEX: return (c | 0x20) >= 'a' && (c | 0x20) <= 'f';
	case UPPER: return c >= 'A' && c <= 'Z';
	case ALNUM: return gh_pii_is_alpha(c);
	case WORD: return gh_pii_is_alpha(c) || c == '_' || c == '-' || c == '.';
	case BASE64:
		return gh_pii_is_alpha(c) || c == '+' || c == '/' || c == '_' || c == '-' ||
		       c == '=' || c == '.';
	case PERCENT: return gh_pii_is_alpha(c) || c == '%' || c == '-' || c == '_';
	case DOLLAR: return gh_pii_is_alpha(c) || c == '$';
	case SLASH: return gh_pii_is_alpha(c) || c == '/' || c == '_' || c == '-';
	case AIRTABLE: return gh_pii_is_alpha(c) || c == '.';
	case ALPHABETS: break;
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

/* "1234567", "abcdef12", "…example": typed, not generated. */
static bool is_made_up(struct gh_slice s)
{
	static const char *const typed[] = { "1234567",    "0123456", "123456dead", "abcdef1234",
		                             "abcdef0123", "fedcba",  "ffffff",     "xxxxx",
		                             "example",    "EXAMPLE", "012345" };

	for (size_t i = 0; i < GH_ARRAY_LEN(typed); i++)
		if (memmem(s.data, s.len, typed[i], strlen(typed[i])))
			return true;
	return false;
}

/* GitHub and npm: the last six of 36 characters are the CRC-32 of the others in base 62. */
static bool crc_fits(struct gh_slice body)
{
	static const char digits[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	uint32_t crc = 0xffffffff;

	if (body.len != 36)
		return false;
	for (size_t i = 0; i < 30; i++) {
		crc ^= body.data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
	}
	crc = ~crc;
	for (size_t i = 36; i > 30; i--, crc /= 62)
		if (body.data[i - 1] != (uint8_t)digits[crc % 62])
			return false;
	return true;
}

static bool try_vendor(struct gh_pii_scan *scan, const struct vendor *vendor, size_t at)
{
	struct gh_slice text = scan->text;
	size_t len = strlen(vendor->prefix), end = at + len;

	if (text.len - at < len + vendor->least || memcmp(text.data + at, vendor->prefix, len) != 0)
		return false;
	struct gh_pii_known *known = &scan->known_run[vendor->alphabet];
	size_t from = end, most = end + vendor->most + 1;
	if (from >= known->start && from < known->end)
		end = known->end;
	while (end < text.len && end < most && in_alphabet(text.data[end], vendor->alphabet))
		end++;
	if (end > known->end)
		*known = (struct gh_pii_known){ from, end };
	end = end < most ? end : most;
	while (end > at + len && (text.data[end - 1] == '.' || text.data[end - 1] == '-'))
		end--;
	struct gh_slice body = gh_slice_sub(text, at + len, end - at - len);
	if (body.len < vendor->least || body.len > vendor->most ||
	    (end < text.len && gh_pii_is_alnum(text.data[end])))
		return false;
	if (is_placeholder(body) && !crc_fits(body))
		return false;
	/* The example keys of AWS are in every tutorial, and still keys in form. */
	bool doubtful = vendor->alphabet != UPPER && is_made_up(body);
	gh_pii_add(scan, at, end, GH_PII_CREDENTIAL, vendor->kind,
	           doubtful ? vendor->confidence - 52 : vendor->confidence);
	return true;
}

/* Two to five base64url segments, the first of which begins a JSON object. */
static void try_jwt(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	size_t end = at, dots = 0, first = 0;

	for (; end < text.len && end - at < MAX_JWT; end++) {
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
	scan->jwt_done = end;
	while (end > at && text.data[end - 1] == '.')
		end--;
	if (dots >= 1 && first >= 10 && end - at - first > 10)
		gh_pii_add(scan, at, end, GH_PII_CREDENTIAL, "jwt", dots > 1 ? 98 : 80);
}

void gh_pii_detect_vendor(struct gh_pii_scan *scan, size_t at, size_t end)
{
	const uint8_t *word = scan->text.data + at;

	if (end - at >= 3 && at >= scan->jwt_done && memcmp(word, "eyJ", 3) == 0)
		try_jwt(scan, at);
	for (unsigned i = gh_pii_prefixes(scan)->head[gh_pii_prefix_hash(word[0], word[1])];
	     i && i != 255; i = gh_pii_prefixes(scan)->next[i])
		/* A cheap look first: the third letter. */
		if ((!vendors[i - 1].prefix[2] ||
		     (uint8_t)vendors[i - 1].prefix[2] == gh_pii_byte(scan, at + 2)) &&
		    try_vendor(scan, &vendors[i - 1], at))
			return;
}

/* -----BEGIN … PRIVATE KEY----- up to its END line; without one, as far as it looks like a key. */
void gh_pii_detect_private_key(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;

	if (at < scan->private_key_done || at < 5 || memcmp(text.data + at - 5, "-----", 5) != 0)
		return;
	struct gh_slice head = gh_slice_sub(text, at, 80);
	bool is_private = memmem(head.data, head.len, "PRIVATE KEY", 11) ||
	                  memmem(head.data, head.len, "NKEY SEED", 9);
	if (!is_private)
		return;
	struct gh_slice rest = gh_slice_sub(text, at, MAX_PRIVATE_KEY);
	const uint8_t *tail = memmem(rest.data, rest.len, "-----END ", 9);
	size_t end;
	if (tail) {
		struct gh_slice line = gh_slice_sub(text, (size_t)(tail - text.data) + 9, 60);
		const uint8_t *close = memmem(line.data, line.len, "-----", 5);
		end = close ? (size_t)(close - text.data) + 5 : (size_t)(tail - text.data) + 9;
	} else {
		for (end = at; end < at + rest.len; end++) {
			uint8_t c = text.data[end];
			if (!gh_pii_is_alnum(c) && (!c || !strchr("+/=-\\:,. \r\n\t", c)))
				break;
		}
	}
	scan->private_key_done = end;
	gh_pii_add(scan, at - 5, end, GH_PII_CREDENTIAL, "private-key", 99);
}

/* ---- forms without a prefix ---- */

static size_t run_of(struct gh_slice text, size_t at, uint8_t alphabet, size_t most)
{
	size_t end = at;

	while (end < text.len && end - at <= most && in_alphabet(text.data[end], alphabet))
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
	       in_alphabet(text.data[time + len], WORD))
		len++;
	if (len < 5 || len > 7 || time + len >= text.len || text.data[time + len] != '.')
		return 0;
	size_t mac = run_of(text, time + len + 1, WORD, 40);
	return mac >= 27 && mac <= 39 ? time + len + 1 + mac : 0;
}

static bool all_in(struct gh_slice s, uint8_t alphabet)
{
	for (size_t i = 0; i < s.len; i++)
		if (!in_alphabet(s.data[i], alphabet))
			return false;
	return true;
}

static bool all_digits(struct gh_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!gh_pii_is_digit(s.data[i]))
			return false;
	return true;
}

static bool follows(struct gh_slice text, size_t at, const char *what)
{
	size_t len = strlen(what);

	return at <= text.len && text.len - at >= len && memcmp(text.data + at, what, len) == 0;
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
	return true;
}

void gh_pii_detect_pattern(struct gh_pii_scan *scan, size_t at, size_t end)
{
	struct gh_slice text = scan->text, word = gh_slice_sub(text, at, end - at);
	const char *kind = NULL;
	size_t stop = 0;

	if ((stop = discord_token(text, at, end)) > 0) {
		kind = "discord-token";
	} else if (word.len == 32 && all_in(word, HEX)) {
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
	} else if (word.len == 58 && word.data[0] == 'S' && all_in(word, UPPER)) {
		kind = "nkey-seed";
		stop = end;
	} else if (at >= 7 && text.data[at - 1] == '~' && text.data[at - 2] == 'Q' &&
	           gh_pii_is_digit(text.data[at - 3]) && word.len >= 30 && word.len <= 38) {
		kind = "azure-client-secret";
		stop = end;
		at -= 6;
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
