/* corpus.h: runs tests in the format of the Cedar integration tests: a JSON file that names
 * policies, entities and a schema, and lists requests with the decision, reasons and errors that
 * every conformant engine gives. With a checker, validation results are compared too. */
#ifndef GH_POLICY_CEDAR_CORPUS_H
#define GH_POLICY_CEDAR_CORPUS_H

#include "policy/cedar/checker.h"

struct gh_cedar_corpus_counts {
	size_t tests;       /* files */
	size_t requests;    /* decisions compared */
	size_t validations; /* results of the validator compared */
	size_t passed, failed;
};

/* Every test under `dir`, in order of names. File names inside a test are looked for beside it, in
 * `dir`, in the parent of `dir`, and in the folders between. `checker` may be NULL: schemas are
 * then not read. `report` gets one line for each failure. GH_E_IO when `dir` cannot be read;
 * failing tests are counted, not errors. */
gh_result gh_cedar_corpus_run(const char *dir, const struct gh_cedar_checker *checker,
                              void (*report)(void *user, const char *line), void *user,
                              struct gh_cedar_corpus_counts *out);

#endif
