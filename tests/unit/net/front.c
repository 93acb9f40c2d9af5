/* The test application. Paths say what it does; see the table at the end. */
#include "front.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/x509.h>

#include "net/sse.h"

/* What the front knows about one exchange, in the exchange's arena. */
struct gh_request {
	struct gh_loop_task back; /* from the completer to the loop */
	struct gh_request *next;
	struct gh_exchange *exchange;
	struct gh_timer *timer;
	const struct page *page;
	struct gh_slice body;
	uint64_t pieces, size, gap_ms;
};

struct page {
	const char *path;
	size_t body_max;
	void (*head)(struct gh_request *request); /* NULL: accept the body */
	void (*body)(struct gh_request *request);
};

static const struct gh_http_field json_fields[] = {
	{ { (const uint8_t *)"Content-Type", 12 }, { (const uint8_t *)"application/json", 16 } },
};

static void must(enum gh_code code, const char *what)
{
	if (code == GH_OK)
		return;
	fprintf(stderr, "front: %s: %s\n", what, gh_last_error()->text);
	abort();
}

/* A client that has left is no fault of the front's. */
static void may(enum gh_code code, const char *what)
{
	if (code != GH_E_UNAVAILABLE)
		must(code, what);
}

static void answer(struct gh_request *request, struct gh_slice body)
{
	may(gh_exchange_respond(request->exchange, 200, json_fields, 1, body), "respond");
}

static uint64_t number(struct gh_exchange *exchange, const char *wanted, uint64_t otherwise)
{
	struct gh_slice query = gh_exchange_head(exchange)->query, name, value;
	uint64_t found;

	while (gh_http_query_next(&query, &name, &value))
		if (gh_slice_eq_str(name, wanted) && gh_slice_to_u64(value, UINT32_MAX, &found))
			return found;
	return otherwise;
}

/* ---- pages ---- */

static void hello(struct gh_request *request)
{
	answer(request, GH_SLICE("{\"hello\":\"world\"}\n"));
}

static void certificate(struct gh_request *request)
{
	struct gh_exchange *exchange = request->exchange;
	char text[80];

	snprintf(text, sizeof text, "{\"certificate\":%s,\"verified\":%s}",
	         gh_exchange_peer_certificate(exchange) ? "true" : "false",
	         gh_exchange_peer_verify(exchange) == X509_V_OK ? "true" : "false");
	answer(request, gh_slice_str(text));
}

static void echo(struct gh_request *request)
{
	answer(request, request->body);
}

static void big(struct gh_request *request)
{
	size_t size = number(request->exchange, "size", 1 << 20);
	uint8_t *data = gh_arena_alloc(gh_exchange_arena(request->exchange), size);

	if (!data)
		abort();
	memset(data, 'b', size);
	answer(request, gh_slice(data, size));
}

static void refuse(struct gh_request *request)
{
	const struct gh_problem problem = { .type = GH_PROBLEM_UNAUTHENTICATED };
	const struct gh_problem_place place = { "https://gatehouse.test",
		                                gh_exchange_id(request->exchange),
		                                GH_DIALECT_OPENAI };

	may(gh_exchange_respond_problem(request->exchange, &problem, &place), "problem");
}

static void wait_for_ever(struct gh_request *request)
{
}

static void begin_stream(struct gh_request *request)
{
	static const struct gh_http_field fields[] = {
		{ { (const uint8_t *)"Content-Type", 12 },
		  { (const uint8_t *)"text/event-stream", 17 } },
	};

	request->pieces = number(request->exchange, "n", 4);
	request->size = number(request->exchange, "size", 16);
	request->gap_ms = number(request->exchange, "gap", 0);
	may(gh_exchange_stream_begin(request->exchange, 200, fields, 1), "stream");
}

static void note_queued(struct gh_request *request)
{
	atomic_ulong *most = &gh_exchange_front(request->exchange)->most_queued;
	unsigned long queued = gh_exchange_queued(request->exchange);

	if (queued > atomic_load(most))
		atomic_store(most, queued);
}

static enum gh_code write_piece(struct gh_request *request)
{
	uint8_t data[65536];
	struct gh_buf event = { 0 };
	enum gh_code code;

	memset(data, 'x', sizeof data);
	must(gh_sse_write(&event, gh_slice(NULL, 0), gh_slice(NULL, 0),
	                  gh_slice(data, request->size)),
	     "event");
	code = gh_exchange_stream_write(request->exchange, gh_buf_slice(&event));
	gh_buf_free(&event);
	request->pieces--;
	note_queued(request);
	return code;
}

