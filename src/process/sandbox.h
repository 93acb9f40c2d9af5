/* sandbox.h: what the gateway gives up before it reads its first byte from the network. Landlock:
 * no file below keys/, no PostgreSQL data, nothing to write; and no new privileges. */
#ifndef GH_PROCESS_SANDBOX_H
#define GH_PROCESS_SANDBOX_H

#include "base/result.h"

/* Before other threads start: they inherit it. `also_readable` is one more file (a CA), or NULL.
 * Where the kernel has no Landlock it is said in the log, and the file modes alone protect the
 * keys. */
gh_result gh_sandbox_gateway(const char *also_readable);

#endif
