/* Calls to others. libcurl does the HTTP; this file gives it the loop, takes away everything it
 * could do that we do not want (redirects, proxies, other protocols, cookies), and keeps its
 * re-entrancy away from callers: while libcurl is on the stack, nothing but marks is made, and the
 * end of the batch does the rest. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/call.h"

#define KEPT_CONNECTIONS 512
#define POOLED_CALLS     256

static void init_curl(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		gh_log(GH_LOG_ERROR, "client.init", GH_LOG_TEXT("reason", "curl_global_init"));
		abort();
	}
}

/* ---- libcurl and the loop ---- */

/* Whatever has ended is told; new calls may begin meanwhile. */
static void reap(struct gh_client *client)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left))) {
		CURLcode code = message->data.result;
		char *private = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		gh_call_finish((struct gh_call *)(void *)private, code);
	}
}

static void act(struct gh_client *client, curl_socket_t fd, int what)
{
	int running;

	client->inside = true;
	curl_multi_socket_action(client->multi, fd, what, &running);
	client->inside = false;
	reap(client);
}

static void on_socket(evutil_socket_t fd, short events, void *arg)
{
	struct gh_watch *watch = arg;
	int what =
	    (events & EV_READ ? CURL_CSELECT_IN : 0) | (events & EV_WRITE ? CURL_CSELECT_OUT : 0);

	if (watch->wanted == CURL_POLL_NONE) {
		/* A kept connection that its peer closes; libcurl finds out when it wants it. */
		event_del(&watch->read);
		watch->reading = false;
		return;
	}
	act(watch->client, fd, what);
}

static struct gh_watch *watch_of(struct gh_client *client, curl_socket_t fd)
{
	if ((size_t)fd >= client->watch_count) {
		size_t count = client->watch_count ? client->watch_count : 64;
		while (count <= (size_t)fd)
			count *= 2;
		struct gh_watch **all = realloc(client->watches, count * sizeof *all);
		if (!all)
			return NULL;
		memset(all + client->watch_count, 0, (count - client->watch_count) * sizeof *all);
		client->watches = all;
		client->watch_count = count;
	}
	if (!client->watches[fd]) {
		struct gh_watch *watch = calloc(1, sizeof *watch);
		if (!watch)
			return NULL;
		struct event_base *base = gh_loop_base(client->loop);
		watch->client = client;
		event_assign(&watch->read, base, fd, EV_READ | EV_PERSIST, on_socket, watch);
		event_assign(&watch->write, base, fd, EV_WRITE | EV_PERSIST, on_socket, watch);
		client->watches[fd] = watch;
	}
	return client->watches[fd];
}

static void forget_watch(struct gh_client *client, curl_socket_t fd)
{
	if ((size_t)fd >= client->watch_count || !client->watches[fd])
		return;
	event_del(&client->watches[fd]->read);
	event_del(&client->watches[fd]->write);
	free(client->watches[fd]);
	client->watches[fd] = NULL;
}

static int set_event(struct event *event, bool *is, bool should)
{
	if (*is == should)
		return 0;
	*is = should;
	return should ? event_add(event, NULL) : event_del(event);
}

/* libcurl says what it waits for. Between two calls on a kept connection it says "nothing" and then
 * "reading" again: for connections the event stays, which saves two system calls a call. */
static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user)
{
	struct gh_client *client = user;
	struct gh_watch *watch = watch_of(client, fd);

	if (!watch)
		return -1;
	watch->wanted = what == CURL_POLL_REMOVE ? CURL_POLL_NONE : what;
	if (what == CURL_POLL_REMOVE && !watch->is_connection) {
		forget_watch(client, fd);
		return 0;
	}
	if (set_event(&watch->write, &watch->writing, (watch->wanted & CURL_POLL_OUT) != 0) != 0)
		return -1;
	if (watch->wanted == CURL_POLL_NONE)
		return 0;
	return set_event(&watch->read, &watch->reading, (watch->wanted & CURL_POLL_IN) != 0);
}

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	struct gh_watch *watch;

	if (fd < 0)
		return CURL_SOCKET_BAD;
	watch = watch_of(user, fd);
	if (!watch) {
		close(fd);
		return CURL_SOCKET_BAD;
	}
	watch->is_connection = true;
	return fd;
}

