/* model.h: which model the scanner runs, for audit events and for the start of a process. */
#ifndef GH_PII_MODEL_H
#define GH_PII_MODEL_H

#include "base/result.h"

/* SHA-256 of the model file, 64 hexadecimal characters. */
const char *gh_pii_model_digest(void);

/* Reads the whole model once and compares: to be called when a process starts, before the first
 * scan. GH_E_CORRUPT: the program file is damaged. */
gh_result gh_pii_model_verify(void);

#endif
