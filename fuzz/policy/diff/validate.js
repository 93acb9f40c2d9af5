// The validating part of the differential test: schemas taken or refused, policies valid or not, requests
// and entities that conform or not. run.js calls it.
'use strict';
const cedar = require('@cedar-policy/cedar-wasm/nodejs');

const good = (answer) => answer.type === 'success';
const first = (answer) => answer.errors && answer.errors[0].message;

// What the oracle says of a case; policies whose text it does not take are left out of it.
function oracle(test) {
  for (const id of Object.keys(test.policies)) if (!good(cedar.policyToJson(test.policies[id]))) delete test.policies[id];
  for (const id of Object.keys(test.templates)) if (!good(cedar.templateToJson(test.templates[id]))) delete test.templates[id];
  test.links = test.links.filter((link) => test.templates[link.templateId.split('/')[0]]);
  const schema = cedar.preparseSchema('schema', test.schema);
  if (!good(schema)) return { refused: first(schema) };
  const answer = cedar.validate({
    schema: test.schema,
    policies: {
      staticPolicies: test.policies, templates: test.templates,
      templateLinks: test.links.map((link) => ({ ...link, templateId: link.templateId.split('/')[0] })),
    },
  });
  if (!good(answer)) return { refused: first(answer) };
  const errors = {};
  // Cedar 4.10 has it as an error that a policy applies to nothing, and so do we; since 4.11 or so it is a warning.
  const useless = answer.validationWarnings.filter((one) => /unable to find an applicable action/.test(one.error.message));
  for (const one of [...answer.validationErrors, ...useless]) (errors[one.policyId] = errors[one.policyId] || []).push(one.error.message);
  const never = new Set(answer.validationWarnings.filter((one) => /policy is impossible/.test(one.error.message)).map((one) => one.policyId));
  return {
    errors, never,
    requests: test.requests.map(([principal, action, resource, context]) => {
      const asked = cedar.isAuthorized({ principal, action, resource, context, schema: test.schema, validateRequest: true, policies: { staticPolicies: '' }, entities: [] });
      return good(asked) || first(asked);
    }),
    entities: ((read) => good(read) || first(read))(cedar.checkParseEntities({ entities: test.entities, schema: test.schema })),
  };
}

function compare(test, ours, theirs, count, mismatch) {
  if (Boolean(ours.refused) !== Boolean(theirs.refused)) return mismatch('schema', test, ours, theirs);
  if (theirs.refused) return undefined;
  const invalid = new Map(Object.entries(ours.invalid).map(([id, text]) => [id.split('/')[0], text]));
  for (const [id, text] of Object.entries({ ...test.policies, ...test.templates })) {
    count('policies', !theirs.errors[id]);
    if (invalid.has(id) === !theirs.errors[id]) mismatch('policy', { schema: test.schema, [id]: text }, invalid.get(id), theirs.errors[id]);
    // A policy that can never hold, though it is valid.
    if (theirs.errors[id]) continue;
    count('possible policies', !theirs.never.has(id));
    if (Boolean(ours.never[`${id}/0`]) !== theirs.never.has(id)) mismatch('never', { schema: test.schema, [id]: text }, ours.never, theirs.never.has(id));
  }
  for (const link of test.links) {
    // They tell a fault of the template at the template only.
    const valid = !theirs.errors[link.newId] && !theirs.errors[link.templateId.split('/')[0]];
    count('links', valid);
    if ((invalid.has(link.newId) || invalid.has(link.templateId.split('/')[0])) === valid) mismatch('link', { schema: test.schema, link, template: test.templates[link.templateId.split('/')[0]] }, [invalid.get(link.newId), invalid.get(link.templateId.split('/')[0])], theirs.errors);
  }
  test.requests.forEach((request, i) => {
    count('requests', theirs.requests[i] === true);
    if (ours.requests[i] !== (theirs.requests[i] === true)) mismatch('request', { schema: test.schema, request }, ours.requests[i], theirs.requests[i]);
  });
  count('entities', theirs.entities === true);
  if (ours.entities !== (theirs.entities === true)) mismatch('entities', { schema: test.schema, entities: test.entities }, ours.entities, theirs.entities);
  return undefined;
}

// Whether a record of the schema's text names an attribute twice: theirs takes one of the two, we take neither.
function hasTwins(text) {
  const open = [];
  let name;
  for (const [token] of text.matchAll(/"(\\.|[^"\\])*"|[A-Za-z_]\w*|::|\S/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (token === ':') {
      const names = open[open.length - 1];
      if (names && names.has(name)) return true;
      if (names) names.add(name);
    } else if (token !== '?') name = token.replace(/^"(.*)"$/, '$1');
  }
  return false;
}

// Is a schema, mostly a mutated one, taken?
const schemaTaken = (text) => { const answer = cedar.checkParseSchema(text); return good(answer) || first(answer); };

module.exports = { oracle, compare, schemaTaken, hasTwins };
