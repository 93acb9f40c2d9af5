/* The table of vendors, and what they promise about their keys beyond an alphabet and a length. */
#include "pii/vendors.h"

#include <string.h>

#include "pii/detect.h"

_Static_assert(ALPHABETS == GH_PII_ALPHABETS, "every alphabet needs its known run");

#define OF(alphabet) (1u << (alphabet))
#define LETTERS                                                                                    \
	(OF(ALNUM) | OF(WORD) | OF(BASE64) | OF(PERCENT) | OF(DOLLAR) | OF(SLASH) | OF(AIRTABLE))
const uint16_t gh_pii_alphabets[256] = {
	['$'] = OF(DOLLAR),
	['%'] = OF(PERCENT),
	['+'] = OF(BASE64),
	['-'] = OF(WORD) | OF(BASE64) | OF(PERCENT) | OF(SLASH),
	['.'] = OF(WORD) | OF(BASE64) | OF(AIRTABLE),
	['/'] = OF(BASE64) | OF(SLASH),
	['0' ... '9'] = LETTERS | OF(HEX) | OF(UPPER),
	['='] = OF(BASE64),
	['A' ... 'F'] = LETTERS | OF(HEX) | OF(UPPER),
	['G' ... 'Z'] = LETTERS | OF(UPPER),
	['_'] = OF(WORD) | OF(BASE64) | OF(PERCENT) | OF(SLASH),
	['a' ... 'f'] = LETTERS | OF(HEX),
	['g' ... 'z'] = LETTERS,
};

