// The official client with nothing changed but base URL and key: what a user's program does.
// Prints one JSON object with what each call gave.
import OpenAI from "openai";

const client = new OpenAI({
    apiKey: process.env.GATEHOUSE_API_KEY,
    baseURL: process.env.GATEHOUSE_BASE_URL,
    maxRetries: 0,
});
const model = "gatehouse-demo";
const messages = [{ role: "user", content: "Say hello to the auditors." }];

const { data: plain, request_id: plainRequestId } = await client.chat.completions
    .create({ model, messages })
    .withResponse();

const streamed = { text: "", chunks: 0, usage: null, finish: null };
const stream = await client.chat.completions.create({
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
});
for await (const chunk of stream) {
    streamed.chunks += 1;
    streamed.text += chunk.choices[0]?.delta?.content ?? "";
    streamed.finish = chunk.choices[0]?.finish_reason ?? streamed.finish;
    streamed.usage = chunk.usage ?? streamed.usage;
}

const embeddings = await client.embeddings.create({ model, input: ["one", "two", "one"] });
const floats = await client.embeddings.create({ model, input: "one", encoding_format: "float" });

const models = [];
for await (const entry of client.models.list()) models.push(entry.id);
const retrieved = await client.models.retrieve(model);

const tools = await client.chat.completions.create({
    model,
    messages: [{ role: "user", content: "Please call the tool." }],
    tools: [
        {
            type: "function",
            function: {
                name: "get_weather",
                description: "Weather of a city",
                parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
            },
        },
    ],
});

console.log(
    JSON.stringify({
        plain: {
            text: plain.choices[0].message.content,
            finish: plain.choices[0].finish_reason,
            usage: plain.usage,
            requestId: plain._request_id,
            headerRequestId: plainRequestId,
        },
        streamed,
        embeddings: embeddings.data.map((entry) => entry.embedding),
        floats: floats.data[0].embedding,
        models,
        retrieved: retrieved.id,
        tool: tools.choices[0].message.tool_calls?.[0] ?? null,
        toolFinish: tools.choices[0].finish_reason,
    }),
);
