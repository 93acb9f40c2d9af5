/* sandbox.h: after its files are open the keeper needs files below one directory, its sockets, a
 * clock and memory. Everything else the kernel is asked to refuse, for good. */
#ifndef GH_PROCESS_KEEPER_SANDBOX_H
#define GH_PROCESS_KEEPER_SANDBOX_H

#include "base/result.h"

/* no_new_privs, Landlock (files below dir_fd only, no network) and seccomp (a list of system calls;
 * a new program, process, socket or tracer ends the process, others fail with ENOSYS). Where the
 * kernel lacks Landlock a warning is logged and the rest holds; without no_new_privs or seccomp it
 * is GH_E_UNAVAILABLE. */
gh_result gh_keeper_lock_in(int dir_fd);

#endif
