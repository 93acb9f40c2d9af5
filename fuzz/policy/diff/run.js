// The differential test: random cases to our engine (one JSON line each way) and to the official Cedar
// Wasm build, compared. Ends with "N decisions, N policies, N sets of facts, N validations, N schemas,
// 0 mismatches"; exit 1 when there is one.
//   node run.js ENGINE [--decisions N] [--policies N] [--facts N] [--validations N] [--schemas N] [--seed N] [--show N]
'use strict';
const { spawn } = require('node:child_process');
const readline = require('node:readline');
const { isDeepStrictEqual } = require('node:util');
const cedar = require('@cedar-policy/cedar-wasm/nodejs');
const { generator } = require('./generate.js');
const { generator: schemaGenerator } = require('./schemas.js');
const validating = require('./validate.js');

const option = (name, otherwise) => {
  const at = process.argv.indexOf('--' + name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const REQUESTS = 20; // for each set of policies and entities
const RULES = 8; // policies for each schema
const wanted = {
  decisions: option('decisions', 20000), policies: option('policies', 4000), facts: option('facts', 4000),
  validations: option('validations', 8000), schemas: option('schemas', 4000),
};
const seed = option('seed', 1);
const done = { decisions: 0, policies: 0, facts: 0, validations: 0, schemas: 0, accepted: 0, refused: 0, allow: 0, errors: 0 };
const held = {}; // kind: [valid, not valid], as the oracle says
let mismatches = 0;

const engine = spawn(process.argv[2], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = readline.createInterface({ input: engine.stdout });
const waiting = [];
lines.on('line', (line) => waiting.shift()(JSON.parse(line)));
engine.on('exit', (code) => {
  if (waiting.length || code) {
    console.error(`the engine ended with ${code}, ${waiting.length} answers outstanding`);
    process.exit(2);
  }
});
const ask = (test) => new Promise((resolve) => {
  waiting.push(resolve);
  engine.stdin.write(JSON.stringify(test) + '\n');
});

function mismatch(kind, test, ours, theirs) {
  mismatches++;
  if (mismatches <= option('show', 20)) console.log(JSON.stringify({ kind, test, ours, theirs }));
}

const sorted = (list) => [...list].sort();

function oracle(test) {
  const policies = { staticPolicies: test.p, templates: test.templates || {}, templateLinks: test.l || [] };
  const ready = cedar.preparsePolicySet('case', policies);
  if (ready.type !== 'success') return { refused: ready.errors[0].message };
  const entities = cedar.checkParseEntities({ entities: test.e });
  if (entities.type !== 'success') return { refused: entities.errors[0].message };
  return test.r.map(([principal, action, resource, context]) => {
    const answer = cedar.statefulIsAuthorized({ principal, action, resource, context, preparsedPolicySetId: 'case', entities: test.e });
    if (answer.type !== 'success') return { refused: answer.errors[0].message };
    const { decision, diagnostics } = answer.response;
    return [decision === 'allow' ? 'A' : 'D', sorted(diagnostics.reason), sorted(diagnostics.errors.map((e) => e.policyId))];
  });
}

async function decisions(generate) {
  const test = generate.decision(REQUESTS);
  const { templates, ...line } = test;
  const ours = await ask(line);
  const theirs = oracle(test);
  done.decisions += REQUESTS;
  if (!Array.isArray(ours) || !Array.isArray(theirs)) {
    if (Array.isArray(ours) !== Array.isArray(theirs)) mismatch('refusal', test, ours, theirs);
    return;
  }
  ours.forEach((one, i) => {
    const mine = [one[0], sorted(one[1]), sorted(one[2])];
    if (one[0] === 'A') done.allow++;
    if (one[2].length) done.errors++;
    if (!isDeepStrictEqual(mine, theirs[i])) mismatch('decision', { ...test, r: [test.r[i]] }, mine, theirs[i]);
  });
}

// Are the entities taken or refused?
async function facts(generate) {
  const test = generate.facts();
  const ours = await ask(test);
  const theirs = cedar.checkParseEntities({ entities: test.e });
  done.facts++;
  if (Array.isArray(ours) !== (theirs.type === 'success')) mismatch('facts', test.e, ours, theirs.errors && theirs.errors[0].message);
}

// The two writers differ in form only: `has` with a path, and how literals of a pattern are cut.
function normal(json) {
  if (Array.isArray(json)) return json.map(normal);
  if (json === null || typeof json !== 'object') return json;
  const keys = Object.keys(json);
  if (keys.length === 1 && json.has && Array.isArray(json.has.attr)) {
    let at = normal(json.has.left), all = null;
    for (const attr of json.has.attr) {
      const one = { has: { left: at, attr } };
      all = all ? { '&&': { left: all, right: one } } : one;
      at = { '.': { left: at, attr } };
    }
    return all;
  }
  if (keys.length === 1 && json.like && Array.isArray(json.like.pattern)) {
    const pattern = [];
    for (const part of json.like.pattern) {
      const last = pattern[pattern.length - 1];
      if (part.Literal !== undefined && last && last.Literal !== undefined) last.Literal += part.Literal;
      else pattern.push(part === 'Wildcard' ? part : { Literal: part.Literal });
    }
    return { like: { left: normal(json.like.left), pattern: pattern.filter((p) => p.Literal !== '') } };
  }
  if (json.op === 'in' && json.entities && json.entities.length === 1) return { op: 'in', entity: json.entities[0] };
  return Object.fromEntries(keys.map((k) => [k, normal(json[k])]));
}

async function policies(generate) {
  const text = generate.r.chance(70) ? generate.mutated() : generate.policy(generate.r.chance(20));
  const template = /\?(principal|resource)/.test(text);
  let theirs = cedar.policyToJson(text);
  if (theirs.type !== 'success' && template) theirs = cedar.templateToJson(text);
  const accepted = theirs.type === 'success';
  // Numbers beyond 2^53 do not survive the oracle's JSON, so such trees are compared by text only.
  const exact = accepted && !/\d{16}/.test(text);
  const ours = await ask({ parse: text, ...(exact && { json: theirs.json }) });
  done.policies++;
  done[accepted ? 'accepted' : 'refused']++;
  if (!accepted) {
    // Several policies, or none, are fine for us but not for policyToJson.
    if (!ours.refused && ours.policies.length === 1) mismatch('accepted', text, ours, theirs.errors[0].message);
    return;
  }
  if (ours.refused) return mismatch('refused', text, ours, theirs.json);
  const convert = template && cedar.policyToJson(text).type !== 'success' ? cedar.templateToJson : cedar.policyToJson;
  const again = convert(ours.text);
  if (again.type !== 'success' || !isDeepStrictEqual(normal(again.json), normal(theirs.json))) mismatch('format', text, ours.text, again);
  if (!exact) return;
  if (!isDeepStrictEqual(normal(ours.policies[0]), normal(theirs.json))) mismatch('json out', text, ours.policies[0], theirs.json);
  const back = convert(ours.again);
  if (back.type !== 'success' || !isDeepStrictEqual(normal(back.json), normal(theirs.json))) mismatch('json in', text, ours.again, theirs.json);
}

const count = (kind, valid) => { (held[kind] = held[kind] || [0, 0])[valid ? 0 : 1]++; };

async function validations(generate) {
  const test = generate.validation(RULES);
  const theirs = validating.oracle(test);
  const ours = await ask(test);
  done.validations += RULES;
  validating.compare(test, ours, theirs, count, mismatch);
}

async function schemas(generate) {
  const schema = generate.schema();
  const theirs = validating.schemaTaken(schema);
  const ours = await ask({ schema });
  done.schemas++;
  count('schemas', theirs === true);
  if (theirs === true && ours.refused && typeof schema === 'string' && validating.hasTwins(schema)) return;
  // An empty list where an object belongs is an object of defaults to theirs.
  if (theirs === true && /an object belongs here/.test(ours.refused)) return;
  if (Boolean(ours.refused) === (theirs === true)) mismatch('schema', schema, ours, theirs);
}

(async () => {
  const open = () => Object.keys(wanted).some((kind) => done[kind] < wanted[kind]);
  for (let i = 0; open(); i++) {
    const generate = generator(seed * 1000003 + i);
    if (done.decisions < wanted.decisions) await decisions(generate);
    if (done.policies < wanted.policies) await policies(generate);
    if (done.facts < wanted.facts) await facts(generate);
    const typed = schemaGenerator(seed * 1000003 + i);
    if (done.validations < wanted.validations) await validations(typed);
    if (done.schemas < wanted.schemas) await schemas(typed);
    if (i % 2500 === 2499) console.error(`${done.decisions} decisions, ${done.policies} policies, ${mismatches} mismatches so far`);
  }
  engine.stdin.end();
  console.log(`${done.allow} allowed, ${done.errors} with errors; ${done.accepted} policies accepted, ${done.refused} refused`);
  for (const kind of Object.keys(held)) console.log(`${kind} against schemas: ${held[kind][0]} valid, ${held[kind][1]} not`);
  console.log(`${done.decisions} decisions, ${done.policies} policies, ${done.facts} sets of facts, ` +
    `${done.validations} validations, ${done.schemas} schemas, ${mismatches} mismatches`);
  process.exitCode = mismatches ? 1 : 0;
})();
