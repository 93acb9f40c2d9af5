/* A token from outside, twice: as it is against a key set, and its bytes as a payload whose
 * signature was good, which a fuzzer would never get to. Claims that are taken are written and read
 * back, and must be the same. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "crypto/jws.h"
#include "token/claims_read.h"
#include "token/verify.h"

#define NOW 1767225600

/* A public key of the attack vectors; its private half is not kept. */
static const char set[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"kid\":\"k-current\",\"n\":"
    "\"p702RxuJRVPW-Mqn6OmDSJm2TEo3l4573FV0g45lVjnmjtwSCNkDCMG5TXYWUhsK7M1Ywf1IeXlw-"
    "sg6l6HdiQOAy71bBr"
    "rjpMW2scLAQCff-w5ryBolhF8Hk5Nd8H98Tp8BVmEoepXjcSqTGxEpwkkxeS172atEN628o8-yyEr4KHGlotgPfR7mf_"
    "Bes0"
    "OuI4pn-HTKt-6fx1TQoW6pBhb9KfI7CFEwdJo5OEOcEKEhQeWndv2-"
    "m05eP3nkNaZKxQZQMfeXhkwVRtalbXsiTf7syBHrvh"
    "F73SPxRMxv_XDwhE9LhGRBUipiX1Q3y1EJ4uMa5JzcIo1TnRzldgA3-Q\"}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
	if (!held)
		abort();
}

static void verify(struct gh_slice token, struct gh_arena *arena)
{
	static struct gh_jwks *keys;
	const struct gh_claims *claims = NULL;
	const char *reason = NULL;

	if (!keys)
		require(gh_jwks_parse(GH_SLICE(set), &keys) == GH_OK);
	const struct gh_token_rules rules = { .keys = keys,
		                              .issuer = GH_SLICE("https://id.gw.test"),
		                              .audience = GH_SLICE("https://gw.test"),
		                              .now_s = NOW };
	if (gh_token_verify(&rules, token, arena, &claims, &reason) == GH_OK)
		require(claims && claims->sub.len && claims->exp > NOW);
	else
		require(reason && strcmp(reason, "internal") != 0);
}

static void read_claims(struct gh_slice payload, struct gh_arena *arena)
{
	const struct gh_claims_rules rules = { GH_SLICE("https://id.gw.test"),
		                               GH_SLICE("https://gw.test"), NOW };
	struct gh_buf first = { 0 }, second = { 0 };
	struct gh_claims *claims = NULL, *again = NULL;
	const char *reason = NULL;

	if (gh_claims_read(payload, &rules, arena, &claims, &reason) != GH_OK) {
		require(reason != NULL);
		return;
	}
	gh_claims_to_json(claims, &first);
	require(gh_buf_check(&first) == GH_OK);
	require(gh_claims_are_closed(gh_buf_slice(&first)));
	/* Fractions of seconds are rounded down, which may end a token that had less than one left.
	 */
	if (gh_claims_read(gh_buf_slice(&first), &rules, arena, &again, &reason) == GH_OK) {
		gh_claims_to_json(again, &second);
		require(gh_slice_eq(gh_buf_slice(&first), gh_buf_slice(&second)));
	} else {
		require(strcmp(reason, "expired") == 0 || strcmp(reason, "ttl-too-long") == 0 ||
		        strcmp(reason, "time-malformed") == 0);
	}
	gh_buf_free(&first);
	gh_buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_arena *arena = gh_arena_new(1 << 20);

	verify(gh_slice(data, size), arena);
	if (size <= GH_TOKEN_MAX_BYTES)
		read_claims(gh_slice(data, size), arena);
	gh_arena_free(arena);
	return 0;
}
