/* The attack tokens, judged by the library and by the program, and how fast a good one is. */
#include "../gh_test.h"
#include "../crypto/shared.h"

#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/slice.h"
#include "token/verify.h"

#define VECTORS "vectors/identity/jwt/attacks.json"
/* The design's bound; a machine that is busy or checks memory needs more, and shows it. */
#define CHECK_MAX_US 30.0

struct vectors {
	json_t *data;
	struct gh_jwks *keys;
	struct gh_token_rules rules;
};

static bool load(struct vectors *vectors)
{
	vectors->data = shared_json(VECTORS);
	if (!vectors->data)
		return false;
	char *set = json_dumps(json_object_get(vectors->data, "jwks"), 0);
	assert_ok(gh_jwks_parse(gh_slice_str(set), &vectors->keys));
	free(set);
	vectors->rules = (struct gh_token_rules){
		.keys = vectors->keys,
		.issuer = gh_slice_str(text_of(vectors->data, "iss")),
		.audience = gh_slice_str(text_of(vectors->data, "aud")),
		.now_s = json_integer_value(json_object_get(vectors->data, "now")),
	};
	return true;
}

static void unload(struct vectors *vectors)
{
	gh_jwks_free(vectors->keys);
	json_decref(vectors->data);
}

static struct gh_slice token_of(const json_t *vector)
{
	const json_t *token = json_object_get(vector, "token");

	return gh_slice(json_string_value(token), json_string_length(token));
}

static void every_attack_token_is_judged_as_labelled(void **state)
{
	struct vectors vectors;
	size_t i, accepted = 0, refused = 0;
	json_t *vector;

	if (!load(&vectors))
		skip();
	json_array_foreach(json_object_get(vectors.data, "vectors"), i, vector)
	{
		struct gh_arena *arena = gh_arena_new(65536);
		const struct gh_claims *claims = NULL;
		const char *reason = NULL;
		/* An exact copy on the heap: a sanitizer sees a read beyond its end. */
		struct gh_slice token = token_of(vector);
		uint8_t *copy = malloc(token.len ? token.len : 1);
		memcpy(copy, token.data, token.len);
		bool taken = gh_token_verify(&vectors.rules, gh_slice(copy, token.len), arena,
		                             &claims, &reason) == GH_OK;
		if (taken != (strcmp(text_of(vector, "expect"), "accept") == 0))
			fail_msg("%s should be %sed", text_of(vector, "name"),
			         text_of(vector, "expect"));
		assert_true(taken || reason);
		*(taken ? &accepted : &refused) += 1;
		free(copy);
		gh_arena_free(arena);
	}
	print_message("attack tokens: %zu accepted, %zu refused\n", accepted, refused);
	assert_true(accepted >= 4 && refused >= 100);
	unload(&vectors);
}

/* Feeds `input` to the program; its standard output in `out`, its exit status as the result. */
static int run_program(char *const *arguments, const char *input, size_t input_len, char *out,
                       size_t out_size)
{
	FILE *in = tmpfile(), *result = tmpfile();
	int status;

	assert_true(in && result);
	assert_int_equal(fwrite(input, 1, input_len, in), input_len);
	rewind(in);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fileno(in), STDIN_FILENO);
		dup2(fileno(result), STDOUT_FILENO);
		execv(TOKEN_CHECK, arguments);
		_exit(126);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rewind(result);
	out[fread(out, 1, out_size - 1, result)] = 0;
	fclose(in);
	fclose(result);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void the_program_judges_one_token_a_line(void **state)
{
	struct vectors vectors;
	static char input[1 << 20], output[1 << 20];
	char path[] = "/tmp/gh-jwks-XXXXXX", now[32];
	size_t used = 0, i, line_count = 0;
	json_t *vector;

	if (!load(&vectors))
		skip();
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	char *set = json_dumps(json_object_get(vectors.data, "jwks"), 0);
	assert_int_equal(write(fd, set, strlen(set)), strlen(set));
	close(fd);
	free(set);
	json_array_foreach(json_object_get(vectors.data, "vectors"), i, vector)
	{
		struct gh_slice token = token_of(vector);
		if (memchr(token.data, '\n', token.len))
			continue; /* cannot be one line */
		memcpy(input + used, token.data, token.len);
		input[used + token.len] = '\n';
		used += token.len + 1;
	}
	/* A NUL, an empty line, a carriage return, a very long line, and a last line without end.
	 */
	memcpy(input + used, "a\0b\n\nx\r\n", 8);
	used += 8;
	memset(input + used, 'A', 300000);
	used += 300000;
	memcpy(input + used, "\nlast", 5);
	used += 5;

	snprintf(now, sizeof now, "%lld", (long long)vectors.rules.now_s);
	char *arguments[] = { (char *)"token",
		              (char *)"check",
		              (char *)"--jwks",
		              path,
		              (char *)"--issuer",
		              (char *)text_of(vectors.data, "iss"),
		              (char *)"--audience",
		              (char *)text_of(vectors.data, "aud"),
		              (char *)"--now",
		              now,
		              NULL };
	assert_int_equal(run_program(arguments, input, used, output, sizeof output), 0);

	char *at = output;
	json_array_foreach(json_object_get(vectors.data, "vectors"), i, vector)
	{
		struct gh_slice token = token_of(vector);
		if (memchr(token.data, '\n', token.len))
			continue;
		json_t *verdict = json_loads(at, JSON_DISABLE_EOF_CHECK, NULL);
		assert_non_null(verdict);
		bool ok = json_is_true(json_object_get(verdict, "ok"));
		if (ok != (strcmp(text_of(vector, "expect"), "accept") == 0))
			fail_msg("%s should be %sed", text_of(vector, "name"),
			         text_of(vector, "expect"));
		assert_true(ok ? json_is_object(json_object_get(verdict, "claims"))
		               : json_is_string(json_object_get(verdict, "reason")));
		json_decref(verdict);
		at = strchr(at, '\n') + 1;
		line_count++;
	}
	assert_true(line_count > 100);
	assert_string_equal(at, "{\"ok\":false,\"reason\":\"malformed\"}\n"
	                        "{\"ok\":false,\"reason\":\"malformed\"}\n"
	                        "{\"ok\":false,\"reason\":\"malformed\"}\n"
	                        "{\"ok\":false,\"reason\":\"too-long\"}\n"
	                        "{\"ok\":false,\"reason\":\"malformed\"}\n");
	unlink(path);
	unload(&vectors);
}

