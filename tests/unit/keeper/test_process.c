/* A keeper in a process of its own, in its sandbox, asked through the client: what the gateway
 * meets. */
#include "place.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/log.h"
#include "crypto/merkle_verify.h"
#include "process/keeper/keeper_client.h"
#include "process/keeper/message.h"
#include "process/keeper/sandbox.h"
#include "process/keeper/tls_key.h"
#include "token/issue.h"

#define DEADLINE_MS 20000

struct running {
	pid_t pid;
	int fd;
};

/* With `gate_fd` not -1 the keeper waits until the other end of that pipe is closed: made early,
 * for tests that have threads when they need it (a fork of many threads copies their locks). */
static struct running start_gated(const struct place *place, bool sandbox, int gate_fd, int hold_fd)
{
	struct gh_keeper_config config = place->config;
	struct running running;
	int pair[2];
	char byte;

	config.sandbox = sandbox;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	running.pid = fork();
	assert_true(running.pid >= 0);
	if (running.pid == 0) {
		close(pair[0]);
		if (gate_fd >= 0) {
			close(hold_fd);
			while (read(gate_fd, &byte, 1) < 0 && errno == EINTR)
				;
		}
		gh_log_open("keeper", GH_LOG_ERROR);
		_exit(gh_keeper_run(&pair[1], 1, &config) == GH_OK ? 0 : 1);
	}
	close(pair[1]);
	running.fd = pair[0];
	return running;
}

static struct running start(const struct place *place, bool sandbox)
{
	return start_gated(place, sandbox, -1, -1);
}