/* GitHub and npm: the last six of 36 characters are the CRC-32 of the others in base 62. */
bool gh_pii_crc_fits(struct gh_slice body)
{
	static const char digits[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	static const uint32_t of_nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = 0xffffffff;

	if (body.len != 36)
		return false;
	for (size_t i = 0; i < 30; i++) {
		crc ^= body.data[i];
		crc = crc >> 4 ^ of_nibble[crc & 15];
		crc = crc >> 4 ^ of_nibble[crc & 15];
	}
	crc = ~crc;
	for (size_t i = 36; i > 30; i--, crc /= 62)
		if (body.data[i - 1] != (uint8_t)digits[crc % 62])
			return false;
	return true;
}

/* Keys of before 2021, and what others make up, have none. */
static int check_crc(struct gh_slice body)
{
	return gh_pii_crc_fits(body) ? 0 : -6;
}

/* Base 32: no 0, 1, 8, 9. */
static int check_aws(struct gh_slice body)
{
	for (size_t i = 0; i < body.len; i++)
		if (memchr("0189", body.data[i], 4))
			return -8;
	return 0;
}

/* BIP 173 over "age-secret-key-". */
static int check_bech32(struct gh_slice body)
{
	static const char digits[] = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", head[] = "age-secret-key-";
	static const uint32_t turns[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
		                          0x2a1462b3 };
	size_t head_len = sizeof head - 1, total = 2 * head_len + 1 + body.len;
	uint32_t sum = 1;

	for (size_t i = 0; i < total; i++) {
		uint32_t value = 0, top = sum >> 25;
		if (i < head_len) {
			value = (uint8_t)head[i] >> 5;
		} else if (i > head_len && i <= 2 * head_len) {
			value = (uint8_t)head[i - head_len - 1] & 31;
		} else if (i > 2 * head_len) {
			const char *digit = strchr(digits, body.data[i - 2 * head_len - 1]);
			if (!digit)
				return GH_PII_REFUSED;
			value = (uint32_t)(digit - digits);
		}
		sum = (sum & 0x1ffffff) << 5 ^ value;
		for (size_t bit = 0; bit < 5; bit++)
			sum ^= top >> bit & 1 ? turns[bit] : 0;
	}
	return sum == 1 ? 0 : GH_PII_REFUSED;
}

/* "OpenAI" in base64 stands in the middle of all but the newest. */
static int check_openai(struct gh_slice body)
{
	return memmem(body.data, body.len, "T3BlbkFJ", 8) ? 0 : -10;
}

/* Twenty characters, a few more where a kind has a short head of its own, or routing behind a dot.
 */
static int check_gitlab(struct gh_slice body)
{
	return body.len <= 26 || memchr(body.data, '.', body.len) ? 0 : GH_PII_REFUSED;
}

/* 16 or 20 to 24 characters in all. */
static int check_alibaba(struct gh_slice body)
{
	return body.len == 12 || (body.len >= 16 && body.len <= 20) ? 0 : GH_PII_REFUSED;
}

/* Messages of type 1, 2 and 3 ([MS-NLMP] section 2.2.1). */
static int check_ntlm(struct gh_slice body)
{
	return body.data[0] >= 'B' && body.data[0] <= 'D' ? 0 : GH_PII_REFUSED;
}

/* An id of 22 characters and a secret of 43. */
static int check_sendgrid(struct gh_slice body)
{
	return body.len == 66 && body.data[22] == '.' ? 0 : -10;
}

/* The number of the workspace leads. */
static int check_slack(struct gh_slice body)
{
	return gh_pii_is_digit(body.data[0]) && gh_pii_is_digit(body.data[8]) ? 0 : -8;
}

const struct gh_pii_vendor gh_pii_vendors[] = {
	{ "AGE-SECRET-KEY-1", UPPER, 58, 58, 99, "age-key", check_bech32 },
	{ "pat", AIRTABLE, 79, 79, 96, "airtable-token", NULL },
	{ "LTAI", ALNUM, 12, 26, 92, "alibaba-key", check_alibaba },
	{ "sk-ant-", WORD, 24, 200, 99, "anthropic-key", NULL },
	{ "apify_api_", ALNUM, 34, 48, 97, "apify-token", NULL },
	{ "cmVmdGtuOjAx", ALNUM, 52, 52, 97, "artifactory-token", NULL },
	{ "AKCp", ALNUM, 60, 80, 97, "artifactory-key", NULL },
	{ "AP", ALNUM, 70, 71, 85, "artifactory-key", NULL },
	{ "ATCTT3", WORD, 60, 250, 96, "atlassian-token", NULL },
	{ "ATATT3", WORD, 60, 250, 97, "atlassian-token", NULL },
	{ "ATOA", WORD, 60, 250, 85, "atlassian-token", NULL },
	{ "IQoJb3JpZ2luX2VjE", BASE64, 200, 1500, 97, "aws-session-token", NULL },
	{ "bedrock-api-key-", ALNUM, 20, 200, 97, "aws-bedrock-key", NULL },
	{ "FQoGZXIvYXdzE", BASE64, 200, 1200, 96, "aws-session-token", NULL },
	{ "amzn.mws.", WORD, 36, 36, 98, "aws-mws-key", NULL },
	{ "AKIA", UPPER, 16, 16, 99, "aws-access-key", check_aws },
	{ "ASIA", UPPER, 16, 16, 99, "aws-access-key", check_aws },
	{ "ABIA", UPPER, 16, 16, 97, "aws-access-key", check_aws },
	{ "ACCA", UPPER, 16, 16, 97, "aws-access-key", check_aws },
	{ "AROA", UPPER, 16, 17, 85, "aws-role-id", NULL },
	{ "AIDA", UPPER, 16, 17, 85, "aws-user-id", NULL },
	{ "ABSK", BASE64, 80, 200, 97, "aws-bedrock-key", NULL },
	{ "da2-", ALNUM, 26, 26, 95, "aws-appsync-key", NULL },
	{ "AGPA", UPPER, 16, 17, 85, "aws-group-id", NULL },
	{ "ANPA", UPPER, 16, 17, 85, "aws-policy-id", NULL },
	{ "AIPA", UPPER, 16, 17, 85, "aws-profile-id", NULL },
	{ "ASCA", UPPER, 16, 17, 85, "aws-certificate-id", NULL },
	{ "A3T", UPPER, 17, 17, 90, "aws-access-key", NULL },
	{ "BBDC-", BASE64, 40, 50, 95, "bitbucket-token", NULL },
	{ "ATBB", ALNUM, 28, 40, 92, "bitbucket-token", NULL },
	{ "bws.", WORD, 60, 120, 88, "bitwarden-token", NULL },
	{ "access_token$production$", DOLLAR, 40, 60, 98, "braintree-token", NULL },
	{ "access_token$sandbox$", DOLLAR, 40, 60, 96, "braintree-token", NULL },
	{ "xsmtpsib-", WORD, 70, 90, 98, "brevo-key", NULL },
	{ "xkeysib-", WORD, 70, 90, 98, "brevo-key", NULL },
	{ "bkua_", ALNUM, 40, 40, 96, "buildkite-token", NULL },
	{ "bkct_", ALNUM, 36, 48, 95, "buildkite-token", NULL },
	{ "pnu_", ALNUM, 36, 36, 95, "buildkite-packages-token", NULL },
	{ "CCIPAT_", WORD, 40, 80, 96, "circleci-token", NULL },
	{ "CLOJARS_", HEX, 60, 60, 98, "clojars-token", NULL },
	{ "cfat_", ALNUM, 40, 60, 97, "cloudflare-token", NULL },
	{ "cfut_", ALNUM, 40, 60, 97, "cloudflare-token", NULL },
	{ "v1.0-", WORD, 160, 190, 92, "cloudflare-origin-key", NULL },
	{ "cfk_", ALNUM, 40, 60, 97, "cloudflare-key", NULL },
	{ "CFPAT-", WORD, 43, 43, 97, "contentful-token", NULL },
	{ "dapi", HEX, 32, 34, 96, "databricks-token", NULL },
	{ "dose", HEX, 32, 34, 90, "databricks-token", NULL },
	{ "dkea", HEX, 32, 34, 88, "databricks-token", NULL },
	{ "ddp_", ALNUM, 36, 40, 92, "datadog-key", NULL },
	{ "sk-", HEX, 32, 32, 95, "deepseek-key", NULL },
	{ "dnkey-", WORD, 60, 100, 97, "defined-networking-key", NULL },
	{ "dop_v1_", HEX, 64, 64, 99, "digitalocean-token", NULL },
	{ "doo_v1_", HEX, 64, 64, 99, "digitalocean-token", NULL },
	{ "dor_v1_", HEX, 64, 64, 99, "digitalocean-token", NULL },
	{ "https://discordapp.com/api/webhooks/", SLASH, 60, 120, 99, "discord-webhook", NULL },
	{ "https://discord.com/api/webhooks/", SLASH, 60, 120, 99, "discord-webhook", NULL },
	{ "mfa.", WORD, 84, 84, 95, "discord-token", NULL },
	{ "dckr_pat_", WORD, 27, 40, 98, "docker-token", NULL },
	{ "SWMTKN-1-", WORD, 74, 76, 98, "docker-swarm-token", NULL },
	{ "dckr_oat_", WORD, 27, 40, 98, "docker-token", NULL },
	{ "dp.pt.", ALNUM, 40, 48, 97, "doppler-token", NULL },
	{ "dp.st.", WORD, 40, 70, 97, "doppler-token", NULL },
	{ "sl.", WORD, 130, 160, 93, "dropbox-token", NULL },
	{ "duffel_live_", WORD, 43, 43, 97, "duffel-token", NULL },
	{ "duffel_test_", WORD, 43, 43, 94, "duffel-token", NULL },
	{ "dt0c01.", WORD, 80, 100, 97, "dynatrace-token", NULL },
	{ "dt0s01.", WORD, 80, 100, 95, "dynatrace-token", NULL },
	{ "dt0s16.", WORD, 80, 100, 95, "dynatrace-token", NULL },
	{ "e2b_", HEX, 40, 40, 96, "e2b-key", NULL },
	{ "EZAK", ALNUM, 54, 54, 95, "easypost-key", NULL },
	{ "EZTK", ALNUM, 54, 54, 94, "easypost-key", NULL },
	{ "LS0tLS1CRUdJTi", BASE64, 40, 1000, 95, "encoded-private-key", NULL },
	{ "EAAC", ALNUM, 50, 260, 95, "facebook-token", NULL },
	{ "EAAE", ALNUM, 50, 260, 90, "facebook-token", NULL },
	{ "EAAG", ALNUM, 50, 260, 90, "facebook-token", NULL },
	{ "EAAB", ALNUM, 50, 260, 90, "facebook-token", NULL },
	{ "figd_", WORD, 40, 60, 97, "figma-token", NULL },
	{ "AAAA", WORD, 100, 180, 80, "firebase-key", NULL },
	{ "fc-", HEX, 32, 32, 92, "firecrawl-key", NULL },
	{ "FLWSECK_TEST-", WORD, 32, 50, 92, "flutterwave-key", NULL },
	{ "FLWSECK-", WORD, 32, 50, 96, "flutterwave-key", NULL },
	{ "FlyV1 ", BASE64, 60, 900, 95, "fly-token", NULL },
	{ "fo1_", WORD, 43, 43, 95, "fly-token", NULL },
	{ "gk_live_", WORD, 58, 58, 99, "gatehouse-key", NULL },
	{ "github_pat_", WORD, 40, 100, 99, "github-pat", NULL },
	{ "ghp_", ALNUM, 36, 36, 99, "github-token", check_crc },
	{ "gho_", ALNUM, 36, 36, 99, "github-token", check_crc },
	{ "ghu_", ALNUM, 36, 36, 99, "github-token", check_crc },
	{ "ghs_", ALNUM, 36, 255, 99, "github-token", check_crc },
	{ "ghr_", ALNUM, 36, 76, 99, "github-token", check_crc },
	{ "ghb_", ALNUM, 36, 36, 95, "github-token", NULL },
	{ "gitlab_session=", HEX, 32, 32, 96, "gitlab-session", NULL },
	{ "GR1348941", WORD, 20, 64, 97, "gitlab-runner", check_gitlab },
	{ "glagent-", WORD, 40, 80, 97, "gitlab-token", NULL },
	{ "glsoat-", WORD, 20, 64, 97, "gitlab-token", check_gitlab },
	{ "glffct-", WORD, 20, 64, 97, "gitlab-token", check_gitlab },
	{ "glpat-", WORD, 20, 80, 99, "gitlab-token", check_gitlab },
	{ "glptt-", HEX, 40, 40, 97, "gitlab-token", NULL },
	{ "gloas-", WORD, 64, 64, 97, "gitlab-token", NULL },
	{ "glcbt-", WORD, 20, 64, 97, "gitlab-token", check_gitlab },
	{ "glimt-", WORD, 20, 64, 97, "gitlab-token", check_gitlab },
	{ "glrtr-", WORD, 20, 80, 97, "gitlab-token", check_gitlab },
	{ "gldt-", WORD, 20, 64, 97, "gitlab-token", check_gitlab },
	{ "glrt-", WORD, 20, 64, 97, "gitlab-token", check_gitlab },
	{ "glft-", WORD, 20, 64, 97, "gitlab-token", check_gitlab },
	{ "glwt-", WORD, 20, 80, 97, "gitlab-token", check_gitlab },
	{ "GOCSPX-", WORD, 28, 28, 99, "google-oauth-secret", NULL },
	{ "ya29.", WORD, 30, 400, 97, "google-oauth-token", NULL },
	{ "AQ.Ab", WORD, 40, 70, 92, "google-api-key", NULL },
	{ "AIza", WORD, 35, 35, 99, "google-api-key", NULL },
	{ "1//0", WORD, 40, 120, 90, "google-refresh-token", NULL },
	{ "eyJrIjoi", BASE64, 40, 200, 93, "grafana-key", NULL },
	{ "glsa_", WORD, 41, 41, 97, "grafana-token", NULL },
	{ "glc_", BASE64, 32, 400, 94, "grafana-token", NULL },
	{ "gsk_", ALNUM, 40, 64, 98, "groq-key", NULL },
	{ "HRKU-AA", WORD, 56, 60, 98, "heroku-key", NULL },
	{ "HRKU-", WORD, 36, 70, 97, "heroku-key", NULL },
	{ "pat-na1-", WORD, 36, 36, 96, "hubspot-token", NULL },
	{ "pat-eu1-", WORD, 36, 36, 96, "hubspot-token", NULL },
	{ "api_org_", ALNUM, 34, 34, 96, "huggingface-token", NULL },
	{ "hf_", ALNUM, 30, 64, 98, "huggingface-token", NULL },
	{ "IGQV", WORD, 100, 260, 94, "instagram-token", NULL },
	{ "jina_", ALNUM, 50, 70, 95, "jina-key", NULL },
	{ "sk-lf-", WORD, 36, 36, 96, "langfuse-key", NULL },
	{ "pk-lf-", WORD, 36, 36, 70, "langfuse-key", NULL },
	{ "lsv2_pt_", WORD, 36, 60, 97, "langsmith-key", NULL },
	{ "lsv2_sk_", WORD, 36, 60, 97, "langsmith-key", NULL },
	{ "lin_api_", ALNUM, 40, 40, 98, "linear-key", NULL },
	{ "live_", ALNUM, 35, 45, 75, "live-key", NULL },
	{ "llx-", WORD, 40, 60, 97, "llamacloud-key", NULL },
	{ "mlsn.", HEX, 64, 64, 97, "mailersend-key", NULL },
	{ "key-", HEX, 32, 32, 88, "mailgun-key", NULL },
	{ "syt_", WORD, 30, 80, 92, "matrix-token", NULL },
	{ "sk-kimi-", ALNUM, 40, 80, 96, "moonshot-key", NULL },
	{ "nfp_", ALNUM, 36, 40, 97, "netlify-token", NULL },
	{ "NRBR-", HEX, 19, 19, 95, "newrelic-key", NULL },
	{ "NRII-", WORD, 20, 40, 93, "newrelic-key", NULL },
	{ "eu01x", ALNUM, 35, 36, 80, "newrelic-key", NULL },
	{ "NRAK-", UPPER, 27, 27, 98, "newrelic-key", NULL },
	{ "NRJS-", HEX, 19, 19, 95, "newrelic-key", NULL },
	{ "secret_", ALNUM, 43, 43, 95, "notion-token", NULL },
	{ "ntn_", ALNUM, 40, 50, 95, "notion-token", NULL },
	{ "npm_", ALNUM, 36, 36, 99, "npm-token", check_crc },
	{ "TlRMTVNTUAA", BASE64, 24, 900, 92, "ntlm-token", check_ntlm },
	{ "oy2", ALNUM, 43, 43, 95, "nuget-key", NULL },
	{ "nvapi-", WORD, 60, 70, 98, "nvidia-key", NULL },
	{ "ops_eyJ", BASE64, 100, 1200, 96, "onepassword-token", NULL },
	{ "ops.eyJ", BASE64, 100, 1200, 90, "onepassword-token", NULL },
	{ "A3-", WORD, 30, 42, 82, "onepassword-secret-key", NULL },
	{ "sk-svcacct-", WORD, 24, 220, 99, "openai-key", check_openai },
	{ "sk-proj-", WORD, 24, 220, 99, "openai-key", check_openai },
	{ "sk-None-", WORD, 24, 220, 97, "openai-key", check_openai },
	{ "sk-TEST", ALNUM, 30, 64, 80, "openai-key", NULL },
	{ "sess-", ALNUM, 40, 40, 90, "openai-session", NULL },
	{ "sk-", ALNUM, 32, 64, 96, "openai-key", NULL },
	{ "sk-or-v1-", HEX, 64, 64, 99, "openrouter-key", NULL },
	{ "ocid1.user.", WORD, 60, 120, 60, "oracle-user-id", NULL },
	{ "v2.public.", WORD, 40, 600, 85, "paseto", NULL },
	{ "v4.local.", WORD, 40, 900, 90, "paseto", NULL },
	{ "sk_sandbox_", ALNUM, 20, 64, 85, "payment-key", NULL },
	{ "pplx-", ALNUM, 40, 64, 98, "perplexity-key", NULL },
	{ "SFMyNTY.", WORD, 40, 400, 85, "phoenix-token", NULL },
	{ "pcsk_", WORD, 60, 80, 96, "pinecone-key", NULL },
	{ "access-production-", WORD, 36, 36, 97, "plaid-token", NULL },
	{ "access-sandbox-", WORD, 36, 36, 92, "plaid-token", NULL },
	{ "pscale_oauth_", WORD, 30, 64, 98, "planetscale-token", NULL },
	{ "pscale_tkn_", WORD, 30, 64, 98, "planetscale-token", NULL },
	{ "pscale_pw_", WORD, 30, 64, 98, "planetscale-password", NULL },
	{ "phc_", ALNUM, 43, 43, 90, "posthog-key", NULL },
	{ "phx_", ALNUM, 43, 48, 95, "posthog-key", NULL },
	{ "PMAT-", UPPER, 26, 26, 97, "postman-key", NULL },
	{ "PMAK-", WORD, 59, 59, 98, "postman-key", NULL },
	{ "pul-", HEX, 40, 40, 97, "pulumi-token", NULL },
	{ "pypi-AgEI", WORD, 50, 400, 99, "pypi-token", NULL },
	{ "rzp_live_", ALNUM, 14, 14, 94, "razorpay-key", NULL },
	{ "rzp_test_", ALNUM, 14, 14, 88, "razorpay-key", NULL },
	{ "rdme_", ALNUM, 70, 70, 97, "readme-key", NULL },
	{ "rnd_", ALNUM, 28, 40, 90, "render-key", NULL },
	{ "r8_", ALNUM, 37, 40, 97, "replicate-token", NULL },
	{ "re_", WORD, 30, 40, 85, "resend-key", NULL },
	{ "rubygems_", HEX, 48, 48, 98, "rubygems-key", NULL },
	{ "rpa_", ALNUM, 40, 60, 92, "runpod-key", NULL },
	{ "sk_prod_", ALNUM, 24, 64, 92, "secret-key", NULL },
	{ "SG.", WORD, 30, 80, 96, "sendgrid-key", check_sendgrid },
	{ "sntryu_", HEX, 64, 64, 97, "sentry-token", NULL },
	{ "sntrys_", BASE64, 60, 400, 97, "sentry-token", NULL },
	{ "sntryi_", HEX, 64, 64, 95, "sentry-token", NULL },
	{ "shippo_live_", HEX, 40, 40, 97, "shippo-token", NULL },
	{ "shippo_test_", HEX, 40, 40, 94, "shippo-token", NULL },
	{ "shpat_", HEX, 32, 32, 99, "shopify-token", NULL },
	{ "shpca_", HEX, 32, 32, 99, "shopify-token", NULL },
	{ "shppa_", HEX, 32, 32, 99, "shopify-token", NULL },
	{ "shpss_", HEX, 32, 32, 99, "shopify-secret", NULL },
	{ "https://hooks.slack.com/services/", BASE64, 40, 80, 99, "slack-webhook", NULL },
	{ "xoxc-", WORD, 20, 120, 98, "slack-token", NULL },
	{ "xoxd-", PERCENT, 20, 200, 98, "slack-token", NULL },
	{ "xoxo-", WORD, 20, 120, 97, "slack-token", NULL },
	{ "xoxb-", WORD, 20, 260, 99, "slack-token", check_slack },
	{ "xoxp-", WORD, 20, 260, 99, "slack-token", check_slack },
	{ "xoxa-", WORD, 20, 120, 99, "slack-token", NULL },
	{ "xoxr-", WORD, 20, 120, 99, "slack-token", NULL },
	{ "xoxs-", WORD, 20, 120, 99, "slack-token", NULL },
	{ "xoxe.", WORD, 20, 300, 98, "slack-token", NULL },
	{ "xoxe-", WORD, 20, 300, 98, "slack-token", NULL },
	{ "xapp-", WORD, 20, 150, 98, "slack-token", NULL },
	{ "snyk_", WORD, 30, 80, 90, "snyk-token", NULL },
	{ "squ_", HEX, 40, 40, 97, "sonarqube-token", NULL },
	{ "sqp_", HEX, 40, 40, 97, "sonarqube-token", NULL },
	{ "sqa_", HEX, 40, 40, 97, "sonarqube-token", NULL },
	{ "sgp_local_", HEX, 40, 40, 97, "sourcegraph-token", NULL },
	{ "sgp_", HEX, 40, 80, 94, "sourcegraph-token", NULL },
	{ "slk_", HEX, 64, 64, 95, "sourcegraph-token", NULL },
	{ "sq0atp-", WORD, 22, 22, 98, "square-token", NULL },
	{ "sq0csp-", WORD, 43, 43, 98, "square-secret", NULL },
	{ "EAAA", WORD, 60, 60, 90, "square-token", NULL },
	{ "pk_live_", ALNUM, 24, 128, 90, "stripe-key", NULL },
	{ "pk_test_", ALNUM, 24, 128, 85, "stripe-key", NULL },
	{ "sk_live_", ALNUM, 24, 128, 99, "stripe-key", NULL },
	{ "sk_test_", ALNUM, 24, 128, 96, "stripe-key", NULL },
	{ "rk_live_", ALNUM, 24, 128, 99, "stripe-key", NULL },
	{ "rk_test_", ALNUM, 24, 128, 96, "stripe-key", NULL },
	{ "sb_publishable_", WORD, 30, 60, 45, "supabase-key", NULL },
	{ "sb_secret_", WORD, 30, 60, 97, "supabase-key", NULL },
	{ "sbp_", HEX, 40, 40, 97, "supabase-token", NULL },
	{ "tskey-", WORD, 20, 70, 97, "tailscale-key", NULL },
	{ "tvly-", WORD, 30, 50, 96, "tavily-key", NULL },
	{ "https://outlook.office.com/webhook/", BASE64, 60, 200, 97, "teams-webhook", NULL },
	{ "atlasv1.", WORD, 40, 80, 94, "terraform-token", NULL },
	{ "tgp_v1_", WORD, 40, 50, 97, "together-key", NULL },
	{ "patch_", ALNUM, 30, 60, 60, "token", NULL },
	{ "AC", HEX, 32, 32, 84, "twilio-sid", NULL },
	{ "SK", HEX, 32, 32, 88, "twilio-key", NULL },
	{ "oauth:", ALNUM, 30, 30, 82, "twitch-token", NULL },
	{ "AAAAAAAAAAAAAAAAAAAAA", PERCENT, 60, 140, 93, "twitter-bearer", NULL },
	{ "tfp_", WORD, 40, 64, 90, "typeform-token", NULL },
	{ "hvs.", WORD, 24, 200, 97, "vault-token", NULL },
	{ "hvb.", WORD, 24, 300, 97, "vault-token", NULL },
	{ "vercel_blob_rw_", WORD, 40, 80, 97, "vercel-token", NULL },
	{ "vcp_", ALNUM, 50, 70, 96, "vercel-token", NULL },
	{ "wandb_v1_", WORD, 60, 120, 96, "wandb-key", NULL },
	{ "whsec_", BASE64, 24, 96, 97, "webhook-secret", NULL },
	{ "wx", HEX, 16, 16, 80, "wechat-app-id", NULL },
	{ "cosmo_", HEX, 32, 32, 96, "wundergraph-key", NULL },
	{ "xai-", ALNUM, 60, 100, 98, "xai-key", NULL },
	{ "zpka_", WORD, 30, 60, 95, "zuplo-key", NULL },
};
const size_t gh_pii_vendor_count = GH_ARRAY_LEN(gh_pii_vendors);
_Static_assert(GH_ARRAY_LEN(gh_pii_vendors) < 510, "the prefix index is too small");
