/* rig.h: a throw-away cluster, a signer with a real Ed25519 key and the keeper's rule, data keys in
 * the database, and producers. The keys are the only thing here that the product keeps elsewhere.
 */
#ifndef GH_TEST_AUDIT_RIG_H
#define GH_TEST_AUDIT_RIG_H

#include <pthread.h>

#include "../db/fixture.h"
#include "audit/sequencer.h"
#include "audit/verify.h"
#include "crypto/key.h"

#define RIG_ORIGIN  "log.example.test/one"
#define RIG_TENANTS 8

struct rig {
	struct fixture fixture;
	struct gh_db_param params[5];
	struct gh_db *admin;
	struct gh_uuid tenants[RIG_TENANTS]; /* the first is the deployment's */
	struct gh_uuid key_ids[RIG_TENANTS];
	uint8_t keys[RIG_TENANTS][32];
	uint8_t wrapping[32];
	/* The signer's memory. */
	struct gh_key *key;
	pthread_mutex_t lock;
	uint64_t signed_size;
	uint8_t signed_root[32];
	unsigned signatures;
	bool lose_next_note; /* signs, remembers, and fails: as when the answer is lost */
};

gh_result rig_open(struct rig *rig);
gh_result rig_close(struct rig *rig);
struct gh_audit_config rig_config(struct rig *rig);
struct gh_audit_keys rig_keys(struct rig *rig);
/* As the administrator; fails on an error. */
gh_result rig_sql(struct rig *rig, const char *sql);
/* The first column of the only row, as a number. */
int64_t rig_number(struct rig *rig, const char *sql);

/* An entry on the heap with what it points at; freed by rig_entry_free. `user` is the caller's. */
struct gh_audit_entry *rig_entry(struct rig *rig, size_t tenant, bool with_exchange,
                                 const struct gh_audit_destination *destination);
void rig_entry_free(struct gh_audit_entry *entry);

/* A destination that counts, and gives back what was acknowledged. */
struct rig_inbox {
	struct gh_audit_destination destination;
	pthread_mutex_t lock;
	pthread_cond_t news;
	size_t answered, acked, in_doubt, refused;
	struct gh_uuid *ids; /* of the acknowledged */
	size_t id_capacity;
	enum gh_code last_code;
	uint64_t last_seq;
};
void rig_inbox_open(struct rig_inbox *inbox);
void rig_inbox_close(struct rig_inbox *inbox);
/* False when they are not all there in time. */
bool rig_inbox_wait(struct rig_inbox *inbox, size_t answered, unsigned seconds);

/* How many of the acknowledged events are not in the database. */
int64_t rig_missing(struct rig *rig, const struct rig_inbox *inbox);

#endif
