/* load.c: drives one HTTP endpoint and prints what it measured as JSON.
 *   closed  each connection sends its next request when the last is answered: throughput.
 *   open    requests are due at a fixed rate and latency counts from when they were due, so that a
 *           server which stalls cannot hide the requests it kept waiting.
 *   sse     a fixed number of streams; for each token the time from the upstream's write (in the
 *           token) to its arrival here.
 * One thread; one machine, one clock. Run with --help for its options. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "exchange.h"

enum mode { MODE_CLOSED, MODE_OPEN, MODE_SSE };

struct load {
	enum mode mode;
	struct target target;
	size_t connections;
	double rate, warmup_s, duration_s;
	struct exchange *exchanges;
	size_t *idle; /* a stack of free exchanges, for the open loop */
	size_t idle_count;
	int epoll;
	int timer;
	uint64_t begin_ns, measure_ns, end_ns;
	uint64_t due; /* how many requests of the open loop were started */
	size_t running;
	struct samples latency, lags, first;
	uint64_t ok, failed, bad_status, reconnects, short_streams;
	int last_status;
};

static const char usage[] =
    "usage: load --mode closed|open|sse --port N [--connections N] [--rate R] [--warmup S]\n"
    "            [--duration S] [--path P] [--body FILE] [--key-file FILE] [--tls CAFILE]\n";

#define TOKENS_EXPECTED 64

static void watch(struct load *load, size_t index)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };

	event.data.u64 = index;
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, load->exchanges[index].fd, &event) != 0)
		die("load: epoll: %s", strerror(errno));
}

static void reconnect(struct load *load, size_t index)
{
	exchange_close(&load->exchanges[index]);
	if (!exchange_open(&load->exchanges[index], &load->target))
		die("load: cannot connect again after %lu answers", (unsigned long)load->ok);
	load->reconnects++;
	watch(load, index);
}

static struct samples *lags_of(struct load *load, const struct exchange *exchange)
{
	static struct samples unmeasured;

	if (load->mode != MODE_SSE)
		return NULL;
	if (exchange->intended_ns >= load->measure_ns)
		return &load->lags;
	unmeasured.count = 0;
	return &unmeasured;
}

static void count_answer(struct load *load, const struct exchange *exchange, enum progress progress)
{
	uint64_t now = mono_ns();

	if (exchange->intended_ns < load->measure_ns)
		return;
	if (progress == PROGRESS_FAILED) {
		load->failed++;
		return;
	}
	if (exchange->status != 200) {
		load->bad_status++;
		load->last_status = exchange->status;
		return;
	}
	load->ok += now <= load->end_ns || load->mode != MODE_CLOSED;
	samples_add(&load->latency, now - exchange->intended_ns);
	if (load->mode == MODE_SSE) {
		load->short_streams += exchange->tokens != TOKENS_EXPECTED;
		if (exchange->first_token_ns)
			samples_add(&load->first, exchange->first_token_ns - exchange->intended_ns);
	}
}

/* What follows an answer: the next request at once, or back to the free ones. */
static void settle(struct load *load, size_t index, enum progress progress)
{
	struct exchange *exchange = &load->exchanges[index];

	if (progress == PROGRESS_WAIT)
		return;
	count_answer(load, exchange, progress);
	exchange->busy = false;
	load->running--;
	if (progress == PROGRESS_FAILED || exchange->closing)
		reconnect(load, index);
	load->idle[load->idle_count++] = index;
}

static void begin(struct load *load, size_t index, uint64_t intended_ns)
{
	struct exchange *exchange = &load->exchanges[index];

	load->running++;
	exchange->intended_ns = intended_ns;
	settle(load, index,
	       exchange_start(exchange, &load->target, intended_ns, lags_of(load, exchange)));
}

static uint64_t due_at(const struct load *load, uint64_t number)
{
	return load->begin_ns + (uint64_t)((double)number * 1e9 / load->rate);
}

/* Starts what is due and can be started. A request that finds no free connection keeps its due
 * time. */
