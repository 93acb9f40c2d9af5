// An auditor's own Cedar: the policies of an unpacked pack, tried on its own tests by the official Wasm build.
//   node cedar_decide.mjs FOLDER    prints [{file, request, decision, expected, reason, errors}]
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const cedar = createRequire(import.meta.url)("@cedar-policy/cedar-wasm/nodejs");
const folder = process.argv[2];
const files = (name, end) =>
  readdirSync(join(folder, name)).filter((file) => file.endsWith(end)).sort().map((file) => join(folder, name, file));
const read = (file) => readFileSync(file, "utf8");

// By @id, or by file and place, as the pack names them.
const staticPolicies = {};
for (const file of files("policies", ".cedar")) {
  const parts = cedar.policySetTextToParts(read(file));
  if (parts.type !== "success") throw new Error(JSON.stringify(parts));
  parts.policies.forEach((text, place) => {
    const policy = cedar.policyToJson(text);
    if (policy.type !== "success") throw new Error(JSON.stringify(policy));
    const base = file.split("/").pop().replace(/\.cedar$/, "");
    staticPolicies[policy.json.annotations?.id ?? base + place] = text;
  });
}
const schema = read(join(folder, "schema.cedarschema"));
const valid = cedar.validate({ schema, policies: { staticPolicies }, validationSettings: { mode: "strict" } });
if (valid.type !== "success" || valid.validationErrors.length) throw new Error(JSON.stringify(valid));

const roles = files("entities", ".json").flatMap((file) => JSON.parse(read(file)));
const answers = [];
for (const file of files("tests", ".json")) {
  const test = JSON.parse(read(file));
  test.requests.forEach((request, number) => {
    const answer = cedar.isAuthorized({
      principal: request.principal, action: request.action, resource: request.resource, context: request.context,
      schema, validateRequest: true, policies: { staticPolicies }, entities: [...roles, ...test.entities],
    });
    if (answer.type !== "success") throw new Error(JSON.stringify(answer));
    answers.push({
      file: file.split("/").pop(), request: number, expected: request.decision, decision: answer.response.decision,
      reason: answer.response.diagnostics.reason.sort(), errors: answer.response.diagnostics.errors.length,
    });
  });
}
console.log(JSON.stringify(answers));
