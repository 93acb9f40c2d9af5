// Random schemas, and policies, requests and entities that are typed against them, with faults put in: a
// guard left out, an attribute of another type, a name that is not declared.
'use strict';
const { random, quote, uidText, DECIMALS, IPS, DATES, DURATIONS } = require('./generate.js');

const EXTENSIONS = { ipaddr: ['ip', IPS], decimal: ['decimal', DECIMALS], datetime: ['datetime', DATES], duration: ['duration', DURATIONS] };
const LONG = { kind: 'Long' }, STRING = { kind: 'String' }, BOOL = { kind: 'Bool' };
const ENTITIES = ['User', 'Group', 'Color', 'N::Doc', 'N::Folder', 'N::M::Box'];
const ATTRS = ['a', 'b', 'c', 'd', 'owner', 'in', 'a b', 'when'];
const ACTIONS = ['read', 'write', 'all', 'N::send', 'N::any', 'more things'];
const IDS = ['x', 'y', 'red', 'blue', 'é"\\'];
const identifier = /^(?!(if|in|is|has|like|true|false|then|else)$)[A-Za-z_]\w*$/;
const split = (name) => {
  const at = name.lastIndexOf('::');
  return at < 0 ? { space: '', base: name } : { space: name.slice(0, at), base: name.slice(at + 2) };
};
const actionUid = (name) => ({ type: split(name).space ? `${split(name).space}::Action` : 'Action', id: split(name).base });
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function generator(seed) {
  const r = random(seed);
  const list = (max, make) => Array.from({ length: r.int(max + 1) }, make);
  const some = (from, percent) => from.filter(() => r.chance(percent));
  let schema, faulty;
  const slip = (percent) => faulty && r.chance(percent);

  // ---- schemas ----
  function type(depth) {
    switch (r.int(depth > 0 ? 9 : 6)) {
      case 0: return LONG;
      case 1: return STRING;
      case 2: return BOOL;
      case 3: return { kind: 'Extension', name: r.pick(Object.keys(EXTENSIONS)) };
      case 4: case 5: return { kind: 'Entity', name: r.chance(10) && schema.actionTypes.length ? r.pick(schema.actionTypes) : r.pick(Object.keys(schema.entities)) };
      case 6: return { kind: 'Set', element: type(depth - 1) };
      case 7: return depth > 1 && r.chance(30) ? { kind: 'Common', name: r.pick(['T', 'N::S']) } : record(depth - 1);
      default: return record(depth - 1);
    }
  }
  function record(depth) {
    return { kind: 'Record', attrs: Object.fromEntries(some(ATTRS, 35).map((name) => [name, { type: type(depth), required: r.chance(60) }])) };
  }
  function makeSchema() {
    schema = null;
    const names = some(ENTITIES, 75);
    if (!names.length) names.push('User');
    const actions = some(ACTIONS, 70);
    schema = { entities: Object.fromEntries(names.map((n) => [n, null])), actions: {}, common: {}, actionTypes: [...new Set(actions.map((a) => actionUid(a).type))] };
    const plain = (t) => JSON.parse(JSON.stringify(t).replace(/\{"kind":"Common","name":"[^"]*"\}/g, JSON.stringify(LONG)));
    schema.common = { T: plain(type(1)), 'N::S': plain(type(1)) };
    for (const name of names) {
      schema.entities[name] = name === 'Color' ? { ids: ['red', 'blue'], parents: [], attrs: {} }
        : { parents: some(names.filter((n) => n !== 'Color' || r.chance(10)), 25), attrs: record(2).attrs, ...(r.chance(40) && { tags: type(1) }) };
    }
    actions.forEach((name, i) => {
      const parents = some(actions.slice(i + 1), 30);
      schema.actions[name] = { parents };
      if (r.chance(80)) {
        Object.assign(schema.actions[name], { principals: some(names, 40), resources: some(names, 40), context: record(2) });
        if (!schema.actions[name].principals.length) schema.actions[name].principals = [r.pick(names)];
        if (!schema.actions[name].resources.length) schema.actions[name].resources = [r.pick(names)];
      }
    });
    return schema;
  }
  const resolve = (t) => (t.kind === 'Common' ? schema.common[t.name] : t);

  // A name as one may write it inside of a namespace.
  const near = (name, space) => (split(name).space === space && r.chance(60) && !/Long|String|Bool/.test(name) ? split(name).base : name);
  const attrText = (name) => (/^[A-Za-z_]\w*$/.test(name) && name !== 'in' && r.chance(80) ? name : quote(name));
  function typeText(t, space) {
    switch (t.kind) {
      case 'Set': return `Set<${typeText(t.element, space)}>`;
      case 'Record': return '{' + Object.entries(t.attrs).map(([n, a]) => `${attrText(n)}${a.required ? '' : '?'}: ${typeText(a.type, space)}`).join(', ') + '}';
      case 'Entity': case 'Common': return near(t.name, space);
      case 'Extension': return r.chance(80) ? t.name : `__cedar::${t.name}`;
      default: return r.chance(90) ? t.kind : `__cedar::${t.kind}`;
    }
  }
  function typeJson(t, space) {
    switch (t.kind) {
      case 'Set': return { type: 'Set', element: typeJson(t.element, space) };
      case 'Record': return { type: 'Record', attributes: Object.fromEntries(Object.entries(t.attrs).map(([n, a]) => [n, { ...typeJson(a.type, space), ...(a.required ? r.chance(30) && { required: true } : { required: false }) }])) };
      case 'Entity': return r.chance(20) ? { type: 'EntityOrCommon', name: near(t.name, space) } : { type: 'Entity', name: near(t.name, space) };
      case 'Common': return r.chance(50) ? { type: near(t.name, space) } : { type: 'EntityOrCommon', name: near(t.name, space) };
      case 'Extension': return { type: 'Extension', name: t.name };
      case 'Bool': return { type: 'Boolean' };
      default: return { type: t.kind };
    }
  }
  const spaces = () => [...new Set([...Object.keys(schema.entities), ...Object.keys(schema.actions), ...Object.keys(schema.common)].map((n) => split(n).space))];
  const within = (things, space) => Object.entries(things).filter(([n]) => split(n).space === space).map(([n, v]) => [split(n).base, v]);
  const actionText = (name, space) => (split(name).space === space && r.chance(50) ? quote(split(name).base) : uidText(actionUid(name)));

  function schemaText() {
    return spaces().map((space) => {
      const group = (names, write) => (names.length === 1 && r.chance(50) ? write(names[0]) : `[${names.map(write).join(', ')}]`);
      const lines = within(schema.common, space).map(([n, t]) => `type ${n} = ${typeText(t, space)};`);
      for (const [name, e] of within(schema.entities, space)) {
        if (e.ids) lines.push(`entity ${name} enum [${e.ids.map(quote).join(', ')}];`);
        else lines.push(`entity ${name}${e.parents.length ? ' in ' + group(e.parents, (n) => near(n, space)) : ''}${Object.keys(e.attrs).length || r.chance(50) ? (r.chance(50) ? ' = ' : ' ') + typeText({ kind: 'Record', attrs: e.attrs }, space) : ''}${e.tags ? ' tags ' + typeText(e.tags, space) : ''};`);
      }
      for (const [name, a] of within(schema.actions, space)) {
        lines.push(`action ${identifier.test(name) && r.chance(80) ? name : quote(name)}${a.parents.length ? ' in ' + group(a.parents, (n) => actionText(n, space)) : ''}` +
          (a.principals ? ` appliesTo { principal: ${group(a.principals, (n) => near(n, space))}, resource: ${group(a.resources, (n) => near(n, space))}${Object.keys(a.context.attrs).length || r.chance(50) ? ', context: ' + typeText(a.context, space) : ''} }` : '') + ';');
      }
      return space ? `namespace ${space} {\n${lines.join('\n')}\n}` : lines.join('\n');
    }).join('\n');
  }
  function schemaJson() {
    return Object.fromEntries(spaces().map((space) => [space, {
      commonTypes: Object.fromEntries(within(schema.common, space).map(([n, t]) => [n, typeJson(t, space)])),
      entityTypes: Object.fromEntries(within(schema.entities, space).map(([n, e]) => [n, e.ids ? { enum: e.ids } : {
        ...(e.parents.length && { memberOfTypes: e.parents.map((p) => near(p, space)) }),
        ...(Object.keys(e.attrs).length && { shape: typeJson({ kind: 'Record', attrs: e.attrs }, space) }), ...(e.tags && { tags: typeJson(e.tags, space) }),
      }])),
      actions: Object.fromEntries(within(schema.actions, space).map(([n, a]) => [n, {
        ...(a.parents.length && { memberOf: a.parents.map((p) => ({ id: split(p).base, ...((split(p).space !== space || r.chance(30)) && { type: actionUid(p).type }) })) }),
        ...(a.principals && { appliesTo: { principalTypes: a.principals.map((p) => near(p, space)), resourceTypes: a.resources.map((p) => near(p, space)), context: typeJson(a.context, space) } }),
      }])),
    }]));
  }

  // ---- policies ----
  // `env` has the types of principal, resource and context that the expression is written for, and the
  // guards that hold where it stands.
  const uid = (name) => (/(^|::)Action$/.test(name) && schema.actionTypes.includes(name) && !slip(10) ? actionUid(r.pick(Object.keys(schema.actions).filter((a) => actionUid(a).type === name))) : { type: name, id: schema.entities[name] && schema.entities[name].ids && !slip(5) ? r.pick(schema.entities[name].ids) : r.pick(IDS) });
  const anyType = () => (slip(2) ? r.pick(['Usr', 'N::Nope', 'Action', 'Doc']) : r.pick(Object.keys(schema.entities)));
  const literalUid = () => (r.chance(15) ? actionUid(r.pick(ACTIONS.filter((a) => schema.actions[a] || slip(5)).concat(Object.keys(schema.actions).length ? [] : ['read']))) : uid(anyType()));
  const get = (base, name) => (identifier.test(name) && r.chance(85) ? `${base}.${name}` : `${base}[${quote(name)}]`);

  // All that can be reached from the variables: text, type, and what must be asked for before.
  function paths(env) {
    const out = [{ text: 'principal', type: { kind: 'Entity', name: env.principal }, guards: [] }, { text: 'resource', type: { kind: 'Entity', name: env.resource }, guards: [] },
      { text: 'context', type: env.context, guards: [] }];
    if (r.chance(20)) { const u = uid(anyType()); if (schema.entities[u.type]) out.push({ text: uidText(u), type: { kind: 'Entity', name: u.type }, guards: [] }); }
    for (let at = 0; at < out.length && out.length < 60; at++) {
      const p = out[at], t = resolve(p.type);
      if ((p.depth || 0) > 3) continue;
      const attrs = t.kind === 'Record' ? t.attrs : t.kind === 'Entity' && schema.entities[t.name] ? schema.entities[t.name].attrs : {};
      for (const [name, a] of Object.entries(attrs)) {
        const guard = { base: p.text, name };
        out.push({ text: get(p.text, name), type: a.type, guards: a.required ? p.guards : [...p.guards, guard], depth: (p.depth || 0) + 1 });
      }
      if (t.kind === 'Entity' && schema.entities[t.name] && schema.entities[t.name].tags) {
        const key = quote(r.pick(IDS));
        out.push({ text: `${p.text}.getTag(${key})`, type: schema.entities[t.name].tags, guards: [...p.guards, { base: p.text, tag: key }], depth: (p.depth || 0) + 1 });
      }
    }
    return out;
  }
  const guardText = (g) => (g.tag ? `${g.base}.hasTag(${g.tag})` : `${g.base} has ${identifier.test(g.name) && r.chance(80) ? g.name : quote(g.name)}`);
  const key = (g) => `${g.base}|${g.name}|${g.tag}`;

  // An expression of the type; what it needs is added to env.needs, to be asked for around it.
  function expr(env, wanted, depth) {
    const t = resolve(wanted);
    if (slip(3)) return expr(env, type(1), depth - 1);
    if (depth > 0 && r.chance(8)) return `(if ${bool(env, depth - 1)} then ${expr(env, t, depth - 1)} else ${expr(env, t, depth - 1)})`;
    if (depth > -2 && r.chance(65)) {
      const fits = env.paths.filter((p) => same(resolve(p.type), t));
      if (fits.length) {
        const p = r.pick(fits);
        for (const g of p.guards) if (!slip(12)) env.needs.set(key(g), g);
        return p.text;
      }
    }
    switch (t.kind) {
      case 'Long':
        if (depth > 0 && r.chance(40)) return `(${expr(env, LONG, depth - 1)} ${r.pick(['+', '-', '*'])} ${expr(env, LONG, depth - 1)})`;
        if (depth > 0 && r.chance(15)) return `${expr(env, { kind: 'Extension', name: 'duration' }, depth - 1)}.${r.pick(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'])}()`;
        return depth > 0 && r.chance(10) ? `-(${expr(env, LONG, depth - 1)})` : r.pick(['0', '1', '-7', '9223372036854775807', '-9223372036854775808']);
      case 'String': return quote(r.pick(['', 'x', 'red', '1.2.3.4', 'é']));
      case 'Bool': return depth > 0 ? `(${bool(env, depth - 1)})` : r.pick(['true', 'false']);
      case 'Entity': return uidText(slip(5) ? literalUid() : uid(t.name));
      case 'Set': {
        const items = list(3, () => expr(env, t.element, depth - 1));
        return '[' + (items.length || slip(30) ? items : [expr(env, t.element, depth - 1)]).join(', ') + ']';
      }
      case 'Record': {
        // As the schema has it, with what is optional left out: another type in strict mode.
        const names = Object.entries(t.attrs).filter(([, a]) => a.required || !r.chance(20));
        return '{' + names.map(([n, a]) => `${quote(n)}: ${expr(env, a.type, depth - 1)}`).join(', ') + '}';
      }
      default: {
        const [fn, texts] = EXTENSIONS[t.name];
        if (depth > 0 && t.name === 'datetime' && r.chance(30)) return r.chance(50) ? `${expr(env, t, depth - 1)}.offset(${expr(env, { kind: 'Extension', name: 'duration' }, depth - 1)})` : `${expr(env, t, depth - 1)}.toDate()`;
        if (depth > 0 && t.name === 'duration' && r.chance(30)) {
          const when = { kind: 'Extension', name: 'datetime' };
          return r.chance(50) ? `${expr(env, when, depth - 1)}.toTime()` : `${expr(env, when, depth - 1)}.durationSince(${expr(env, when, depth - 1)})`;
        }
        if (slip(6)) return `${fn}(${expr(env, STRING, depth - 1)})`;
        return `${fn}(${quote(slip(15) ? r.pick(texts) : texts.includes('::1') ? '::1' : texts[0])})`;
      }
    }
  }
  const reachable = (env) => r.pick(env.paths).type;
  function somebody(env, depth) {
    const t = r.chance(60) ? r.pick(env.paths.filter((p) => resolve(p.type).kind === 'Entity')).type : { kind: 'Entity', name: anyType() };
    return r.chance(12) ? 'action' : expr(env, t, depth);
  }
  function comparison(env, depth) {
    const d = depth - 1;
    switch (r.int(13)) {
      case 0: case 1: { const t = r.chance(70) ? reachable(env) : type(1); return `${expr(env, t, d)} ${r.pick(['==', '!='])} ${expr(env, t, d)}`; }
      case 2: { const t = r.pick([LONG, LONG, { kind: 'Extension', name: 'datetime' }, { kind: 'Extension', name: 'duration' }]); return `${expr(env, t, d)} ${r.pick(['<', '<=', '>', '>='])} ${expr(env, t, d)}`; }
      case 3: return `${somebody(env, d)} in ${somebody(env, d)}`;
      case 4: { const t = { kind: 'Entity', name: anyType() }; return `${somebody(env, d)} in [${list(3, () => (r.chance(60) ? expr(env, t, d) : somebody(env, d))).join(', ')}]`; }
      case 5: return r.chance(60) ? `${somebody(env, d)} is ${anyType()}` : `${somebody(env, d)} is ${anyType()} in ${r.chance(60) ? somebody(env, d) : expr(env, { kind: 'Set', element: { kind: 'Entity', name: anyType() } }, d)}`;
      case 6: { const t = r.chance(60) ? resolve(reachable(env)) : type(1); const s = t.kind === 'Set' ? t : { kind: 'Set', element: t }; return `${expr(env, s, d)}.contains(${expr(env, s.element, d)})`; }
      case 7: { const t = r.chance(60) ? resolve(reachable(env)) : type(1); const s = t.kind === 'Set' ? t : { kind: 'Set', element: t }; return `${expr(env, s, d)}.${r.pick(['containsAll', 'containsAny'])}(${expr(env, s, d)})`; }
      case 8: return `${expr(env, { kind: 'Set', element: type(1) }, d)}.isEmpty()`;
      case 9: return `${expr(env, STRING, d)} like ${r.pick(['"*"', '"a*"', '"\\*"', '""'])}`;
      case 10: { const ip = { kind: 'Extension', name: 'ipaddr' }; return r.chance(50) ? `${expr(env, ip, d)}.isInRange(${expr(env, ip, d)})` : `${expr(env, ip, d)}.${r.pick(['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'])}(${slip(5) ? '1' : ''})`; }
      case 11: { const dec = { kind: 'Extension', name: 'decimal' }; return `${expr(env, dec, d)}.${r.pick(['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'])}(${expr(env, dec, d)})`; }
      default: return has(env, d);
    }
  }
  function has(env, depth) {
    const p = r.pick(env.paths.filter((q) => ['Entity', 'Record'].includes(resolve(q.type).kind)));
    for (const g of p.guards) if (!slip(10)) env.needs.set(key(g), g);
    if (resolve(p.type).kind === 'Entity' && r.chance(20)) return `${p.text}.hasTag(${r.chance(80) ? quote(r.pick(IDS)) : expr(env, STRING, depth - 1)})`;
    return r.chance(30) ? `${p.text} has ${r.pick(ATTRS.filter((a) => identifier.test(a)))}.${r.pick(ATTRS.filter((a) => identifier.test(a)))}` : guardText({ base: p.text, name: r.pick(ATTRS) });
  }
  // Asks for what the inside needs, before it or around it.
  function guarded(env, inside) {
    const mine = { ...env, needs: new Map() };
    const text = inside(mine);
    const needs = [...mine.needs.values()];
    if (!needs.length) return text;
    const all = needs.map((g) => `(${guardText(g)})`);
    if (slip(5)) all.reverse();
    switch (r.int(8)) {
      case 0: return `(if ${all.join(' && ')} then (${text}) else ${r.pick(['false', 'true', guardText(needs[0])])})`;
      case 1: return `(!(${all.join(' && ')}) || (${text}))`; // not known in the second half: a fault
      case 2: return `(${all.join(' && ')}) && (${text})`;
      case 3: return `((${all.join(' && ')}) || (${all.join(' && ')})) && (${text})`;
      default: return `${all.join(' && ')} && (${text})`;
    }
  }
  function bool(env, depth) {
    if (depth <= 0) return r.chance(85) ? guarded(env, (inner) => comparison(inner, 0)) : r.pick(['true', 'false']);
    switch (r.int(10)) {
      case 0: case 1: return `(${bool(env, depth - 1)}) && (${bool(env, depth - 1)})`;
      case 2: return `(${bool(env, depth - 1)}) || (${bool(env, depth - 1)})`;
      case 3: return `!(${bool(env, depth - 1)})`;
      case 4: return `(if ${bool(env, depth - 1)} then (${bool(env, depth - 1)}) else (${bool(env, depth - 1)}))`;
      case 5: return guarded(env, (inner) => expr(inner, BOOL, depth - 1));
      default: return guarded(env, (inner) => comparison(inner, depth));
    }
  }
  function scope(name, wanted, slot) {
    const target = () => (slot && r.chance(80) ? `?${name}` : uidText(r.chance(80) ? uid(anyType()) : literalUid()));
    switch (r.int(slot ? 3 : 9)) {
      case 0: return `${name} == ${slot && r.chance(80) ? `?${name}` : uidText(r.chance(70) ? uid(wanted) : literalUid())}`;
      case 1: return `${name} in ${target()}`;
      case 2: return `${name} is ${r.chance(80) ? wanted : anyType()} in ${target()}`;
      case 3: case 4: return `${name} is ${r.chance(90) ? wanted : anyType()}`;
      default: return name;
    }
  }
  function actionScope(name) {
    const one = () => uidText(actionUid(r.chance(85) || !slip(20) ? r.pick(Object.keys(schema.actions).concat(name)) : r.pick(ACTIONS)));
    switch (r.int(5)) {
      case 0: case 1: return `action == ${r.chance(90) ? uidText(actionUid(name)) : one()}`;
      case 2: return `action in ${one()}`;
      case 3: return `action in [${list(3, one).join(', ')}]`;
      default: return 'action';
    }
  }
  function policy(slot) {
    faulty = r.chance(50);
    const applied = Object.entries(schema.actions).filter(([, a]) => a.principals);
    const [name, a] = applied.length ? r.pick(applied) : [r.pick(ACTIONS), { principals: [r.pick(Object.keys(schema.entities))], resources: [r.pick(Object.keys(schema.entities))], context: record(1) }];
    const env = { principal: r.pick(a.principals), resource: r.pick(a.resources), context: a.context, needs: new Map() };
    env.paths = paths(env);
    // Mostly one environment, so that what is written for it is valid.
    const head = r.chance(65) ? `principal is ${env.principal}${slot ? ' in ?principal' : ''}, action == ${uidText(actionUid(name))}, resource is ${env.resource}`
      : `${scope('principal', env.principal, slot)}, ${actionScope(name)}, ${scope('resource', env.resource, slot)}`;
    const conditions = Array.from({ length: r.pick([0, 1, 1, 1, 1, 2]) }, () => `${r.chance(80) ? 'when' : 'unless'} { ${bool(env, 3)} }`);
    return `${r.chance(70) ? 'permit' : 'forbid'}(${head}) ${conditions.join(' ')};`;
  }

  // ---- requests and entities ----
  function value(wanted) {
    const t = slip(6) ? type(1) : resolve(wanted);
    switch (t.kind) {
      case 'Long': return r.pick([0, 1, -5]);
      case 'String': return r.pick(['', 'x', '1.2.3.4']);
      case 'Bool': return r.chance(50);
      case 'Entity': { const u = slip(5) ? literalUid() : uid(t.name); return r.chance(60) ? { __entity: u } : u; }
      case 'Set': return list(3, () => value(t.element));
      case 'Record': return recordValue(t.attrs);
      default: { const [fn, texts] = EXTENSIONS[t.name]; const arg = slip(10) ? r.pick(texts) : texts.includes('::1') ? '::1' : texts[0]; return r.chance(60) ? { __extn: { fn, arg } } : r.chance(50) ? { fn, arg } : arg; }
    }
  }
  function recordValue(attrs) {
    const out = Object.fromEntries(Object.entries(attrs).filter(([, a]) => (a.required ? !slip(8) : r.chance(60))).map(([n, a]) => [n, value(a.type)]));
    if (slip(8)) out[r.pick(['zz', ...ATTRS])] = value(type(1));
    return out;
  }
  function request() {
    faulty = r.chance(50);
    const [name, a] = Object.keys(schema.actions).length ? r.pick(Object.entries(schema.actions)) : ['read', {}];
    const types = Object.keys(schema.entities);
    return [uid(slip(20) || !a.principals ? r.pick([...types, 'Nope', 'Action']) : r.pick(a.principals)), actionUid(slip(10) ? r.pick(ACTIONS) : name),
      uid(slip(20) || !a.resources ? r.pick([...types, 'Nope']) : r.pick(a.resources)), a.context ? recordValue(a.context.attrs) : {}];
  }
  function entities() {
    faulty = r.chance(50);
    const order = (u) => ENTITIES.indexOf(u.type) * 10 + IDS.indexOf(u.id); // upwards, so that there are no circles
    const out = new Map();
    for (let i = r.int(5); i > 0; i--) {
      const name = slip(5) ? r.pick(['Nope', 'Action', ...ENTITIES]) : r.pick(Object.keys(schema.entities));
      const e = schema.entities[name] || { attrs: {}, parents: [] }, u = uid(name);
      const above = list(2, () => uid(slip(15) ? anyType() : r.pick(e.parents.length ? e.parents : Object.keys(schema.entities))));
      const parents = above.filter((p) => order(p) > order(u) && (e.parents.includes(p.type) || slip(30)));
      out.set(uidText(u), { uid: u, attrs: recordValue(e.attrs), parents, ...((e.tags || slip(5)) && r.chance(60) && { tags: Object.fromEntries(some(IDS, 40).map((n) => [n, value(e.tags || LONG)])) }) });
    }
    // An action as the schema has it: with all its ancestors, since the oracle counts those alone that are listed.
    if (r.chance(25) && Object.keys(schema.actions).length) {
      const name = r.pick(Object.keys(schema.actions)), parents = new Set(schema.actions[name].parents);
      for (const parent of parents) for (const above of schema.actions[parent].parents) parents.add(above);
      if (slip(20)) parents.add(r.pick(Object.keys(schema.actions)));
      if (slip(20)) parents.delete([...parents][0]);
      parents.delete(name);
      out.set(name, { uid: actionUid(name), attrs: slip(10) ? { a: 1 } : {}, parents: [...parents].map(actionUid) });
    }
    return [...out.values()];
  }

  // The text with a few of its tokens changed.
  function mutate(text) {
    const tokens = text.match(/"(\\.|[^"\\])*"|[A-Za-z_]\w*|\d+|\s+|::|==|!=|<=|>=|&&|\|\||./g) || [''];
    const words = [...ENTITIES, ...ATTRS.map(quote), ...ACTIONS.map((a) => uidText(actionUid(a))), 'a', 'b', 'true', 'false', 'principal', 'resource', 'context', 'action', '1', '"x"', '[]', '{}',
      'Long', 'Set', '<', '>', 'entity', 'type', 'in', '?', ':', ';', ',', 'enum', '__cedar', '::', 'namespace', 'tags', 'appliesTo', 'ipaddr', '@a', '{', '}', '[', ']', '=', '==', 'is', 'has', '!'];
    for (let i = r.int(3); i >= 0; i--) {
      const at = r.int(tokens.length);
      switch (r.int(4)) {
        case 0: tokens.splice(at, 1); break;
        case 1: tokens.splice(at, 0, r.pick(words)); break;
        case 2: tokens[at] = r.pick(words); break;
        default: tokens.splice(at, 0, tokens[r.int(tokens.length)]);
      }
    }
    return tokens.join('');
  }

  // One or two nodes of the JSON form replaced, dropped, renamed or added.
  function mutateJson(json) {
    const names = [...ENTITIES, ...ATTRS, 'Long', 'String', 'Boolean', 'Bool', 'Record', 'Set', 'Entity', 'EntityOrCommon', 'Extension', 'ipaddr', 'decimal', 'nope', 'T', 'S', 'Doc', 'send', 'read',
      '', 'Action', 'N::Action', '__cedar::Long', '__cedar', 'A::', '::A', 'N', 'N::M', 'is', 'a::b', ' Doc', 'Doc ', 'N :: Doc', 'x"y'];
    const keys = ['type', 'name', 'element', 'attributes', 'required', 'additionalAttributes', 'enum', 'shape', 'tags', 'memberOfTypes', 'memberOf', 'appliesTo', 'principalTypes', 'resourceTypes', 'context',
      'annotations', 'entityTypes', 'actions', 'commonTypes', 'id', 'attributes', 'attribute', ...names];
    const odd = () => r.pick([null, 1, true, false, '', [], {}, [1], ['User'], ['a', 'a'], { type: 'Long' }, { type: 'Boolean' }, { type: 'Bool' }, { type: 'Record', attributes: {} }, { type: 'Record' },
      { type: 'Record', attributes: {}, additionalAttributes: r.chance(50) }, { type: 'Set' }, { type: 'Set', element: { type: 'String' } }, { type: 'Set', element: { type: 'Long' }, attributes: {} },
      { type: 'Entity', name: r.pick(names) }, { type: 'Extension', name: r.pick(names) }, { type: r.pick(names) }, { type: 'Long', name: 'x' }, { type: 'Entity' }, { type: r.pick(names), required: true }, { id: r.pick(names) },
      { id: 'read', type: r.pick(names) }, { a: 'b' }, { doc: null }, { principalTypes: [], resourceTypes: [] }, { enum: ['a'] }, { enum: [] }, { enum: ['a'], shape: {} }, { type: 'EntityOrCommon', name: r.pick(names) },
      { entityTypes: {}, actions: {} }, r.pick(names), r.pick(names), r.pick(names)]);
    for (let i = r.int(2); i >= 0; i--) {
      const slots = [];
      const visit = (at) => {
        if (at === null || typeof at !== 'object') return;
        for (const k of Object.keys(at)) {
          slots.push([at, k]);
          visit(at[k]);
        }
      };
      visit(json);
      const [at, k] = r.pick(slots);
      switch (r.int(4)) {
        case 0: at[k] = odd(); break;
        case 1: if (Array.isArray(at)) at.splice(Number(k), 1); else delete at[k]; break;
        case 2: if (Array.isArray(at)) at.push(odd()); else { const value = at[k]; delete at[k]; at[r.pick(keys)] = value; } break;
        default: if (Array.isArray(at)) at.push(odd()); else at[r.pick(keys)] = odd();
      }
    }
    return json;
  }

  return {
    r, mutate,
    validation(policies) {
      makeSchema();
      faulty = false;
      const text = r.chance(60) ? schemaText() : schemaJson();
      const test = { schema: text, policies: {}, templates: {} };
      for (let i = 0; i < policies; i++) {
        if (r.chance(10)) {
          const template = policy(true);
          test[/\?(principal|resource)/.test(template) ? 'templates' : 'policies'][`p${i}`] = template;
        } else {
          test.policies[`p${i}`] = r.chance(20) ? mutate(policy(false)) : policy(false);
        }
      }
      // A link is of a template of this case; values for the slots that it has, of declared ids.
      faulty = false;
      test.links = Object.entries(test.templates).map(([id, text], i) => ({
        templateId: `${id}/0`, newId: `link${i}`,
        values: Object.fromEntries(['?principal', '?resource'].filter((slot) => text.includes(slot)).map((slot) => [slot, r.chance(80) ? uid(anyType()) : literalUid()])),
      }));
      test.requests = list(4, request);
      test.entities = entities();
      return test;
    },
    schema() {
      makeSchema();
      faulty = false;
      if (r.chance(40)) return r.chance(80) ? mutateJson(schemaJson()) : schemaJson();
      return r.chance(70) ? mutate(schemaText()) : schemaText();
    },
  };
}

module.exports = { generator };
