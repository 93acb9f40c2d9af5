/* Processors that we know no vector instructions of. */
#include "pii/simd.h"

const struct gh_pii_classifier gh_pii_classifiers[] = {
	{ "scalar", gh_pii_classify_scalar, gh_pii_places_scalar, gh_pii_always },
};
