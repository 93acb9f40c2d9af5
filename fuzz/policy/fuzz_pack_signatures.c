/* Signatures over a manifest: a set that is taken was made by an author and an approver, each of
 * them listed; one signature more onto what has the form keeps the form. Ed25519 signs the same
 * each time, so that the kept corpus holds signatures that verify. */
#include <stdio.h>
#include <stdlib.h>

#include "policy/pack/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAYLOAD GH_SLICE("{\"v\":1}")

static void require(bool held)
{
	if (!held)
		abort();
}

/* PKCS#8 (RFC 8410 section 7) around a seed that anybody may know. */
static struct gh_key *key_of(uint8_t seed)
{
	uint8_t der[48] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
		            0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20 };
	struct gh_key *key;

	memset(der + 16, seed, 32);
	require(gh_key_from_private_der(gh_slice(der, sizeof der), &key) == GH_OK);
	return key;
}

static void add(struct gh_trust *trust, uint8_t seed, const char *person, enum gh_signer_role role)
{
	struct gh_signer *signer = &trust->signers[trust->signer_count++];

	signer->key = key_of(seed);
	signer->role = role;
	snprintf(signer->person, sizeof signer->person, "%s", person);
	require(gh_key_thumbprint(signer->key, signer->kid) == GH_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gh_trust trust;
	static struct gh_key *another;
	struct gh_pack_refusal why = { 0 };
	struct gh_buf more = { .limit = GH_SIGNATURES_MAX_BYTES };
	struct gh_signed_by by;

	if (!another) {
		trust.threshold = 2;
		add(&trust, 1, "ada", GH_SIGNER_AUTHOR);
		add(&trust, 2, "bob", GH_SIGNER_APPROVER);
		add(&trust, 3, "cyd", GH_SIGNER_APPROVER);
		add(&trust, 4, "ada", GH_SIGNER_APPROVER);
		another = key_of(9);
	}
	if (gh_signatures_check(gh_slice(data, size), PAYLOAD, &trust, &by, &why) == GH_OK)
		require(by.count >= 2);
	else
		require(why.reason != GH_PACK_FINE && why.text[0]);
	bool well = gh_signatures_check(gh_slice(data, size), PAYLOAD, &trust, &by, &why) == GH_OK;
	if (gh_signatures_add(gh_slice(data, size), PAYLOAD, another, 1800000000, &more) == GH_OK) {
		/* A stranger changes no verdict. */
		require(well == (gh_signatures_check(gh_buf_slice(&more), PAYLOAD, &trust, &by,
		                                     &why) == GH_OK));
	}
	gh_buf_free(&more);
	return 0;
}
