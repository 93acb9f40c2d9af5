/* One outgoing call: its request, what comes back, and how it ends. A call belongs to its client's
 * pool; handle, timer and buffers are used again by the next call. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/call.h"
#include "net/http_chars.h"

#define CONNECT_MS     5000
#define FIRST_BYTE_MS  60000
#define IDLE_MS        60000
#define TOTAL_MS       600000
#define RESPONSE_BYTES ((uint64_t)64 << 20)
#define HEAD_BYTES     ((size_t)64 << 10)

static const char *const result_names[] = {
	[GH_CALL_OK] = "ok",
	[GH_CALL_BAD_URL] = "bad-url",
	[GH_CALL_CONNECT] = "connect",
	[GH_CALL_CONNECT_TIMEOUT] = "connect-timeout",
	[GH_CALL_TLS] = "tls",
	[GH_CALL_FIRST_BYTE_TIMEOUT] = "first-byte-timeout",
	[GH_CALL_IDLE_TIMEOUT] = "idle-timeout",
	[GH_CALL_TOTAL_TIMEOUT] = "total-timeout",
	[GH_CALL_BROKEN] = "broken",
	[GH_CALL_TOO_LARGE] = "too-large",
	[GH_CALL_INTERNAL] = "internal",
};

const char *gh_call_result_name(enum gh_call_result result)
{
	return (size_t)result < GH_ARRAY_LEN(result_names) ? result_names[result] : "unknown";
}

/* ---- the pool ---- */

static void call_free(struct gh_call *call)
{
	if (call->easy)
		curl_easy_cleanup(call->easy);
	gh_timer_close(call->timer);
	gh_buf_free(&call->head);
	gh_buf_free(&call->lines);
	free(call);
}

/* Out of use: into the pool, or freed. Not while its task is still to run. */
static void retire(struct gh_call *call)
{
	struct gh_client *client = call->client;

	if (!client || client->pooled >= client->pool_max) {
		call_free(call);
		return;
	}
	call->next = client->pool;
	client->pool = call;
	client->pooled++;
}

/* The end of every call. Afterwards nothing is called any more. */
static void release(struct gh_call *call)
{
	struct gh_client *client = call->client;

	gh_timer_stop(call->timer);
	if (call->added)
		curl_multi_remove_handle(client->multi, call->easy);
	call->added = false;
	if (call->prev)
		call->prev->next = call->next;
	else
		client->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
	call->prev = call->next = NULL;
	call->callbacks = NULL;
	gh_buf_clear(&call->head);
	gh_buf_clear(&call->lines);
	if (!call->scheduled)
		retire(call);
	else if (client->closed)
		call->client = NULL; /* its task frees it */
}

void gh_call_free_pool(struct gh_client *client)
{
	while (client->pool) {
		struct gh_call *call = client->pool;
		client->pool = call->next;
		call_free(call);
	}
	client->pooled = 0;
}

/* ---- what libcurl brings ---- */

static void end_as(struct gh_call *call, enum gh_call_result result)
{
	call->has_override = true;
	call->override = result;
}

/* The lines of a response head as fields. False: more than anybody needs. */
static bool split_head(struct gh_call *call, struct gh_http_field *fields, size_t *count)
{
	struct gh_slice rest = gh_buf_slice(&call->head), line, value;
	bool more = gh_slice_split(rest, '\n', &line, &rest); /* the status line */

	for (*count = 0; more && rest.len > 0;) {
		more = gh_slice_split(rest, '\n', &line, &rest);
		if (line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		if (line.len == 0)
			continue;
		if (*count == GH_CALL_FIELDS_MAX)
			return false;
		gh_slice_split(line, ':', &fields[*count].name, &value);
		fields[(*count)++].value = gh_slice_trim(value);
	}
	return true;
}

static bool take_head(struct gh_call *call)
{
	struct gh_http_field fields[GH_CALL_FIELDS_MAX];
	long status = 0;
	size_t count;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200) /* interim; the final head is still to come */
		return true;
	call->status = (unsigned)status;
	call->head_done = true;
	call->heard_ns = gh_clock_mono_ns();
	/* A timer that fires later than due looks again; one that fires too late would not. */
	if (call->idle_ms < call->first_byte_ms &&
	    gh_timer_start(call->timer, call->idle_ms) != GH_OK) {
		end_as(call, GH_CALL_INTERNAL);
		return false;
	}
	if (!split_head(call, fields, &count)) {
		end_as(call, GH_CALL_TOO_LARGE);
		return false;
	}
	if (call->callbacks->on_head)
		call->callbacks->on_head(call, call->user, call->status, fields, count);
	return !call->cancelled;
}

