/* calibration.h: inside this room: what a score is worth. */
#ifndef GH_PII_CALIBRATION_H
#define GH_PII_CALIBRATION_H

#include <string.h>

#include "pii/classes.h"

/* Percent of findings of this class, kind and score that are right. A class without measurement
 * keeps its score. */
uint8_t gh_pii_calibrate(enum gh_pii_class class, const char *kind, uint8_t score);

#endif
