// Makes one call that must fail and prints which typed error the official client raised.
//   errors.mjs chat|stream|embeddings|model|empty
import OpenAI from "openai";

const client = new OpenAI({
    apiKey: process.env.GATEHOUSE_API_KEY,
    baseURL: process.env.GATEHOUSE_BASE_URL,
    maxRetries: 0,
});
const model = "gatehouse-demo";
const messages = [{ role: "user", content: "hello" }];
const calls = {
    chat: () => client.chat.completions.create({ model, messages }),
    stream: () => client.chat.completions.create({ model, messages, stream: true }),
    embeddings: () => client.embeddings.create({ model, input: "hello" }),
    model: () => client.models.retrieve("no-such-model"),
    empty: () => client.chat.completions.create({}),
};

try {
    await calls[process.argv[2]]();
    console.log(JSON.stringify({ raised: null }));
} catch (error) {
    console.log(
        JSON.stringify({
            raised: error.constructor.name,
            isApiError: error instanceof OpenAI.APIError,
            status: error.status,
            code: error.code,
            type: error.type,
            message: error.message,
            requestID: error.requestID,
        }),
    );
}
