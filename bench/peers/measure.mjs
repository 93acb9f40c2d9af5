// Redactors from npm on labelled rows or on texts, for tools/eval-pii and bench/pii.py.
//   measure.mjs rows    stdin: {"text","spans":[{"start","end","class"}],"clean":bool} a line
//   measure.mjs speed   stdin: {"name","texts":[…]} a line
// stdout: one JSON object, keyed by package. A value counts as taken out when its text is no longer
// in the output: generous, since whole documents could be blanked.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const version = (name) => require(`./node_modules/${name}/package.json`).version;

async function redactors() {
	const { SyncRedactor } = require('redact-pii');
	const { OpenRedaction } = await import('@openredaction/openredaction');
	const { Redactor } = await import('@redactpii/node');
	const { removePII } = await import('@coffeeandfun/remove-pii');
	const plain = new SyncRedactor();
	const open = new OpenRedaction();
	const node = new Redactor();
	const list = [
		['redact-pii', (text) => plain.redact(text)],
		['@openredaction/openredaction', async (text) => (await open.detect(text)).redacted],
		['@redactpii/node', (text) => node.redact(text)],
		['@coffeeandfun/remove-pii', (text) => removePII(text)],
	];
	return list.map(([name, run]) => ({ name: `${name} ${version(name)}`, run }));
}

const lines = readFileSync(0, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

async function onRows(run) {
	const classes = {};
	let clean = 0, altered = 0, bytes = 0, seconds = 0;

	for (const row of lines) {
		const raw = Buffer.from(row.text);
		const begin = process.hrtime.bigint();
		const out = String(await run(row.text) ?? '');
		seconds += Number(process.hrtime.bigint() - begin) / 1e9;
		bytes += raw.length;
		if (row.clean) {
			clean++;
			altered += out !== row.text;
		}
		for (const span of row.spans) {
			const value = raw.subarray(span.start, span.end).toString();
			const of = classes[span.class] ??= { gold: 0, gone: 0 };
			of.gold++;
			of.gone += !out.includes(value);
		}
	}
	return { classes, clean, altered, mb_per_s: bytes / seconds / 1e6 };
}

const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];

// The median over the texts of each one's best of three: what a busy machine cannot make faster.
async function onTexts(run) {
	const groups = {};

	for (const { name, texts } of lines) {
		const each = [];
		for (let round = 0; round < 3; round++) {
			for (const [i, text] of texts.entries()) {
				const begin = process.hrtime.bigint();
				await run(text);
				const took = Number(process.hrtime.bigint() - begin) / 1e3;
				each[i] = Math.min(each[i] ?? Infinity, took);
			}
		}
		groups[name] = median(each);
	}
	return groups;
}

const result = {};
for (const { name, run } of await redactors())
	result[name] = process.argv[2] === 'rows' ? await onRows(run) : await onTexts(run);
console.log(JSON.stringify(result));