static size_t on_header(char *data, size_t size, size_t n, void *user)
{
	struct gh_call *call = user;
	struct gh_slice line = gh_slice(data, size * n);

	if (call->cancelled)
		return 0;
	if (call->head_done) /* trailer fields: nobody asked */
		return line.len;
	if (gh_slice_starts_with(line, GH_SLICE("HTTP/")))
		gh_buf_clear(&call->head);
	gh_buf_add_slice(&call->head, line);
	if (call->head.failed) {
		end_as(call, GH_CALL_TOO_LARGE);
		return 0;
	}
	if (line.len > 0 && (line.data[0] == '\r' || line.data[0] == '\n') && !take_head(call))
		return 0;
	return line.len;
}

static size_t on_write(char *data, size_t size, size_t n, void *user)
{
	struct gh_call *call = user;
	size_t len = size * n;

	if (call->cancelled)
		return 0;
	if (call->paused) {
		/* libcurl keeps the piece and brings it again after the resume. */
		call->stalled = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (len > call->bytes_max - call->bytes_in) {
		end_as(call, GH_CALL_TOO_LARGE);
		return 0;
	}
	call->bytes_in += len;
	call->heard_ns = gh_clock_mono_ns();
	if (call->callbacks->on_data)
		call->callbacks->on_data(call, call->user, gh_slice(data, len));
	return call->cancelled ? 0 : len;
}

static enum gh_call_result classify(const struct gh_call *call, CURLcode code)
{
	uint64_t spent_ms = (gh_clock_mono_ns() - call->started_ns) / 1000000;

	if (call->has_override)
		return call->override;
	switch (code) {
	case CURLE_OK: return GH_CALL_OK;
	case CURLE_URL_MALFORMAT: return GH_CALL_BAD_URL;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT: return GH_CALL_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return spent_ms >= call->total_ms ? GH_CALL_TOTAL_TIMEOUT : GH_CALL_CONNECT_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR: return GH_CALL_TLS;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
	case CURLE_BAD_FUNCTION_ARGUMENT: return GH_CALL_INTERNAL;
	default: return GH_CALL_BROKEN;
	}
}

static void fill_outcome(struct gh_call *call, CURLcode code, struct gh_call_outcome *out)
{
	long request_bytes = 0, connects = 0;
	curl_off_t connect_us = 0, first_us = 0, total_us = 0;

	curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
	curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connects);
	curl_easy_getinfo(call->easy, CURLINFO_PRETRANSFER_TIME_T, &connect_us);
	curl_easy_getinfo(call->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_us);
	curl_easy_getinfo(call->easy, CURLINFO_TOTAL_TIME_T, &total_us);
	*out = (struct gh_call_outcome){
		.result = classify(call, code),
		.status = call->status,
		.sent = request_bytes > 0,
		.reused = request_bytes > 0 && connects == 0,
		.bytes_in = call->bytes_in,
		.connect_us = (uint64_t)connect_us,
		.first_byte_us = (uint64_t)first_us,
		.total_us = (uint64_t)total_us,
		.detail = code == CURLE_OK ? "" : curl_easy_strerror(code),
	};
}