static int wait_status(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static struct gh_keeper_client *client_of(const struct running *running)
{
	struct gh_keeper_client *client = NULL;

	assert_ok(gh_keeper_client_new(running->fd, DEADLINE_MS, &client));
	return client;
}

/* Closing the last socket ends the keeper. */
static void stop(struct gh_keeper_client *client, const struct running *running)
{
	gh_keeper_client_free(client);
	int status = wait_status(running->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void read_status(pid_t pid, const char *key, char *value, size_t size)
{
	char path[64], line[256];

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	value[0] = 0;
	while (fgets(line, sizeof line, file))
		if (strncmp(line, key, strlen(key)) == 0)
			snprintf(value, size, "%.*s", (int)strcspn(line + strlen(key), "\n"),
			         line + strlen(key));
	fclose(file);
}

static void every_message_works_inside_the_sandbox(void **state)
{
	const struct place *place = *state;
	struct running running = start(place, true);
	struct gh_keeper_client *client = client_of(&running);
	struct gh_buf out = { 0 }, json = { 0 }, wrapped = { 0 };
	struct gh_uuid tenant = gh_uuid_v7();
	uint8_t dek[32], again[32], root[32], next[32], leaf[1][32];
	char value[64];
	const struct gh_slice cap = GH_SLICE("embeddings");
	struct gh_claims claims = { .iss = GH_SLICE("https://id.test"),
		                    .sub = GH_SLICE("u"),
		                    .aud = GH_SLICE("https://gw.test"),
		                    .tenant_id = tenant,
		                    .caps = &cap,
		                    .cap_count = 1,
		                    .sid = GH_SLICE("s"),
		                    .iat = gh_clock_unix_s(),
		                    .exp = gh_clock_unix_s() + 300 };

	for (int what = 1; what < GH_KEEPER_PUBLIC_COUNT; what++) {
		gh_buf_clear(&out);
		assert_ok(gh_keeper_public(client, (enum gh_keeper_public)what, &out));
		assert_true(out.len > 40);
	}
	read_status(running.pid, "Seccomp:\t", value, sizeof value);
	assert_string_equal(value, "2");
	read_status(running.pid, "NoNewPrivs:\t", value, sizeof value);
	assert_string_equal(value, "1");

	gh_buf_clear(&out);
	assert_ok(gh_token_claims_json(&claims, &json));
	assert_ok(gh_keeper_sign_access(client, gh_buf_slice(&json), &out));
	assert_ok(gh_keeper_sign_database(client, &tenant, GH_SLICE("u"), GH_SLICE("app"),
	                                  GH_SLICE("embeddings"), 60, &out));
	assert_code(gh_keeper_sign_database(client, &tenant, GH_SLICE("u"), GH_SLICE("app"),
	                                    GH_SLICE(""), 61, &out),
	            GH_E_DENIED);
	assert_non_null(strstr(gh_last_error()->text, "60 s"));
	assert_ok(gh_keeper_new_dek(client, &tenant, GH_SLICE("audit.body"), GH_SLICE("s"), dek,
	                            &wrapped));
	assert_ok(gh_keeper_unwrap_dek(client, &tenant, GH_SLICE("audit.body"), GH_SLICE("s"),
	                               gh_buf_slice(&wrapped), again));
	assert_memory_equal(dek, again, 32);
	assert_ok(gh_keeper_derive(client, &tenant, GH_SLICE("pii.vault"), dek));
	gh_merkle_hash_leaf(GH_SLICE("a"), root);
	gh_merkle_hash_leaf(GH_SLICE("b"), leaf[0]);
	gh_merkle_hash_node(root, leaf[0], next);
	assert_ok(gh_keeper_sign_checkpoint(client, 1, root, NULL, 0, &out));
	assert_code(gh_keeper_sign_checkpoint(client, 2, root, leaf, 1, &out), GH_E_CONFLICT);
	assert_ok(gh_keeper_sign_checkpoint(client, 2, next, leaf, 1, &out));
	assert_ok(gh_keeper_tls_sign(client, gh_slice(root, 32), &out));
	/* What the table does not allow is refused before it leaves. */
	assert_code(gh_keeper_tls_sign(client, gh_slice(root, 31), &out), GH_E_ARGUMENT);
	stop(client, &running);
	gh_buf_free(&out);
	gh_buf_free(&json);
	gh_buf_free(&wrapped);
}

static void a_killed_keeper_remembers_what_it_signed(void **state)
{
	uint8_t root[32], other[32];
	struct gh_buf note = { 0 }, again = { 0 };

	gh_merkle_hash_leaf(GH_SLICE("a"), root);
	gh_merkle_hash_leaf(GH_SLICE("z"), other);
	struct running running = start(*state, true);
	struct gh_keeper_client *client = client_of(&running);
	assert_ok(gh_keeper_sign_checkpoint(client, 1, root, NULL, 0, &note));
	kill(running.pid, SIGKILL);
	wait_status(running.pid);
	assert_code(gh_keeper_sign_checkpoint(client, 1, root, NULL, 0, &again), GH_E_UNAVAILABLE);
	assert_code(gh_keeper_derive(client, &(struct gh_uuid){ { 1 } }, GH_SLICE("x"), other),
	            GH_E_UNAVAILABLE);

	/* The supervisor starts another one and hands its socket over. */
	running = start(*state, true);
	gh_keeper_client_replace_fd(client, running.fd);
	gh_merkle_hash_leaf(GH_SLICE("z"), other);
	assert_code(gh_keeper_sign_checkpoint(client, 1, other, NULL, 0, &again), GH_E_CONFLICT);
	assert_ok(gh_keeper_sign_checkpoint(client, 1, root, NULL, 0, &again));
	assert_true(gh_slice_eq(gh_buf_slice(&note), gh_buf_slice(&again)));
	stop(client, &running);
	gh_buf_free(&note);
	gh_buf_free(&again);
}

static void sigterm_ends_the_keeper_cleanly(void **state)
{
	struct running running = start(*state, true);
	struct gh_keeper_client *client = client_of(&running);
	struct gh_buf out = { 0 };

	assert_ok(gh_keeper_public(client, GH_KEEPER_PUBLIC_CHECKPOINT_VKEY, &out));
	kill(running.pid, SIGTERM);
	int status = wait_status(running.pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	gh_keeper_client_free(client);
	gh_buf_free(&out);
}

static void nonsense_on_the_socket_costs_the_peer_its_connection_only(void **state)
{
	struct gh_keeper_config config = ((const struct place *)*state)->config;
	static uint8_t huge[GH_KEEPER_MESSAGE_MAX_BYTES + 100];
	struct gh_buf out = { 0 };
	int pairs[3][2], ends[3];
	char byte;

	config.sandbox = true;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pairs[i]),
		                 0);
		ends[i] = pairs[i][1];
	}
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			close(pairs[i][0]);
		gh_log_open("keeper", GH_LOG_ERROR + 1);
		_exit(gh_keeper_run(ends, 3, &config) == GH_OK ? 0 : 1);
	}
	for (int i = 0; i < 3; i++)
		close(ends[i]);
	struct running running = { pid, pairs[0][0] };
	struct gh_keeper_client *client = client_of(&running);
	assert_int_equal(send(pairs[1][0], "garbage", 7, 0), 7);
	assert_int_equal(send(pairs[2][0], huge, sizeof huge, 0), sizeof huge);
	assert_int_equal(recv(pairs[1][0], &byte, 1, 0), 0);
	assert_int_equal(recv(pairs[2][0], &byte, 1, 0), 0);
	assert_ok(gh_keeper_public(client, GH_KEEPER_PUBLIC_CHECKPOINT_VKEY, &out));
	close(pairs[1][0]);
	close(pairs[2][0]);
	stop(client, &running);
	gh_buf_free(&out);
}

