/* problem_table.h: the rows behind gh_problem_info. For this room only. */
#ifndef GH_NET_PROBLEM_TABLE_H
#define GH_NET_PROBLEM_TABLE_H

#include "net/problem.h"

extern const struct gh_problem_info gh_problem_table[GH_PROBLEM_COUNT];

#endif
