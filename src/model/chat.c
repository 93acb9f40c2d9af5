/* chat.c: chat completions and plain completions of the demo model. It repeats the last thing that
 * was said to it, so that a reader can see what the gateway let through; asked for a tool it calls
 * the first one. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "model/parts.h"

#define MAX_CHOICES 8

/* One request, read. Pointers are into its JSON tree. */
struct chat {
	char id[GH_MODEL_ID_BYTES];
	json_int_t created;
	struct gh_buf prompt; /* the last message's text */
	struct gh_buf reply;
	json_int_t prompt_tokens;
	json_t *tool; /* the function to be called, or NULL */
	struct gh_buf arguments;
	json_int_t choices;
	bool stream;
	bool with_usage;
};

static void chat_free(struct chat *chat)
{
	gh_buf_free(&chat->prompt);
	gh_buf_free(&chat->reply);
	gh_buf_free(&chat->arguments);
}

/* Text of a message's content: a string, or the text parts of an array. */
static void add_content(json_t *content, struct gh_buf *out)
{
	json_t *part;
	size_t i;

	if (json_is_string(content)) {
		gh_buf_add(out, json_string_value(content), json_string_length(content));
		return;
	}
	json_array_foreach(content, i, part)
	{
		json_t *text = json_object_get(part, "text");

		if (json_is_string(text))
			gh_buf_add(out, json_string_value(text), json_string_length(text));
	}
}

static gh_result read_messages(json_t *messages, struct chat *chat)
{
	json_t *message;
	size_t i;

	json_array_foreach(messages, i, message)
	{
		struct gh_buf text = { 0 };

		add_content(json_object_get(message, "content"), &text);
		chat->prompt_tokens += gh_model_count_tokens(gh_buf_slice(&text));
		if (i + 1 == json_array_size(messages))
			gh_buf_add_slice(&chat->prompt, gh_buf_slice(&text));
		gh_buf_free(&text);
	}
	return gh_buf_check(&chat->prompt);
}

static bool messages_are_sane(json_t *messages)
{
	json_t *message;
	size_t i;

	if (!json_is_array(messages) || json_array_size(messages) == 0)
		return false;
	json_array_foreach(messages, i, message) if (!json_is_string(json_object_get(
	                                                 message, "role"))) return false;
	return true;
}

/* The function that the request asks for: named or required by tool_choice, or because the prompt
 * speaks of a tool. Never twice: a tool's result is answered with words. */
static json_t *choose_tool(json_t *request, json_t *last_message, const char *prompt)
{
	json_t *choice = json_object_get(request, "tool_choice");
	json_t *tools = json_object_get(request, "tools"), *tool;
	const char *word = json_string_value(choice), *role, *wanted;
	size_t i;

	role = json_string_value(json_object_get(last_message, "role"));
	if (!json_is_array(tools) || (word && strcmp(word, "none") == 0) ||
	    (role && strcmp(role, "tool") == 0))
		return NULL;
	wanted = json_string_value(json_object_get(json_object_get(choice, "function"), "name"));
	if (!wanted && !(word && strcmp(word, "required") == 0) && !strstr(prompt, "tool"))
		return NULL;
	json_array_foreach(tools, i, tool)
	{
		json_t *function = json_object_get(tool, "function");
		const char *name = json_string_value(json_object_get(function, "name"));

		if (name && (!wanted || strcmp(wanted, name) == 0))
			return function;
	}
	return NULL;
}

/* A value of the type that the parameter's schema asks for. */
static json_t *sample_of(json_t *schema, const char *prompt)
{
	const char *type = json_string_value(json_object_get(schema, "type"));

	if (type && (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0))
		return json_integer(1);
	if (type && strcmp(type, "boolean") == 0)
		return json_true();
	if (type && strcmp(type, "array") == 0)
		return json_array();
	if (type && strcmp(type, "object") == 0)
		return json_object();
	return json_string(prompt);
}

/* Every required parameter; those that are strings get the prompt, so that it shows in the call. */
static gh_result write_arguments(json_t *function, const char *prompt, struct gh_buf *out)
{
	json_t *parameters = json_object_get(function, "parameters");
	json_t *properties = json_object_get(parameters, "properties"), *name;
	GH_CLEANUP(gh_json_decref_ptr) json_t *arguments = json_object();
	size_t i;

	json_array_foreach(json_object_get(parameters, "required"), i, name)
	{
		const char *key = json_string_value(name);

		if (key)
			json_object_set_new(arguments, key,
			                    sample_of(json_object_get(properties, key), prompt));
	}
	char *text = json_dumps(arguments, JSON_COMPACT);
	GH_ENSURE(text, GH_E_MEMORY, "out of memory");
	gh_buf_add_str(out, text);
	free(text);
	return gh_buf_check(out);
}

static json_int_t completion_tokens(const struct chat *chat)
{
	const struct gh_buf *said = chat->tool ? &chat->arguments : &chat->reply;

	return chat->choices * gh_model_count_tokens(gh_buf_slice(said));
}