/* A peer that never answers, or answers nonsense, in place of the keeper. */
static void a_client_gives_up_at_its_deadline_and_passes_over_late_answers(void **state)
{
	struct gh_keeper_client *client = NULL;
	struct gh_keeper_frame request = { 0 };
	uint8_t packet[4096], key[32];
	struct gh_buf answer = { 0 };
	struct gh_uuid tenant = gh_uuid_v7();
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_ok(gh_keeper_client_new(pair[0], 100, &client));
	uint64_t before = gh_clock_mono_ns();
	assert_code(gh_keeper_derive(client, &tenant, GH_SLICE("x"), key), GH_E_UNAVAILABLE);
	uint64_t took_ms = (gh_clock_mono_ns() - before) / 1000000;
	assert_in_range(took_ms, 99, 5000);

	/* The answer to the first call comes while the second one waits: with another key in it. */
	ssize_t got = recv(pair[1], packet, sizeof packet, 0);
	assert_ok(gh_keeper_decode(gh_slice(packet, (size_t)got), &request));
	static const uint8_t late[32] = { 1 };
	struct gh_keeper_frame frame = { .type = GH_KEEPER_DERIVE,
		                         .is_answer = true,
		                         .id = request.id,
		                         .field_count = 1,
		                         .fields = { gh_slice(late, 32) } };
	assert_ok(gh_keeper_encode(&frame, &answer));
	assert_int_equal(send(pair[1], answer.data, answer.len, 0), answer.len);
	assert_code(gh_keeper_derive(client, &tenant, GH_SLICE("x"), key), GH_E_UNAVAILABLE);

	/* An answer to a call that was never made ends the trust in that socket. */
	frame.id = request.id + 100;
	assert_ok(gh_keeper_encode(&frame, &answer));
	assert_int_equal(send(pair[1], answer.data, answer.len, 0), answer.len);
	assert_code(gh_keeper_derive(client, &tenant, GH_SLICE("x"), key), GH_E_UNAVAILABLE);
	assert_non_null(strstr(gh_last_error()->text, "no answer"));
	assert_code(gh_keeper_derive(client, &tenant, GH_SLICE("x"), key), GH_E_UNAVAILABLE);
	assert_non_null(strstr(gh_last_error()->text, "away"));
	close(pair[1]);
	gh_keeper_client_free(client);
	gh_buf_free(&answer);
}

