// The applications of policy_bench.c in the official Cedar Wasm build, on the same machine:
//   policy_bench --export | node bench/policy_wasm.js
// Policies are parsed beforehand. Its interface takes the entities anew at each call, so that a second
// column, with only the entities a request names, is nearer to the engine itself.
'use strict';
const path = require('node:path');
const readline = require('node:readline');
const cedar = require(path.join(__dirname, '../fuzz/policy/diff/node_modules/@cedar-policy/cedar-wasm/nodejs'));

const key = (uid) => `${uid.__entity.type}::${uid.__entity.id}`;

function measure(app, pick) {
  const took = [];
  for (const [principal, action, resource, context] of app.requests) {
    const entities = pick(app, [principal, resource]);
    const start = process.hrtime.bigint();
    const answer = cedar.statefulIsAuthorized({ principal, action, resource, context, entities, preparsedPolicySetId: 'app' });
    took.push(Number(process.hrtime.bigint() - start));
    if (answer.type !== 'success') throw new Error(answer.errors[0].message);
  }
  took.sort((a, b) => a - b);
  return [took[took.length >> 1], took[Math.floor(took.length * 0.99)]];
}

const all = (app) => app.entities;
const named = (app, uids) => app.entities.filter((e) => uids.some((u) => key(u) === key(e.uid)));

console.log('ns per decision      p50        p99   named p50  named p99');
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const app = JSON.parse(line);
  const ready = cedar.preparsePolicySet('app', { staticPolicies: app.policies });
  if (ready.type !== 'success') throw new Error(ready.errors[0].message);
  const figures = [...measure(app, all), ...measure(app, named)];
  console.log(app.name.padEnd(12), ...figures.map((f) => String(f).padStart(10)));
});