void gh_call_finish(struct gh_call *call, CURLcode code)
{
	struct gh_call_outcome outcome;

	if (!call->cancelled) {
		fill_outcome(call, code, &outcome);
		/* Off the multi handle first: on_done may start other calls. */
		curl_multi_remove_handle(call->client->multi, call->easy);
		call->added = false;
		call->cancelled = true;
		call->callbacks->on_done(call, call->user, &outcome);
	}
	release(call);
}

/* ---- timeouts ---- */

static uint64_t left_ms(uint64_t since_ns, uint32_t limit_ms)
{
	uint64_t spent_ms = (gh_clock_mono_ns() - since_ns) / 1000000;

	return spent_ms < limit_ms ? limit_ms - spent_ms : 0;
}

static void on_timer(void *arg)
{
	struct gh_call *call = arg;
	uint64_t left;

	if (call->head_done && call->paused)
		left = call->idle_ms; /* it is we who wait */
	else if (call->head_done)
		left = left_ms(call->heard_ns, call->idle_ms);
	else
		left = left_ms(call->started_ns, call->first_byte_ms);
	if (left > 0 && gh_timer_start(call->timer, left) == GH_OK)
		return;
	end_as(call, call->head_done ? GH_CALL_IDLE_TIMEOUT : GH_CALL_FIRST_BYTE_TIMEOUT);
	gh_call_finish(call, CURLE_OPERATION_TIMEDOUT);
}

/* ---- the request ---- */

static bool is_text(struct gh_slice text, unsigned kind)
{
	for (size_t i = 0; i < text.len; i++)
		if (!gh_http_char_is(text.data[i], kind))
			return false;
	return true;
}

static gh_result check_request(const struct gh_call_request *request)
{
	GH_ENSURE(request->method && request->url, GH_E_ARGUMENT,
	          "a call needs a method and a URL");
	GH_ENSURE(request->method[0] && is_text(gh_slice_str(request->method), GH_CHAR_TOKEN),
	          GH_E_ARGUMENT, "a call's method is malformed");
	GH_ENSURE(strncmp(request->url, "http://", 7) == 0 ||
	              strncmp(request->url, "https://", 8) == 0,
	          GH_E_ARGUMENT, "a call's URL is neither http nor https");
	for (const char *at = request->url; *at; at++)
		GH_ENSURE(*at > ' ' && *at < 0x7f, GH_E_ARGUMENT, "a call's URL is malformed");
	GH_ENSURE(request->field_count <= GH_HTTP_FIELDS_MAX, GH_E_ARGUMENT,
	          "a call has too many fields");
	for (size_t i = 0; i < request->field_count; i++) {
		struct gh_slice name = request->fields[i].name, value = request->fields[i].value;
		GH_ENSURE(name.len > 0 && is_text(name, GH_CHAR_TOKEN) &&
		              is_text(value, GH_CHAR_VALUE),
		          GH_E_ARGUMENT, "a call's field is malformed");
		GH_ENSURE(!gh_slice_eq_nocase(name, GH_SLICE("host")) &&
		              !gh_slice_eq_nocase(name, GH_SLICE("content-length")) &&
		              !gh_slice_eq_nocase(name, GH_SLICE("transfer-encoding")),
		          GH_E_ARGUMENT, "a call's field is libcurl's own");
	}
	return GH_OK;
}

