/* embed.c: embeddings of the demo model: unit vectors drawn from the SHA-256 of the text, so that
 * the same text has the same vector on every machine and different texts are near to orthogonal.
 * They carry no meaning. */
#include <math.h>
#include <string.h>

#include "base/codec.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "model/parts.h"

#define DEFAULT_DIMENSIONS 256
#define MAX_DIMENSIONS     4096
#define MAX_INPUTS         256

/* Counter mode over SHA-256; each pair of bytes is one signed component. */
static void draw_vector(struct gh_slice text, float *vector, size_t dimensions)
{
	uint8_t seed[GH_SHA256_BYTES], block[GH_SHA256_BYTES];
	double square = 0;

	gh_sha256(text, seed);
	for (size_t i = 0; i < dimensions; i++) {
		size_t at = i % (GH_SHA256_BYTES / 2) * 2;

		if (at == 0) {
			const uint8_t counter[2] = { (uint8_t)(i >> 8), (uint8_t)i };
			const struct gh_slice parts[] = { gh_slice(seed, sizeof(seed)),
				                          gh_slice(counter, sizeof(counter)) };

			gh_sha256_of(parts, GH_ARRAY_LEN(parts), block);
		}
		/* Odd, so that no vector is zero. */
		int component = ((block[at] << 8 | block[at + 1]) | 1) - 32768;
		vector[i] = (float)component;
		square += (double)component * component;
	}
	for (size_t i = 0; i < dimensions; i++)
		vector[i] = (float)((double)vector[i] / sqrt(square));
}

/* Little-endian binary32 in base64, the form that OpenAI's client asks for by default. */
static json_t *as_base64(const float *vector, size_t dimensions)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf bytes = { 0 }, text = { 0 };

	for (size_t i = 0; i < dimensions; i++) {
		uint32_t bits;

		memcpy(&bits, &vector[i], sizeof(bits));
		for (int shift = 0; shift < 32; shift += 8)
			gh_buf_add_byte(&bytes, (uint8_t)(bits >> shift));
	}
	gh_base64_encode(gh_buf_slice(&bytes), &text);
	return json_stringn(gh_buf_cstr(&text), text.len);
}

static json_t *as_floats(const float *vector, size_t dimensions)
{
	json_t *list = json_array();

	for (size_t i = 0; i < dimensions; i++)
		json_array_append_new(list, json_real((double)vector[i]));
	return list;
}

/* What one input is hashed from: its text, or its token numbers as JSON. NULL when it is neither.
 */
static char *text_of(json_t *input)
{
	json_t *token;
	size_t i;

	if (json_is_string(input))
		return strdup(json_string_value(input));
	if (!json_is_array(input) || json_array_size(input) == 0)
		return NULL;
	json_array_foreach(input, i, token) if (!json_is_integer(token)) return NULL;
	return json_dumps(input, JSON_COMPACT);
}

/* One string, a list of token numbers, or a list of either: always seen as a list. */
static json_t *inputs_of(json_t *request)
{
	json_t *input = json_object_get(request, "input");

	if (json_is_string(input) ||
	    (json_is_array(input) && json_is_integer(json_array_get(input, 0))))
		return json_pack("[O]", input);
	return json_incref(input);
}

static size_t dimensions_of(json_t *request)
{
	json_t *wanted = json_object_get(request, "dimensions");

	if (!wanted || json_is_null(wanted))
		return DEFAULT_DIMENSIONS;
	if (!json_is_integer(wanted) || json_integer_value(wanted) < 1 ||
	    json_integer_value(wanted) > MAX_DIMENSIONS)
		return 0;
	return (size_t)json_integer_value(wanted);
}

static gh_result embed_all(json_t *inputs, size_t dimensions, bool base64, json_t *data,
                           json_int_t *tokens, struct gh_model_answer *answer)
{
	float vector[MAX_DIMENSIONS];
	json_t *input;
	size_t i;

	json_array_foreach(inputs, i, input)
	{
		GH_CLEANUP(gh_free_ptr) char *text = text_of(input);

		if (!text)
			return gh_model_refuse(answer, 400, "input",
			                       "`input` must be strings or lists of token numbers");
		draw_vector(gh_slice_str(text), vector, dimensions);
		*tokens += gh_model_count_tokens(gh_slice_str(text));
		json_array_append_new(data, json_pack("{s:s,s:I,s:o}", "object", "embedding",
		                                      "index", (json_int_t)i, "embedding",
		                                      base64 ? as_base64(vector, dimensions)
		                                             : as_floats(vector, dimensions)));
	}
	return GH_OK;
}

gh_result gh_model_embed(json_t *request, struct gh_model_answer *answer)
{
	const char *format = json_string_value(json_object_get(request, "encoding_format"));
	GH_CLEANUP(gh_json_decref_ptr) json_t *inputs = inputs_of(request);
	GH_CLEANUP(gh_json_decref_ptr) json_t *data = json_array();
	size_t dimensions = dimensions_of(request);
	json_int_t tokens = 0;

	if (!json_is_array(inputs) || json_array_size(inputs) == 0 ||
	    json_array_size(inputs) > MAX_INPUTS)
		return gh_model_refuse(answer, 400, "input",
		                       "`input` must be a string or a list of up to 256");
	if (dimensions == 0)
		return gh_model_refuse(answer, 400, "dimensions",
		                       "`dimensions` must be between 1 and 4096");
	if (format && strcmp(format, "base64") != 0 && strcmp(format, "float") != 0)
		return gh_model_refuse(answer, 400, "encoding_format",
		                       "`encoding_format` must be float or base64");
	GH_TRY(embed_all(inputs, dimensions, format && strcmp(format, "base64") == 0, data, &tokens,
	                 answer));
	if (answer->status != 200)
		return GH_OK;
	return gh_model_say(answer, json_pack("{s:s,s:s,s:O,s:{s:I,s:I}}", "object", "list",
	                                      "model", GH_MODEL_NAME, "data", data, "usage",
	                                      "prompt_tokens", tokens, "total_tokens", tokens));
}