static void wrong_use_of_the_program_is_exit_2(void **state)
{
	static char output[4096];
	char *const lines[][12] = {
		{ (char *)"token", NULL },
		{ (char *)"token", (char *)"chek", NULL },
		{ (char *)"token", (char *)"check", NULL },
		{ (char *)"token", (char *)"check", (char *)"--jwks", NULL },
		{ (char *)"token", (char *)"check", (char *)"--bogus", (char *)"1", NULL },
		{ (char *)"token", (char *)"check", (char *)"--jwks", (char *)"/nonexistent",
		  (char *)"--issuer", (char *)"i", (char *)"--audience", (char *)"a", NULL },
		{ (char *)"token", (char *)"check", (char *)"--jwks", (char *)"/dev/null",
		  (char *)"--issuer", (char *)"i", (char *)"--audience", (char *)"a", NULL },
		{ (char *)"token", (char *)"check", (char *)"--jwks", (char *)"/dev/zero",
		  (char *)"--issuer", (char *)"i", (char *)"--audience", (char *)"a", NULL },
		{ (char *)"token", (char *)"check", (char *)"--jwks", (char *)"/dev/null",
		  (char *)"--issuer", (char *)"i", (char *)"--audience", (char *)"a",
		  (char *)"--now", (char *)"soon", NULL },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(lines); i++) {
		assert_int_equal(run_program(lines[i], "x\n", 2, output, sizeof output), 2);
		assert_string_equal(output, "");
	}
}

static double thread_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void a_check_takes_at_most_30_microseconds(void **state)
{
	struct vectors vectors;
	double best_us = 1e9;
	size_t i;
	json_t *vector, *good = NULL;

	if (!load(&vectors))
		skip();
	json_array_foreach(json_object_get(vectors.data, "vectors"), i,
	                   vector) if (strcmp(text_of(vector, "expect"), "accept") == 0) good =
	    vector;
	for (int round = 0; round < 50; round++) {
		double start_us = thread_us();
		for (int n = 0; n < 100; n++) {
			struct gh_arena *arena = gh_arena_new(65536);
			const struct gh_claims *claims;
			const char *reason;
			assert_ok(gh_token_verify(&vectors.rules, token_of(good), arena, &claims,
			                          &reason));
			gh_arena_free(arena);
		}
		double took_us = (thread_us() - start_us) / 100;
		best_us = took_us < best_us ? took_us : best_us;
	}
	print_message("one token check: %.1f us of CPU (%zu bytes)\n", best_us, token_of(good).len);
#ifndef GH_SANITIZED
	assert_true(best_us <= CHECK_MAX_US);
#endif
	unload(&vectors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_attack_token_is_judged_as_labelled),
		cmocka_unit_test(the_program_judges_one_token_a_line),
		cmocka_unit_test(wrong_use_of_the_program_is_exit_2),
		cmocka_unit_test(a_check_takes_at_most_30_microseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