struct worker {
	struct gh_keeper_client *client;
	struct gh_uuid tenant;
	uint8_t expected[32];
	int good, away, wrong;
};

static void *work(void *context)
{
	struct worker *worker = context;

	for (int i = 0; i < 300; i++) {
		uint8_t key[32];
		enum gh_code code =
		    gh_keeper_derive(worker->client, &worker->tenant, GH_SLICE("x"), key);
		if (code == GH_E_UNAVAILABLE)
			worker->away++;
		else if (code == GH_OK && memcmp(key, worker->expected, 32) == 0)
			worker->good++;
		else
			worker->wrong++;
	}
	return NULL;
}

static void threads_get_their_own_answers_also_while_the_keeper_is_replaced(void **state)
{
	struct running running = start(*state, false), second;
	struct gh_keeper_client *client = client_of(&running);
	struct worker workers[4];
	pthread_t threads[4];
	int good = 0, gate[2];

	assert_int_equal(pipe(gate), 0);
	second = start_gated(*state, false, gate[0], gate[1]);

	for (size_t i = 0; i < 4; i++) {
		workers[i] = (struct worker){ .client = client, .tenant = gh_uuid_v7() };
		assert_ok(gh_keeper_derive(client, &workers[i].tenant, GH_SLICE("x"),
		                           workers[i].expected));
	}
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	usleep(2000);
	kill(running.pid, SIGKILL);
	wait_status(running.pid);
	running = second;
	close(gate[1]);
	close(gate[0]);
	gh_keeper_client_replace_fd(client, running.fd);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(workers[i].wrong, 0);
		assert_int_equal(workers[i].good + workers[i].away, 300);
		good += workers[i].good;
	}
	assert_true(good > 0);
	uint8_t key[32];
	assert_ok(gh_keeper_derive(client, &workers[0].tenant, GH_SLICE("x"), key));
	assert_memory_equal(key, workers[0].expected, 32);
	stop(client, &running);
}

/* One handshake over memory, the server's key being far away. Returns the protocol version, or 0.
 */
static int handshake(SSL_CTX *server_context, struct gh_slice chain, int version)
{
	SSL_CTX *client_context = SSL_CTX_new(TLS_client_method());
	BIO *pem = BIO_new_mem_buf(chain.data, (int)chain.len), *left, *right;
	char text[16];
	int made = 0;

	X509_free(PEM_read_bio_X509(pem, NULL, NULL, NULL));
	X509 *ca = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(client_context), ca);
	SSL_CTX_set_verify(client_context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_min_proto_version(client_context, version);
	SSL_CTX_set_max_proto_version(client_context, version);
	SSL *server = SSL_new(server_context), *client = SSL_new(client_context);
	SSL_set1_host(client, "localhost");
	BIO_new_bio_pair(&left, 65536, &right, 65536);
	SSL_set_bio(server, left, left);
	SSL_set_bio(client, right, right);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	for (int i = 0; i < 20; i++) {
		int a = SSL_do_handshake(client), b = SSL_do_handshake(server);
		if (a == 1 && b == 1 && SSL_write(server, "hello", 5) == 5 &&
		    SSL_read(client, text, sizeof text) == 5) {
			made = SSL_version(client);
			break;
		}
	}
	SSL_free(server);
	SSL_free(client);
	SSL_CTX_free(client_context);
	X509_free(ca);
	BIO_free(pem);
	ERR_clear_error();
	return made;
}

