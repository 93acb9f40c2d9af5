/* compile.h: from the files of a pack to policies that decide. Whoever verifies stops at the first
 * fault (gh_pack_compile); whoever helps a person to write policies hears of every one, with the
 * file and the place, as from a compiler. Nothing here looks at signatures. */
#ifndef GH_POLICY_PACK_COMPILE_H
#define GH_POLICY_PACK_COMPILE_H

#include "policy/pack/pack.h"

/* Slices point into the members. */
struct gh_pack_fault {
	struct gh_slice path;   /* of the file; empty when the fault is of the pack as a whole */
	struct gh_slice source; /* its content */
	struct gh_cedar_diagnostic where; /* line 0: the file as a whole */
};

/* One request of tests/, tried. */
struct gh_pack_trial {
	struct gh_slice path;
	size_t number;               /* from 0, in its file */
	struct gh_slice description; /* may be empty */
	bool passed;
	const char *text; /* why not; "" when it passed */
};

struct gh_pack_listener {
	/* Warnings too (where.warning): with them alone, the pack is fine. */
	void (*fault)(void *user, const struct gh_pack_fault *fault);
	void (*trial)(void *user, const struct gh_pack_trial *trial);
	void *user;
};

/* Parses, validates strictly, reads obligations and facts; tries no test. When the members hold a
 * manifest, it is read and the files are held against it. With a listener (NULL:
 * none) it goes on after a fault as far as that makes sense. GH_E_DENIED with the first fault in
 * *why; GH_E_MEMORY. `checker` is borrowed for the pack's life. */
gh_result gh_pack_check(const struct gh_tar_member *members, size_t count,
                        const struct gh_cedar_checker *checker,
                        const struct gh_pack_listener *listener, struct gh_pack **out,
                        struct gh_pack_refusal *why);

/* Tries every request under tests/ against the pack: its decision, and its reasons and errors where
 * the test names them. With a listener all are tried. GH_E_DENIED with the first that differs, or
 * when there is none. */
gh_result gh_pack_try(struct gh_pack *pack, const struct gh_tar_member *members, size_t count,
                      const struct gh_pack_listener *listener, struct gh_pack_refusal *why);

#endif