static void start_due(struct load *load)
{
	uint64_t now = mono_ns();

	if (load->mode != MODE_OPEN) {
		while (now < load->end_ns && load->idle_count > 0) {
			begin(load, load->idle[--load->idle_count], now);
			now = mono_ns();
		}
		return;
	}
	while (load->idle_count > 0) {
		uint64_t due = due_at(load, load->due);

		if (due > now || due >= load->end_ns)
			return;
		load->due++;
		begin(load, load->idle[--load->idle_count], due);
		now = mono_ns();
	}
}

static void arm(struct load *load, uint64_t at_ns)
{
	struct itimerspec when = { .it_value = { (time_t)(at_ns / 1000000000u),
		                                 (long)(at_ns % 1000000000u) } };

	timerfd_settime(load->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void run(struct load *load)
{
	struct epoll_event events[256];
	uint64_t give_up_ns;

	load->begin_ns = mono_ns() + 1000000;
	load->measure_ns = load->begin_ns + (uint64_t)(load->warmup_s * 1e9);
	load->end_ns = load->measure_ns + (uint64_t)(load->duration_s * 1e9);
	give_up_ns = load->end_ns + 20000000000u;
	for (size_t i = 0; i < load->connections; i++)
		load->idle[load->idle_count++] = i;

	for (;;) {
		uint64_t now, next;
		int count;

		start_due(load);
		now = mono_ns();
		next = load->mode == MODE_OPEN ? due_at(load, load->due) : load->end_ns;
		if (load->running == 0 && now >= load->end_ns)
			return;
		if (now >= give_up_ns)
			die("load: %zu requests were never answered", load->running);
		arm(load, next < load->end_ns && next > now && load->idle_count > 0 ? next
		          : now < load->end_ns                                      ? load->end_ns
		                                                                    : give_up_ns);
		count = epoll_wait(load->epoll, events, 256, -1);
		for (int i = 0; i < count; i++) {
			size_t index = (size_t)events[i].data.u64;
			struct exchange *exchange;
			uint64_t fired;

			if (index == SIZE_MAX) {
				if (read(load->timer, &fired, sizeof(fired)) < 0 && errno != EAGAIN)
					die("load: timer: %s", strerror(errno));
				continue;
			}
			exchange = &load->exchanges[index];
			if (exchange->busy)
				settle(load, index,
				       exchange_step(exchange, &load->target,
				                     lags_of(load, exchange)));
			else if (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
				reconnect(load, index);
		}
	}
}

static char *read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *text = must_alloc(NULL, (size_t)1 << 22);

	if (!file)
		die("load: %s: %s", path, strerror(errno));
	*len = fread(text, 1, ((size_t)1 << 22) - 1, file);
	text[*len] = '\0';
	fclose(file);
	return text;
}

/* The whole request, made once. The key comes from a file, since arguments are public. */
static void compose(struct target *target, const char *path, const char *body_file,
                    const char *key_file)
{
	size_t body_len = 0, key_len = 0, room;
	char *body = read_file(body_file, &body_len);
	char *key = key_file ? read_file(key_file, &key_len) : NULL;
	char *request;
	int head;

	while (key_len > 0 && (key[key_len - 1] == '\n' || key[key_len - 1] == ' '))
		key[--key_len] = '\0';
	room = body_len + key_len + strlen(path) + 512;
	request = must_alloc(NULL, room);
	head = snprintf(request, room,
	                "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	                "User-Agent: gatehouse-bench\r\n%s%s%sContent-Length: %zu\r\n\r\n",
	                path, key ? "Authorization: Bearer " : "", key ? key : "",
	                key ? "\r\n" : "", body_len);
	memcpy(request + head, body, body_len);
	target->request = request;
	target->request_len = (size_t)head + body_len;
	free(body);
	free(key);
}

static void parse_options(struct load *load, int argc, char **argv)
{
	static const struct option options[] = {
		{ "mode", 1, NULL, 'm' },
		{ "port", 1, NULL, 'p' },
		{ "connections", 1, NULL, 'c' },
		{ "rate", 1, NULL, 'r' },
		{ "warmup", 1, NULL, 'w' },
		{ "duration", 1, NULL, 'd' },
		{ "path", 1, NULL, 'u' },
		{ "body", 1, NULL, 'b' },
		{ "key-file", 1, NULL, 'k' },
		{ "tls", 1, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = "/v1/chat/completions", *body = NULL, *key = NULL, *ca = NULL;
	const char *mode = "";
	unsigned long port = 0;
	int option;

	load->connections = 32;
	load->rate = 1000;
	load->warmup_s = 1;
	load->duration_s = 5;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'm': mode = optarg; break;
		case 'p': port = strtoul(optarg, NULL, 10); break;
		case 'c': load->connections = strtoul(optarg, NULL, 10); break;
		case 'r': load->rate = strtod(optarg, NULL); break;
		case 'w': load->warmup_s = strtod(optarg, NULL); break;
		case 'd': load->duration_s = strtod(optarg, NULL); break;
		case 'u': path = optarg; break;
		case 'b': body = optarg; break;
		case 'k': key = optarg; break;
		case 't': ca = optarg; break;
		default: die("%s", usage);
		}
	}
	load->mode = strcmp(mode, "open") == 0  ? MODE_OPEN
	             : strcmp(mode, "sse") == 0 ? MODE_SSE
	                                        : MODE_CLOSED;
	if ((load->mode == MODE_CLOSED && strcmp(mode, "closed") != 0) || port == 0 ||
	    port > 65535 || !body || load->connections == 0 || !(load->rate > 0))
		die("%s", usage);
	load->target.address =
	    (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	load->target.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (ca) {
		load->target.tls = SSL_CTX_new(TLS_client_method());
		if (!load->target.tls || SSL_CTX_load_verify_file(load->target.tls, ca) != 1)
			die("load: cannot read the CA file %s", ca);
		SSL_CTX_set_verify(load->target.tls, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_mode(load->target.tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
		                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	}
	compose(&load->target, path, body, key);
}

static void prepare(struct load *load)
{
	struct epoll_event event = { .events = EPOLLIN };

	load->exchanges = must_alloc(NULL, load->connections * sizeof(*load->exchanges));
	load->idle = must_alloc(NULL, load->connections * sizeof(*load->idle));
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	load->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	event.data.u64 = SIZE_MAX;
	epoll_ctl(load->epoll, EPOLL_CTL_ADD, load->timer, &event);
	for (size_t i = 0; i < load->connections; i++) {
		if (!exchange_open(&load->exchanges[i], &load->target))
			die("load: cannot connect");
		watch(load, i);
	}
}

static void report(struct load *load)
{
	static const char *const names[] = { "closed", "open", "sse" };

	printf(
	    "{\"mode\": \"%s\", \"connections\": %zu, \"duration_s\": %.3f, \"answers\": %lu, "
	    "\"per_second\": %.1f, \"failed\": %lu, \"bad_status\": %lu, \"last_bad_status\": %d, "
	    "\"reconnects\": %lu, \"short_streams\": %lu, ",
	    names[load->mode], load->connections, load->duration_s, (unsigned long)load->ok,
	    (double)load->ok / load->duration_s, (unsigned long)load->failed,
	    (unsigned long)load->bad_status, load->last_status, (unsigned long)load->reconnects,
	    (unsigned long)load->short_streams);
	samples_print(&load->latency, "latency");
	printf(", ");
	samples_print(&load->first, "first_token");
	printf(", ");
	samples_print(&load->lags, "token_lag");
	printf("}\n");
}

int main(int argc, char **argv)
{
	struct load load = { 0 };

	signal(SIGPIPE, SIG_IGN);
	/* The default slack of 50 us would be added to every due time. */
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	parse_options(&load, argc, argv);
	prepare(&load);
	run(&load);
	report(&load);
	for (size_t i = 0; i < load.connections; i++)
		exchange_close(&load.exchanges[i]);
	samples_free(&load.latency);
	samples_free(&load.lags);
	samples_free(&load.first);
	SSL_CTX_free(load.target.tls);
	free(load.target.request);
	free(load.exchanges);
	free(load.idle);
	return 0;
}