static void tls_shakes_hands_with_a_key_that_is_in_the_keeper(void **state)
{
	struct running running = start(*state, true);
	struct gh_keeper_client *client = client_of(&running);
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	struct gh_buf chain = { 0 };
	EVP_PKEY *key = NULL;

	assert_ok(gh_keeper_public(client, GH_KEEPER_PUBLIC_TLS_CHAIN, &chain));
	assert_ok(gh_tls_key_open(gh_buf_slice(&chain), client, &key));
	BIO *pem = BIO_new_mem_buf(chain.data, (int)chain.len);
	X509 *certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	assert_int_equal(SSL_CTX_use_certificate(context, certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(context, key), 1);
	assert_int_equal(SSL_CTX_check_private_key(context), 1);
	assert_int_equal(handshake(context, gh_buf_slice(&chain), TLS1_3_VERSION), TLS1_3_VERSION);
	assert_int_equal(handshake(context, gh_buf_slice(&chain), TLS1_2_VERSION), TLS1_2_VERSION);

	/* There is no private key here to be carried away. */
	BIO *out = BIO_new(BIO_s_mem());
	assert_int_not_equal(PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
	ERR_clear_error();

	kill(running.pid, SIGKILL);
	wait_status(running.pid);
	assert_int_equal(handshake(context, gh_buf_slice(&chain), TLS1_3_VERSION), 0);
	running = start(*state, true);
	gh_keeper_client_replace_fd(client, running.fd);
	assert_int_equal(handshake(context, gh_buf_slice(&chain), TLS1_3_VERSION), TLS1_3_VERSION);
	BIO_free(out);
	BIO_free(pem);
	X509_free(certificate);
	EVP_PKEY_free(key);
	SSL_CTX_free(context);
	gh_buf_free(&chain);
	stop(client, &running);
}

/* What a child does after it has locked itself in; the exit status says what came of it. */
enum attempt { READ_ELSEWHERE, WRITE_ELSEWHERE, OPEN_SOCKET, RUN_PROGRAM, USE_OWN_FILES };

static int attempt(enum attempt what, int dir_fd)
{
	static char *const arguments[] = { NULL };

	if (gh_keeper_lock_in(dir_fd) != GH_OK)
		return 99;
	switch (what) {
	case READ_ELSEWHERE: return open("/etc/hostname", O_RDONLY) < 0 ? errno : 0;
	case WRITE_ELSEWHERE:
		return open("/tmp/gh-keeper-escape", O_WRONLY | O_CREAT, 0600) < 0 ? errno : 0;
	case OPEN_SOCKET: return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
	case RUN_PROGRAM: execv("/bin/true", arguments); return errno;
	case USE_OWN_FILES:
		return gh_keeper_write_file(dir_fd, "own", GH_SLICE("x"), 0600) == GH_OK ? 0 : 98;
	}
	return 97;
}

static int attempt_in_child(enum attempt what, int dir_fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		gh_log_open("child", GH_LOG_ERROR);
		_exit(attempt(what, dir_fd));
	}
	return wait_status(pid);
}

static void the_sandbox_refuses_files_sockets_and_programs(void **state)
{
	const struct place *place = *state;
	long landlock = syscall(444, NULL, 0, 1u);
	int dir_fd = open(place->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;

	status = attempt_in_child(USE_OWN_FILES, dir_fd);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	status = attempt_in_child(OPEN_SOCKET, dir_fd);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	status = attempt_in_child(RUN_PROGRAM, dir_fd);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	if (landlock < 1) {
		print_message("this kernel has no Landlock: the file fence is not tested\n");
	} else {
		status = attempt_in_child(READ_ELSEWHERE, dir_fd);
		assert_int_equal(WEXITSTATUS(status), EACCES);
		status = attempt_in_child(WRITE_ELSEWHERE, dir_fd);
		assert_int_equal(WEXITSTATUS(status), EACCES);
	}
	close(dir_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(every_message_works_inside_the_sandbox),
		in_place(a_killed_keeper_remembers_what_it_signed),
		in_place(sigterm_ends_the_keeper_cleanly),
		in_place(nonsense_on_the_socket_costs_the_peer_its_connection_only),
		in_place(a_client_gives_up_at_its_deadline_and_passes_over_late_answers),
		in_place(threads_get_their_own_answers_also_while_the_keeper_is_replaced),
		in_place(tls_shakes_hands_with_a_key_that_is_in_the_keeper),
		in_place(the_sandbox_refuses_files_sockets_and_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
