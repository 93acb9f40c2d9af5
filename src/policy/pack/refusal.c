#include "policy/pack/refusal.h"

#include <stdarg.h>
#include <stdio.h>

const char *gh_pack_reason_name(enum gh_pack_reason reason)
{
	static const char *const names[GH_PACK_REASON_COUNT] = {
		[GH_PACK_FINE] = "fine",
		[GH_PACK_TOO_LARGE] = "too-large",
		[GH_PACK_NOT_CANONICAL] = "not-canonical",
		[GH_PACK_BAD_MANIFEST] = "bad-manifest",
		[GH_PACK_UNSIGNED] = "unsigned",
		[GH_PACK_BAD_SIGNATURE] = "bad-signature",
		[GH_PACK_NOT_ENOUGH_APPROVALS] = "not-enough-approvals",
		[GH_PACK_AUTHOR_APPROVED_OWN] = "author-approved-own",
		[GH_PACK_WRONG_TENANT] = "wrong-tenant",
		[GH_PACK_ROLLED_BACK] = "rolled-back",
		[GH_PACK_BROKEN_CHAIN] = "broken-chain",
		[GH_PACK_EXPIRED] = "expired",
		[GH_PACK_LANGUAGE_TOO_NEW] = "language-too-new",
		[GH_PACK_ALTERED_FILE] = "altered-file",
		[GH_PACK_POLICY_INVALID] = "policy-invalid",
		[GH_PACK_TEST_FAILED] = "test-failed",
		[GH_PACK_BAD_TRUST] = "bad-trust",
		[GH_PACK_INTERNAL] = "internal",
	};
	return names[reason];
}

enum gh_code gh_pack_refuse(struct gh_pack_refusal *out, enum gh_pack_reason reason,
                            const char *format, ...)
{
	struct gh_pack_refusal local;
	struct gh_pack_refusal *refusal = out ? out : &local;
	va_list args;

	refusal->reason = reason;
	va_start(args, format);
	vsnprintf(refusal->text, sizeof refusal->text, format, args);
	va_end(args);
	return gh_fail(GH_E_DENIED, "%s: %s", gh_pack_reason_name(reason), refusal->text);
}