static json_t *usage_of(const struct chat *chat)
{
	json_int_t said = completion_tokens(chat);

	return json_pack("{s:I,s:I,s:I}", "prompt_tokens", chat->prompt_tokens, "completion_tokens",
	                 said, "total_tokens", chat->prompt_tokens + said);
}

static const char *finish_of(const struct chat *chat)
{
	return chat->tool ? "tool_calls" : "stop";
}

static json_t *tool_call(const struct chat *chat, const char *arguments, size_t len)
{
	return json_pack("{s:i,s:s,s:s,s:{s:s,s:s%}}", "index", 0, "id", "call_gatehouse_demo",
	                 "type", "function", "function", "name",
	                 json_string_value(json_object_get(chat->tool, "name")), "arguments",
	                 arguments, len);
}

static json_t *whole_message(const struct chat *chat)
{
	if (chat->tool) {
		json_t *call = tool_call(chat, gh_buf_cstr(&chat->arguments), chat->arguments.len);

		json_object_del(call, "index");
		return json_pack("{s:s,s:n,s:n,s:[o]}", "role", "assistant", "content", "refusal",
		                 "tool_calls", call);
	}
	return json_pack("{s:s,s:s%,s:n}", "role", "assistant", "content",
	                 gh_buf_cstr(&chat->reply), chat->reply.len, "refusal");
}

static gh_result say_whole(const struct chat *chat, struct gh_model_answer *answer)
{
	json_t *choices = json_array();

	for (json_int_t i = 0; i < chat->choices; i++)
		json_array_append_new(choices, json_pack("{s:I,s:o,s:n,s:s}", "index", i, "message",
		                                         whole_message(chat), "logprobs",
		                                         "finish_reason", finish_of(chat)));
	return gh_model_say(answer,
	                    json_pack("{s:s,s:s,s:I,s:s,s:o,s:o}", "id", chat->id, "object",
	                              "chat.completion", "created", chat->created, "model",
	                              GH_MODEL_NAME, "choices", choices, "usage", usage_of(chat)));
}

/* One event. `delta` is released; usage is null in all but the last, and only when it was asked
 * for. */
static gh_result say_delta(const struct chat *chat, json_int_t index, json_t *delta,
                           const char *finish, struct gh_model_answer *answer)
{
	json_t *event = json_pack("{s:s,s:s,s:I,s:s,s:[{s:I,s:o,s:n,s:s?}]}", "id", chat->id,
	                          "object", "chat.completion.chunk", "created", chat->created,
	                          "model", GH_MODEL_NAME, "choices", "index", index, "delta", delta,
	                          "logprobs", "finish_reason", finish);

	if (chat->with_usage)
		json_object_set_new(event, "usage", json_null());
	return gh_model_say_event(answer, event);
}

static gh_result stream_choice(const struct chat *chat, json_int_t index,
                               struct gh_model_answer *answer)
{
	const struct gh_buf *said = chat->tool ? &chat->arguments : &chat->reply;
	struct gh_slice piece;

	if (chat->tool)
		GH_TRY(say_delta(chat, index,
		                 json_pack("{s:s,s:n,s:[o]}", "role", "assistant", "content",
		                           "tool_calls", tool_call(chat, "", 0)),
		                 NULL, answer));
	else
		GH_TRY(say_delta(chat, index,
		                 json_pack("{s:s,s:s}", "role", "assistant", "content", ""), NULL,
		                 answer));
	for (size_t at = 0; gh_model_next_piece(gh_buf_slice(said), &at, &piece);) {
		json_t *delta =
		    chat->tool
		        ? json_pack("{s:[{s:i,s:{s:s%}}]}", "tool_calls", "index", 0, "function",
		                    "arguments", (const char *)piece.data, piece.len)
		        : json_pack("{s:s%}", "content", (const char *)piece.data, piece.len);
		GH_TRY(say_delta(chat, index, delta, NULL, answer));
	}
	return say_delta(chat, index, json_object(), finish_of(chat), answer);
}

static gh_result say_streamed(const struct chat *chat, struct gh_model_answer *answer)
{
	answer->stream = true;
	for (json_int_t i = 0; i < chat->choices; i++)
		GH_TRY(stream_choice(chat, i, answer));
	if (chat->with_usage)
		GH_TRY(gh_model_say_event(
		    answer, json_pack("{s:s,s:s,s:I,s:s,s:[],s:o}", "id", chat->id, "object",
		                      "chat.completion.chunk", "created", chat->created, "model",
		                      GH_MODEL_NAME, "choices", "usage", usage_of(chat))));
	return gh_model_end_stream(answer);
}