/* Writes until there are 128 KiB in the queue; on_drain goes on. */
static void pump(struct gh_request *request)
{
	enum gh_code code = GH_OK;

	while (code == GH_OK && request->pieces > 0) {
		if (gh_exchange_queued(request->exchange) > (128 << 10))
			return;
		code = write_piece(request);
	}
	if (code == GH_OK)
		code = gh_exchange_stream_end(request->exchange);
	may(code, "stream");
}

static void stream(struct gh_request *request)
{
	begin_stream(request);
	pump(request);
}

/* Never looks at the queue: what the server's own limit is for. */
static void flood(struct gh_request *request)
{
	enum gh_code code = GH_OK;

	begin_stream(request);
	while (code == GH_OK && request->pieces > 0)
		code = write_piece(request);
	if (code == GH_OK)
		code = gh_exchange_stream_end(request->exchange);
	if (code != GH_E_LIMIT)
		may(code, "flood");
}

static void drip(void *arg)
{
	struct gh_request *request = arg;
	enum gh_code code = GH_OK;

	if (request->pieces > 0)
		code = write_piece(request);
	if (code == GH_OK && request->pieces == 0) {
		may(gh_exchange_stream_end(request->exchange), "end");
		return;
	}
	may(code, "drip");
	if (code == GH_OK)
		must(gh_timer_start(request->timer, request->gap_ms), "timer");
}

static void open_timer(struct gh_request *request, void (*fire)(void *arg))
{
	must(gh_timer_open(gh_exchange_loop(request->exchange), fire, request, &request->timer),
	     "timer");
	must(gh_timer_start(request->timer, number(request->exchange, "gap", 0)), "timer");
}

static void trickle(struct gh_request *request)
{
	begin_stream(request);
	open_timer(request, drip);
}

static void cut(struct gh_request *request)
{
	begin_stream(request);
	may(write_piece(request), "piece");
	gh_exchange_abort(request->exchange);
}

static void answer_late(void *arg)
{
	struct gh_request *request = arg;

	answer(request, request->body.len ? request->body : GH_SLICE("late\n"));
}

static void late(struct gh_request *request)
{
	open_timer(request, answer_late);
}

static void accept_late(void *arg)
{
	struct gh_request *request = arg;

	must(gh_exchange_accept_body(request->exchange, request->page->body_max), "accept");
}

static void think(struct gh_request *request)
{
	open_timer(request, accept_late);
}

static void come_back(struct gh_loop_task *task)
{
	struct gh_request *request = GH_CONTAINER(task, struct gh_request, back);
	struct gh_exchange *exchange = request->exchange;

	answer(request, request->body.len ? request->body : GH_SLICE("{\"hop\":true}\n"));
	gh_exchange_release(exchange);
}

static void hop(struct gh_request *request)
{
	struct completer *completer = &gh_exchange_front(request->exchange)->completer;

	gh_exchange_hold(request->exchange);
	request->back.run = come_back;
	pthread_mutex_lock(&completer->lock);
	request->next = completer->first;
	if (!completer->first)
		pthread_cond_signal(&completer->some);
	completer->first = request;
	pthread_mutex_unlock(&completer->lock);
}

static const struct page pages[] = {
	{ "/hello", 0, hello, NULL },
	{ "/echo", 10 << 20, NULL, echo },
	{ "/small", 1000, NULL, echo },
	{ "/big", 0, big, NULL },
	{ "/refuse", 0, refuse, NULL },
	{ "/wait", 0, wait_for_ever, NULL },
	{ "/stream", 0, stream, NULL },
	{ "/trickle", 0, trickle, NULL },
	{ "/flood", 0, flood, NULL },
	{ "/cut", 0, cut, NULL },
	{ "/late", 10 << 20, NULL, late },
	{ "/hop", 10 << 20, NULL, hop },
	{ "/certificate", 0, certificate, NULL },
	{ "/think", 10 << 20, think, echo },
};

/* ---- callbacks ---- */

static void on_head(struct gh_exchange *exchange)
{
	struct gh_request *request = gh_arena_alloc(gh_exchange_arena(exchange), sizeof *request);
	const struct page *page = &pages[0];
	struct gh_slice path = gh_exchange_head(exchange)->path;
	enum gh_code code;

	atomic_fetch_add(&gh_exchange_front(exchange)->heads, 1);
	for (size_t i = 0; i < GH_ARRAY_LEN(pages); i++)
		if (gh_slice_eq_str(path, pages[i].path))
			page = &pages[i];
	request->exchange = exchange;
	request->page = page;
	gh_exchange_set_request(exchange, request);
	if (page->head) {
		page->head(request);
		return;
	}
	code = gh_exchange_accept_body(exchange, page->body_max);
	if (code == GH_E_LIMIT) {
		const struct gh_problem problem = { .type = GH_PROBLEM_PAYLOAD_TOO_LARGE };
		const struct gh_problem_place place = { "https://gatehouse.test",
			                                gh_exchange_id(exchange),
			                                GH_DIALECT_PLAIN };
		code = gh_exchange_respond_problem(exchange, &problem, &place);
	}
	must(code, "accept");
}

