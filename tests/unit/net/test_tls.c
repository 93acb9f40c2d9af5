/* The TLS side: versions, renegotiation, ALPN, client certificates. */
#include "fixture.h"

#include "base/clock.h"
#include "crypto/key.h"
#include "crypto/x509.h"

static int start_tls(void **state)
{
	return fixture_start(state, NULL, true);
}

static void only_tls_1_2_and_1_3_are_spoken(void **state)
{
	static const struct {
		int version;
		bool good;
	} cases[] = { { TLS1_VERSION, false },
		      { TLS1_1_VERSION, false },
		      { TLS1_2_VERSION, true },
		      { TLS1_3_VERSION, true } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		struct peer peer;
		struct gh_buf got = { 0 };
		bool joined = peer_open_tls(&peer, fixture->running.port, &fixture->ca_pem,
		                            cases[i].version, cases[i].version, NULL);
		assert_int_equal(joined, cases[i].good);
		if (joined) {
			assert_int_equal(SSL_version(peer.ssl), cases[i].version);
			assert_true(peer_say(&peer, GET("/hello")));
			assert_true(peer_read_until(&peer, &got, "world", WAIT_MS));
			assert_false(SSL_session_reused(peer.ssl));
			assert_int_equal(SSL_SESSION_has_ticket(SSL_get0_session(peer.ssl)), 0);
			assert_null(SSL_get_current_compression(peer.ssl));
		}
		gh_buf_free(&got);
		peer_close(&peer);
	}
}

static void renegotiation_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct peer peer;
	struct gh_buf got = { 0 };

	assert_true(peer_open_tls(&peer, fixture->running.port, &fixture->ca_pem, TLS1_2_VERSION,
	                          TLS1_2_VERSION, NULL));
	SSL_renegotiate(peer.ssl);
	assert_int_not_equal(SSL_do_handshake(peer.ssl), 1);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void an_unknown_protocol_in_alpn_is_refused_and_ours_is_chosen(void **state)
{
	struct fixture *fixture = *state;
	static const unsigned char h2[] = "\x02h2", both[] = "\x02h2\x08http/1.1";

	for (int i = 0; i < 2; i++) {
		struct peer peer;
		const unsigned char *chosen = NULL;
		unsigned chosen_len = 0;
		peer_open(&peer, fixture->running.port, NULL);
		peer.ctx = SSL_CTX_new(TLS_client_method());
		peer.ssl = SSL_new(peer.ctx);
		SSL_set_fd(peer.ssl, peer.fd);
		SSL_set_alpn_protos(peer.ssl, i ? both : h2, i ? sizeof both - 1 : sizeof h2 - 1);
		assert_int_equal(SSL_connect(peer.ssl) == 1, i == 1);
		SSL_get0_alpn_selected(peer.ssl, &chosen, &chosen_len);
		if (i)
			assert_memory_equal(chosen, "http/1.1", 8);
		peer_close(&peer);
	}
}

/* A certificate and its key, signed by an authority that the server does not know. */
static void make_own(struct gh_buf *out)
{
	struct gh_key *ca_key, *key;
	struct gh_buf ca = { 0 };
	const struct gh_x509_names none = { NULL, 0 };
	int64_t now_s = gh_clock_unix_s();

	assert_ok(gh_key_generate(GH_KEY_P256, &ca_key));
	assert_ok(gh_key_generate(GH_KEY_P256, &key));
	assert_ok(gh_x509_make_ca(ca_key, "stranger", now_s, 10, &ca));
	assert_ok(gh_x509_make_server(ca_key, gh_buf_slice(&ca), key, &none, now_s, 9, out));
	assert_ok(gh_key_to_private_pem(key, out));
	gh_buf_free(&ca);
	gh_key_free(ca_key);
	gh_key_free(key);
}

static void a_strange_client_certificate_is_let_through_and_flagged(void **state)
{
	struct fixture *fixture = *state;
	struct gh_buf own = { 0 }, got = { 0 };
	struct peer peer;

	make_own(&own);
	for (int with = 0; with < 2; with++) {
		gh_buf_clear(&got);
		assert_true(peer_open_tls(&peer, fixture->running.port, &fixture->ca_pem,
		                          TLS1_2_VERSION, TLS1_3_VERSION, with ? &own : NULL));
		assert_true(peer_say(&peer, GET("/certificate")));
		assert_true(peer_read_until(&peer, &got, "}", WAIT_MS));
		assert_non_null(
		    strstr(gh_buf_cstr(&got), with ? "{\"certificate\":true,\"verified\":false}"
		                                   : "{\"certificate\":false,\"verified\":true}"));
		peer_close(&peer);
	}
	gh_buf_free(&own);
	gh_buf_free(&got);
}

static void plain_http_on_a_tls_port_gets_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct gh_buf got = { 0 };
	struct peer peer;

	peer_open(&peer, fixture->running.port, NULL);
	assert_true(peer_say(&peer, GET("/hello")));
	assert_true(peer_read_all(&peer, &got, WAIT_MS));
	assert_int_equal(count_of(&got, "HTTP"), 0);
	assert_int_equal(atomic_load(&front_of(state)->heads), 0);
	gh_buf_free(&got);
	peer_close(&peer);
}

#define WITH(test, start)                                                                          \
	{                                                                                          \
#test " (" #start ")", test, start, fixture_finish, NULL                           \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(only_tls_1_2_and_1_3_are_spoken, start_tls),
		WITH(renegotiation_is_refused, start_tls),
		WITH(an_unknown_protocol_in_alpn_is_refused_and_ours_is_chosen, start_tls),
		WITH(a_strange_client_certificate_is_let_through_and_flagged, start_tls),
		WITH(plain_http_on_a_tls_port_gets_nothing, start_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
