/* vendor_check.h: inside this room: what vendors promise about their keys beyond an alphabet and a
 * length. Each check reads the characters after the prefix, at least as many as its rows of
 * gh_pii_vendors ask for, and answers as struct gh_pii_vendor says. */
#ifndef GH_PII_VENDOR_CHECK_H
#define GH_PII_VENDOR_CHECK_H

#include "base/slice.h"

int gh_pii_check_crc(struct gh_slice body);
int gh_pii_check_aws(struct gh_slice body);
int gh_pii_check_bech32(struct gh_slice body);
int gh_pii_check_openai(struct gh_slice body);
int gh_pii_check_generated(struct gh_slice body);
int gh_pii_check_one_case(struct gh_slice body);
int gh_pii_check_discord(struct gh_slice body);
int gh_pii_check_uuid(struct gh_slice body);
int gh_pii_check_hubspot(struct gh_slice body);
int gh_pii_check_akamai(struct gh_slice body);
int gh_pii_check_dynatrace(struct gh_slice body);
int gh_pii_check_harness(struct gh_slice body);
int gh_pii_check_sourcegraph(struct gh_slice body);
int gh_pii_check_clickup(struct gh_slice body);
int gh_pii_check_der(struct gh_slice body);
int gh_pii_check_gitlab(struct gh_slice body);
int gh_pii_check_gitlab_hex(struct gh_slice body);
int gh_pii_check_alibaba(struct gh_slice body);
int gh_pii_check_ntlm(struct gh_slice body);
int gh_pii_check_sendgrid(struct gh_slice body);
int gh_pii_check_slack(struct gh_slice body);

#endif
