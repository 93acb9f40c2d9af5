/* control.h: the few words between the supervisor and its gateway, over one SOCK_SEQPACKET pair
 * that outlives both sides' restarts (the supervisor keeps both ends open). */
#ifndef GH_PROCESS_CONTROL_H
#define GH_PROCESS_CONTROL_H

#include <stdint.h>
#include <sys/types.h>

#include "base/result.h"

enum gh_control_kind {
	GH_CONTROL_READY = 'R',  /* gateway: serving */
	GH_CONTROL_KEEPER = 'K', /* supervisor: a new keeper; its socket comes with the message */
	GH_CONTROL_FELL = 'F',   /* supervisor: a child ended that should not have */
};

struct gh_control_message {
	uint8_t kind;
	char child[15];
	int32_t pid, signal_number, exit_status;
};

/* `fd` -1: none goes along. */
gh_result gh_control_send(int socket, const struct gh_control_message *message, int fd);
/* Waits at most timeout_ms (-1: for ever). *fd is -1 when none came. GH_E_UNAVAILABLE on a timeout.
 */
gh_result gh_control_receive(int socket, int timeout_ms, struct gh_control_message *out, int *fd);

#endif