/* The list that libcurl wants, in two pieces of memory that the call already has. */
static gh_result build_fields(struct gh_call *call, const struct gh_call_request *request)
{
	size_t need = sizeof "Expect:" + sizeof "Content-Type:", at = 0, count = 0;
	bool has_type = false;

	for (size_t i = 0; i < request->field_count; i++)
		need += request->fields[i].name.len + request->fields[i].value.len + 3;
	char *text = (char *)gh_buf_reserve(&call->lines, need);
	GH_ENSURE(text, GH_E_MEMORY, "no memory for a call's fields");
	for (size_t i = 0; i < request->field_count; i++) {
		struct gh_slice name = request->fields[i].name, value = request->fields[i].value;
		has_type |= gh_slice_eq_nocase(name, GH_SLICE("content-type"));
		call->nodes[count++].data = text + at;
		memcpy(text + at, name.data, name.len);
		at += name.len;
		/* A colon with nothing behind it would mean: leave the field out. */
		text[at++] = value.len ? ':' : ';';
		if (value.len) {
			text[at++] = ' ';
			memcpy(text + at, value.data, value.len);
			at += value.len;
		}
		text[at++] = 0;
	}
	call->nodes[count++].data = memcpy(text + at, "Expect:", sizeof "Expect:");
	at += sizeof "Expect:";
	if (!has_type) {
		call->nodes[count++].data =
		    memcpy(text + at, "Content-Type:", sizeof "Content-Type:");
		at += sizeof "Content-Type:";
	}
	gh_buf_commit(&call->lines, at);
	for (size_t i = 0; i < count; i++)
		call->nodes[i].next = i + 1 < count ? &call->nodes[i + 1] : NULL;
	return GH_OK;
}

#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (curl_easy_setopt(call->easy, (option), (value)) != CURLE_OK)                   \
			return gh_fail(GH_E_INTERNAL, "libcurl refuses " #option);                 \
	} while (0)

static gh_result set_method(struct gh_call *call, const struct gh_call_request *request)
{
	bool posts = request->has_body || strcmp(request->method, "POST") == 0 ||
	             strcmp(request->method, "PUT") == 0 || strcmp(request->method, "PATCH") == 0;

	if (posts) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)(request->has_body ? request->body.len : 0));
		SET(CURLOPT_POSTFIELDS,
		    request->has_body && request->body.len ? (const char *)request->body.data : "");
	} else if (strcmp(request->method, "HEAD") == 0) {
		SET(CURLOPT_NOBODY, 1L);
	} else {
		SET(CURLOPT_HTTPGET, 1L);
	}
	SET(CURLOPT_CUSTOMREQUEST, request->method);
	return GH_OK;
}

/* With a file of its own a call trusts that file only; without one, libcurl's defaults come back.
 */
static gh_result set_trust(struct gh_call *call, const char *ca_file)
{
	const curl_version_info_data *built = curl_version_info(CURLVERSION_NOW);

	if (!ca_file && !call->has_own_ca)
		return GH_OK;
	SET(CURLOPT_CAINFO, ca_file ? ca_file : built->cainfo);
	SET(CURLOPT_CAPATH, ca_file ? NULL : built->capath);
	call->has_own_ca = ca_file != NULL;
	return GH_OK;
}

static gh_result set_request(struct gh_call *call, const struct gh_call_request *request)
{
	uint32_t connect_ms =
	    request->connect_timeout_ms ? request->connect_timeout_ms : CONNECT_MS;

	SET(CURLOPT_URL, request->url);
	GH_TRY(set_method(call, request));
	GH_TRY(build_fields(call, request));
	SET(CURLOPT_HTTPHEADER, call->nodes);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
	SET(CURLOPT_TIMEOUT_MS, (long)call->total_ms);
	return set_trust(call, request->ca_file);
}

/* A call's own handle, timer and callbacks, made once. */
static gh_result equip(struct gh_call *call)
{
	gh_buf_init(&call->head, HEAD_BYTES, true);
	gh_buf_init(&call->lines, HEAD_BYTES, true); /* credentials */
	call->easy = curl_easy_init();
	GH_ENSURE(call->easy, GH_E_MEMORY, "no memory for a call");
	GH_TRY(gh_timer_open(call->client->loop, on_timer, call, &call->timer));
	GH_TRY(gh_client_prepare(call->client, call->easy));
	SET(CURLOPT_PRIVATE, (char *)(void *)call);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, call);
	SET(CURLOPT_WRITEFUNCTION, on_write);
	SET(CURLOPT_WRITEDATA, call);
	return GH_OK;
}