/* How many answers are wanted; 0 when the request's number is none that this model gives. */
static json_int_t choices_of(json_t *request)
{
	json_t *n = json_object_get(request, "n");

	if (!n || json_is_null(n))
		return 1;
	return json_is_integer(n) && json_integer_value(n) >= 1 &&
	               json_integer_value(n) <= MAX_CHOICES
	           ? json_integer_value(n)
	           : 0;
}

static gh_result fill_chat(json_t *request, struct gh_slice raw, struct chat *chat)
{
	json_t *messages = json_object_get(request, "messages");
	json_t *last = json_array_get(messages, json_array_size(messages) - 1);

	gh_model_id("chatcmpl", raw, chat->id);
	chat->created = gh_clock_unix_s();
	chat->stream = json_is_true(json_object_get(request, "stream"));
	chat->with_usage = json_is_true(
	    json_object_get(json_object_get(request, "stream_options"), "include_usage"));
	GH_TRY(read_messages(messages, chat));
	chat->tool = choose_tool(request, last, gh_buf_cstr(&chat->prompt));
	if (chat->tool)
		return write_arguments(chat->tool, gh_buf_cstr(&chat->prompt), &chat->arguments);
	gh_model_reply(gh_buf_cstr(&chat->prompt), &chat->reply);
	return gh_buf_check(&chat->reply);
}

gh_result gh_model_chat(json_t *request, struct gh_slice raw, struct gh_model_answer *answer)
{
	GH_CLEANUP(chat_free) struct chat chat = { .choices = choices_of(request) };

	if (!messages_are_sane(json_object_get(request, "messages")))
		return gh_model_refuse(answer, 400, "messages",
		                       "`messages` must be a list of objects with a role");
	if (chat.choices == 0)
		return gh_model_refuse(answer, 400, "n", "`n` must be between 1 and 8");
	GH_TRY(fill_chat(request, raw, &chat));
	/* A stream of one event a word has its limit; a longer answer is refused before it begins.
	 */
	if (chat.stream && completion_tokens(&chat) + 3 * chat.choices + 2 > GH_MODEL_MAX_PARTS)
		return gh_model_refuse(answer, 400, "messages",
		                       "this demo model does not stream an echo of that length");
	return chat.stream ? say_streamed(&chat, answer) : say_whole(&chat, answer);
}

static gh_result say_completion(const char *id, const char *text, json_int_t prompt_tokens,
                                struct gh_model_answer *answer)
{
	json_int_t said = gh_model_count_tokens(gh_slice_str(text));

	return gh_model_say(
	    answer,
	    json_pack("{s:s,s:s,s:I,s:s,s:[{s:i,s:s,s:n,s:s}],s:{s:I,s:I,s:I}}", "id", id, "object",
	              "text_completion", "created", (json_int_t)gh_clock_unix_s(), "model",
	              GH_MODEL_NAME, "choices", "index", 0, "text", text, "logprobs",
	              "finish_reason", "stop", "usage", "prompt_tokens", prompt_tokens,
	              "completion_tokens", said, "total_tokens", prompt_tokens + said));
}

static gh_result stream_completion(const char *id, struct gh_slice text,
                                   struct gh_model_answer *answer)
{
	struct gh_slice piece;
	size_t at = 0;
	bool more = gh_model_next_piece(text, &at, &piece);

	answer->stream = true;
	while (more) {
		struct gh_slice said = piece;

		more = gh_model_next_piece(text, &at, &piece);
		GH_TRY(gh_model_say_event(
		    answer,
		    json_pack("{s:s,s:s,s:I,s:s,s:[{s:i,s:s%,s:n,s:s?}]}", "id", id, "object",
		              "text_completion", "created", (json_int_t)gh_clock_unix_s(), "model",
		              GH_MODEL_NAME, "choices", "index", 0, "text", (const char *)said.data,
		              said.len, "logprobs", "finish_reason", more ? NULL : "stop")));
	}
	return gh_model_end_stream(answer);
}

gh_result gh_model_completion(json_t *request, struct gh_slice raw, struct gh_model_answer *answer)
{
	json_t *prompt = json_object_get(request, "prompt");
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };
	char id[GH_MODEL_ID_BYTES];

	if (json_is_array(prompt) && json_array_size(prompt) == 1)
		prompt = json_array_get(prompt, 0);
	if (!json_is_string(prompt))
		return gh_model_refuse(answer, 400, "prompt", "`prompt` must be one string");
	gh_model_id("cmpl", raw, id);
	gh_model_reply(json_string_value(prompt), &text);
	GH_TRY(gh_buf_check(&text));
	if (!json_is_true(json_object_get(request, "stream")))
		return say_completion(
		    id, gh_buf_cstr(&text),
		    gh_model_count_tokens(gh_slice_str(json_string_value(prompt))), answer);
	if (gh_model_count_tokens(gh_buf_slice(&text)) + 1 > GH_MODEL_MAX_PARTS)
		return gh_model_refuse(answer, 400, "prompt",
		                       "this demo model does not stream an echo of that length");
	return stream_completion(id, gh_buf_slice(&text), answer);
}