static void on_body(struct gh_exchange *exchange, struct gh_slice body)
{
	struct gh_request *request = gh_exchange_request(exchange);

	atomic_fetch_add(&gh_exchange_front(exchange)->bodies, 1);
	request->body = body;
	request->page->body(request);
}

static void on_body_refused(struct gh_exchange *exchange, enum gh_problem_type problem,
                            const char *reason)
{
	struct gh_front *front = gh_exchange_front(exchange);
	const struct gh_problem answer_with = { .type = problem };
	const struct gh_problem_place place = { "https://gatehouse.test", gh_exchange_id(exchange),
		                                GH_DIALECT_PLAIN };

	atomic_fetch_add(&front->body_refused, 1);
	snprintf(front->reason, sizeof front->reason, "%s", reason);
	may(gh_exchange_respond_problem(exchange, &answer_with, &place), "refusal");
}

static void on_drain(struct gh_exchange *exchange)
{
	atomic_fetch_add(&gh_exchange_front(exchange)->drained, 1);
	pump(gh_exchange_request(exchange));
}

static void on_done(struct gh_exchange *exchange)
{
	gh_timer_close(gh_exchange_request(exchange)->timer);
	atomic_fetch_add(&gh_exchange_front(exchange)->done, 1);
}

static void on_gone(struct gh_exchange *exchange)
{
	gh_timer_close(gh_exchange_request(exchange)->timer);
	atomic_fetch_add(&gh_exchange_front(exchange)->gone, 1);
}

static void on_malformed(struct gh_front *front, const struct gh_refusal *refusal,
                         struct gh_buf *body)
{
	atomic_fetch_add(&front->malformed, 1);
	snprintf(front->reason, sizeof front->reason, "%s", refusal->reason);
	if (front->own_malformed_body)
		gh_buf_add_str(body, "{\"own\":true}");
}

const struct gh_server_callbacks front_callbacks = {
	.on_head = on_head,
	.on_body = on_body,
	.on_body_refused = on_body_refused,
	.on_drain = on_drain,
	.on_done = on_done,
	.on_gone = on_gone,
	.on_malformed = on_malformed,
};

/* ---- the completer ---- */

/* One list for each loop, posted with one wake-up each. */
static void hand_back(struct gh_request *first)
{
	struct gh_loop *loops[FRONT_LOOPS_MAX] = { 0 };
	struct gh_loop_task *lists[FRONT_LOOPS_MAX] = { 0 };

	for (struct gh_request *request = first, *next; request; request = next) {
		struct gh_loop *loop = gh_exchange_loop(request->exchange);
		size_t i = 0;
		next = request->next;
		while (loops[i] && loops[i] != loop)
			i++;
		loops[i] = loop;
		request->back.next = lists[i];
		lists[i] = &request->back;
	}
	for (size_t i = 0; i < FRONT_LOOPS_MAX && loops[i]; i++)
		gh_loop_post_many(loops[i], lists[i]);
}

static void *complete(void *arg)
{
	struct completer *completer = arg;

	pthread_mutex_lock(&completer->lock);
	while (!completer->stop) {
		struct gh_request *first = completer->first;
		if (!first) {
			pthread_cond_wait(&completer->some, &completer->lock);
			continue;
		}
		completer->first = NULL;
		pthread_mutex_unlock(&completer->lock);
		hand_back(first);
		pthread_mutex_lock(&completer->lock);
	}
	pthread_mutex_unlock(&completer->lock);
	return NULL;
}

void front_open(struct gh_front *front)
{
	*front = (struct gh_front){ 0 };
	pthread_mutex_init(&front->completer.lock, NULL);
	pthread_cond_init(&front->completer.some, NULL);
	if (pthread_create(&front->completer.thread, NULL, complete, &front->completer) != 0)
		abort();
}

void front_close(struct gh_front *front)
{
	struct completer *completer = &front->completer;

	pthread_mutex_lock(&completer->lock);
	completer->stop = true;
	pthread_cond_signal(&completer->some);
	pthread_mutex_unlock(&completer->lock);
	pthread_join(completer->thread, NULL);
	pthread_mutex_destroy(&completer->lock);
	pthread_cond_destroy(&completer->some);
}