static gh_result add(struct gh_call *call)
{
	CURLMcode code = curl_multi_add_handle(call->client->multi, call->easy);

	GH_ENSURE(code == CURLM_OK, GH_E_INTERNAL, "libcurl takes no call: %s",
	          curl_multi_strerror(code));
	call->added = true;
	return GH_OK;
}

/* ---- the end of the batch ---- */

static void run_work(struct gh_loop_task *task)
{
	struct gh_call *call = GH_CONTAINER(task, struct gh_call, work);
	struct gh_client *client = call->client;

	call->scheduled = false;
	if (!call->callbacks) {
		retire(call);
		return;
	}
	if (call->cancelled) {
		release(call);
		return;
	}
	if (!call->added && add(call) != GH_OK) {
		end_as(call, GH_CALL_INTERNAL);
		gh_call_finish(call, CURLE_FAILED_INIT);
		return;
	}
	if (call->stalled && !call->paused) {
		call->stalled = false;
		call->heard_ns = gh_clock_mono_ns();
		/* Brings the kept piece at once, through on_write. */
		client->inside = true;
		curl_easy_pause(call->easy, CURLPAUSE_CONT);
		client->inside = false;
		gh_client_reap(client);
	}
}

static void schedule(struct gh_call *call)
{
	if (call->scheduled)
		return;
	call->scheduled = true;
	gh_loop_defer(call->client->loop, &call->work);
}

/* ---- public ---- */

static struct gh_call *take_from_pool(struct gh_client *client)
{
	struct gh_call *call = client->pool;

	if (!call)
		return NULL;
	client->pool = call->next;
	client->pooled--;
	call->next = NULL;
	call->status = 0;
	call->bytes_in = 0;
	call->head_done = call->cancelled = call->paused = call->stalled = false;
	call->has_override = false;
	return call;
}

static gh_result make_call(struct gh_client *client, struct gh_call **out)
{
	struct gh_call *call = take_from_pool(client);
	enum gh_code code = GH_OK;

	if (!call) {
		call = calloc(1, sizeof *call);
		GH_ENSURE(call, GH_E_MEMORY, "no memory for a call");
		call->client = client;
		call->work.run = run_work;
		code = equip(call);
	}
	if (code != GH_OK)
		call_free(call);
	else
		*out = call;
	return code;
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

gh_result gh_client_call(struct gh_client *client, const struct gh_call_request *request,
                         const struct gh_call_callbacks *callbacks, void *user,
                         struct gh_call **out)
{
	struct gh_call *call;
	enum gh_code code;

	GH_TRY(check_request(request));
	GH_TRY(make_call(client, &call));
	call->callbacks = callbacks;
	call->user = user;
	call->first_byte_ms = or_default(request->first_byte_timeout_ms, FIRST_BYTE_MS);
	call->idle_ms = or_default(request->idle_timeout_ms, IDLE_MS);
	call->total_ms = or_default(request->total_timeout_ms, TOTAL_MS);
	call->bytes_max =
	    request->max_response_bytes ? request->max_response_bytes : RESPONSE_BYTES;
	call->started_ns = gh_clock_mono_ns();
	call->next = client->calls;
	if (client->calls)
		client->calls->prev = call;
	client->calls = call;

	code = set_request(call, request);
	if (code == GH_OK)
		code = gh_timer_start(call->timer, call->first_byte_ms);
	if (code == GH_OK && client->inside)
		schedule(call);
	else if (code == GH_OK)
		code = add(call);
	if (code != GH_OK) {
		release(call);
		return code;
	}
	*out = call;
	return GH_OK;
}

void gh_call_cancel(struct gh_call *call)
{
	if (call->cancelled)
		return;
	call->cancelled = true;
	/* Inside of libcurl, its own callbacks end it; the task ends one that has none running. */
	if (call->client->inside)
		schedule(call);
	else
		release(call);
}

void gh_call_pause(struct gh_call *call)
{
	call->paused = true;
}

void gh_call_resume(struct gh_call *call)
{
	call->paused = false;
	if (call->stalled)
		schedule(call);
}