static int close_socket(void *user, curl_socket_t fd)
{
	forget_watch(user, fd);
	return close(fd);
}

static void kick(struct gh_loop_task *task)
{
	struct gh_client *client = GH_CONTAINER(task, struct gh_client, kick);

	client->kicked = false;
	if (client->closed)
		free(client);
	else
		act(client, CURL_SOCKET_TIMEOUT, 0);
}

static void on_timer(void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int timer_changed(CURLM *multi, long after_ms, void *user)
{
	struct gh_client *client = user;

	gh_timer_stop(client->timer);
	if (after_ms > 0)
		return gh_timer_start(client->timer, (uint64_t)after_ms) == GH_OK ? 0 : -1;
	if (after_ms == 0 && !client->kicked) {
		client->kicked = true;
		gh_loop_defer(client->loop, &client->kick);
	}
	return 0;
}

/* ---- easy handles ---- */

#define SET(easy, option, value)                                                                   \
	do {                                                                                       \
		if (curl_easy_setopt((easy), (option), (value)) != CURLE_OK)                       \
			return gh_fail(GH_E_INTERNAL, "libcurl refuses " #option);                 \
	} while (0)

/* What holds for every call, set once in a handle's life. */
gh_result gh_client_prepare(struct gh_client *client, CURL *easy)
{
	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(easy, CURLOPT_PROXY, "");
	SET(easy, CURLOPT_NOPROXY, "*");
	SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_TCP_NODELAY, 1L);
	SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(easy, CURLOPT_OPENSOCKETDATA, client);
	SET(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	SET(easy, CURLOPT_CLOSESOCKETDATA, client);
	return GH_OK;
}

/* ---- public ---- */

static gh_result set_multi(struct gh_client *client, const struct gh_client_config *config)
{
	uint32_t kept = config->kept_connections ? config->kept_connections : KEPT_CONNECTIONS;
	CURLM *multi = client->multi;

	GH_ENSURE(curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_changed) == CURLM_OK &&
	              curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client) == CURLM_OK &&
	              curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_changed) == CURLM_OK &&
	              curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client) == CURLM_OK &&
	              curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)kept) == CURLM_OK &&
	              curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
	                                (long)config->host_connections) == CURLM_OK,
	          GH_E_INTERNAL, "libcurl refuses its options");
	return GH_OK;
}

gh_result gh_client_open(struct gh_loop *loop, const struct gh_client_config *config,
                         struct gh_client **out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	GH_CLEANUP(gh_client_close_ptr) struct gh_client *client = NULL;

	pthread_once(&once, init_curl);
	client = calloc(1, sizeof *client);
	GH_ENSURE(client, GH_E_MEMORY, "no memory for a client");
	client->loop = loop;
	client->kick.run = kick;
	client->pool_max = config->pooled_handles ? config->pooled_handles : POOLED_CALLS;
	client->multi = curl_multi_init();
	GH_ENSURE(client->multi, GH_E_MEMORY, "no memory for a client");
	GH_TRY(gh_timer_open(loop, on_timer, client, &client->timer));
	GH_TRY(set_multi(client, config));
	*out = GH_STEAL(client);
	return GH_OK;
}

void gh_client_close(struct gh_client *client)
{
	if (!client)
		return;
	client->closed = true;
	while (client->calls)
		gh_call_cancel(client->calls);
	gh_call_free_pool(client);
	/* Closes the kept connections, through close_socket. */
	if (client->multi)
		curl_multi_cleanup(client->multi);
	gh_timer_close(client->timer);
	for (size_t fd = 0; fd < client->watch_count; fd++)
		forget_watch(client, (curl_socket_t)fd);
	free(client->watches);
	if (!client->kicked)
		free(client);
}

void gh_client_reap(struct gh_client *client)
{
	reap(client);
}
