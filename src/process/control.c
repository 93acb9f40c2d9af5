#include "process/control.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

union descriptor_space {
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(int))];
};

gh_result gh_control_send(int socket, const struct gh_control_message *message, int fd)
{
	struct iovec part = { (void *)message, sizeof *message };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };
	union descriptor_space control = { 0 };

	if (fd >= 0) {
		packet.msg_control = &control;
		packet.msg_controllen = sizeof control;
		struct cmsghdr *head = CMSG_FIRSTHDR(&packet);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(head), &fd, sizeof fd);
	}
	GH_ENSURE(sendmsg(socket, &packet, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof *message,
	          GH_E_IO, "cannot send on the control socket: %s", strerror(errno));
	return GH_OK;
}

gh_result gh_control_receive(int socket, int timeout_ms, struct gh_control_message *out, int *fd)
{
	struct iovec part = { out, sizeof *out };
	union descriptor_space control = { 0 };
	struct msghdr packet = { .msg_iov = &part,
		                 .msg_iovlen = 1,
		                 .msg_control = &control,
		                 .msg_controllen = sizeof control };
	struct pollfd wait = { socket, POLLIN, 0 };

	*fd = -1;
	int ready = poll(&wait, 1, timeout_ms);
	GH_ENSURE(ready > 0, GH_E_UNAVAILABLE, "nothing on the control socket");
	GH_ENSURE(recvmsg(socket, &packet, MSG_CMSG_CLOEXEC) == (ssize_t)sizeof *out, GH_E_IO,
	          "a broken message on the control socket");
	struct cmsghdr *head = CMSG_FIRSTHDR(&packet);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(head), sizeof *fd);
	out->child[sizeof out->child - 1] = 0;
	return GH_OK;
}
