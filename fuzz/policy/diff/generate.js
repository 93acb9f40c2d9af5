// Random policies, entities and requests over a small vocabulary, so that names meet often. Expressions
// are mostly well typed, for evaluation to get deep, and sometimes not, for the errors.
'use strict';

function random(seed) {
  // xorshift128: the same seed gives the same cases on every machine
  let a = seed >>> 0 || 1, b = 0x9e3779b9, c = 0x243f6a88, d = 0xb7e15162;
  const next = () => {
    const t = a ^ (a << 11);
    a = b; b = c; c = d;
    d = (d ^ (d >>> 19) ^ t ^ (t >>> 8)) >>> 0;
    return d;
  };
  for (let i = 0; i < 20; i++) next();
  return {
    int: (n) => next() % n,
    pick: (list) => list[next() % list.length],
    chance: (percent) => next() % 100 < percent,
  };
}

const TYPES = ['User', 'Team', 'Doc', 'App::Folder', 'Action'];
const IDS = ['a', 'b', 'c', '', 'é"\\', 'x\u0000y'];
const ATTRS = ['n', 's', 'flag', 'owner', 'tags', 'rec', 'ip', 'dec', 'when', 'for', 'if', 'a b'];
const STRINGS = ['', 'a', 'abc', 'a*c', 'é', 'zzz', '10.0.0.1', '1.5', '2024-01-01', '1h'];
const IPS = ['10.0.0.1', '10.0.0.0/8', '127.0.0.1', '::1', '::/0', '224.0.0.1/4', 'ff00::1/8', '1.2.3',
  '01.2.3.4', '1.2.3.4/33', '2001:db8::1/64', '::ffff:1.2.3.4', '1:2:3:4:5:6:7:8', '1::2::3', '0.0.0.0/0',
  '127.0.0.0/7', '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '::1/129', '10.0.0.0/08', 'abcd::/016', ':::', '1:::2'];
const DECIMALS = ['0.0', '1.5', '-1.5', '0.0001', '1.23456', '922337203685477.5807', '-922337203685477.5808',
  '922337203685477.5808', '1.', '.5', '-0.0', '+1.0', '1', '00.10', '1.50', '-922337203685477.5809'];
const DATES = ['2024-01-01', '2024-02-30', '2024-02-29T12:34:56Z', '1969-12-31T23:59:59.999Z', '0000-01-01',
  '9999-12-31T23:59:59.999-2359', '2024-01-01T00:00:00.000+0530', '2024-01-01T24:00:00Z', '2024-1-1',
  '2024-01-01T00:00:00+2400', '2024-01-01T00:00:60Z', '2024-01-01T00:00:00', '2023-02-29', '1900-02-29',
  '2000-02-29', '2024-01-01T00:00:00.12Z', '2024-01-01T10:00:00-0060', '2024-13-01', '-024-01-01'];
const DURATIONS = ['1h', '-1h', '1d2h3m4s5ms', '0ms', '1s1m', '1h1h', '', '-', '9223372036854775807ms',
  '-9223372036854775808ms', '9223372036854775808ms', '106751991167d', '106751991168d', '1ms1s', '90m', '1.5h',
  '-1d1h', '5m5ms', '1 h', '-106751991167d7h12m55s808ms', '-106751991167d7h12m55s809ms'];
const NUMBERS = ['0', '1', '2', '-1', '7', '9223372036854775807', '-9223372036854775808', '100', '4294967296'];

const quote = (text) => '"' + text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\u0000/g, '\\0') + '"';
const uidText = (uid) => uid.type + '::' + quote(uid.id);

function generator(seed) {
  const r = random(seed);
  const uid = (types) => ({ type: r.pick(types || TYPES), id: r.pick(IDS) });
  const person = () => uid(['User', 'Team', 'Doc', 'App::Folder']);
  const actionUid = () => ({ type: 'Action', id: r.pick(['read', 'write', 'all']) });
  const call = (fn, texts) => fn + '(' + quote(r.pick(texts)) + ')';

  function attr(depth) {
    const name = r.pick(ATTRS);
    const base = r.chance(40) ? 'context' : r.chance(70) ? r.pick(['principal', 'resource', 'action'])
      : entity(depth - 1);
    return /^[a-z]+$/.test(name) && name !== 'if' ? `${base}.${name}` : `${base}["${name}"]`;
  }
  function typedAttr(name, depth) {
    const base = r.chance(50) ? 'context' : r.chance(70) ? r.pick(['principal', 'resource'])
      : `(${entity(depth - 1)})`;
    return `${base}.${name}`;
  }
  function entity(depth) {
    if (depth <= 0 || r.chance(60)) return r.chance(50) ? r.pick(['principal', 'resource', 'action']) : uidText(uid());
    if (r.chance(60)) return typedAttr('owner', depth);
    return r.chance(50) ? `(if ${bool(depth - 1)} then ${entity(depth - 1)} else ${entity(depth - 1)})`
      : `${entity(depth - 1)}.getTag("owner")`;
  }
  function number(depth) {
    if (depth <= 0 || r.chance(30)) return r.pick(NUMBERS);
    switch (r.int(7)) {
      case 0: return typedAttr('n', depth);
      case 1: return `(${number(depth - 1)} ${r.pick(['+', '-', '*'])} ${number(depth - 1)})`;
      case 2: return `${number(depth - 1)} ${r.pick(['+', '-', '*'])} ${number(depth - 1)}`;
      case 3: return `-(${number(depth - 1)})`;
      case 4: return `${duration(depth - 1)}.${r.pick(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'])}()`;
      case 5: return `(if ${bool(depth - 1)} then ${number(depth - 1)} else ${number(depth - 1)})`;
      default: return `${entity(depth - 1)}.getTag("n")`;
    }
  }
  function string(depth) {
    if (depth <= 0 || r.chance(60)) return quote(r.pick(STRINGS));
    return r.chance(60) ? typedAttr('s', depth) : attr(depth);
  }
  function decimal(depth) {
    return r.chance(60) || depth <= 0 ? call('decimal', DECIMALS) : r.chance(80) ? typedAttr('dec', depth) : `decimal(${string(depth - 1)})`;
  }
  function ip(depth) {
    return r.chance(60) || depth <= 0 ? call('ip', IPS) : r.chance(80) ? typedAttr('ip', depth) : `ip(${string(depth - 1)})`;
  }
  function datetime(depth) {
    if (depth <= 0 || r.chance(50)) return call('datetime', DATES);
    return r.chance(50) ? `${datetime(depth - 1)}.offset(${duration(depth - 1)})`
      : r.chance(50) ? `${datetime(depth - 1)}.toDate()` : typedAttr('when', depth);
  }
  function duration(depth) {
    if (depth <= 0 || r.chance(60)) return call('duration', DURATIONS);
    return r.chance(40) ? `${datetime(depth - 1)}.durationSince(${datetime(depth - 1)})`
      : r.chance(50) ? `${datetime(depth - 1)}.toTime()` : typedAttr('for', depth);
  }
  function set(depth) {
    if (depth > 0 && r.chance(35)) return typedAttr('tags', depth);
    const kind = r.chance(85) ? r.pick([string, entity, number, bool]) : any;
    return '[' + Array.from({ length: r.int(4) }, () => kind(depth - 1)).join(', ') + ']';
  }
  function record(depth) {
    const names = ATTRS.filter(() => r.chance(15));
    return '{' + names.map((n) => `"${n}": ${any(depth - 1)}`).join(', ') + '}';
  }
  function any(depth) {
    return r.pick([bool, bool, number, string, entity, set, record, decimal, ip, datetime, duration, attr])(depth);
  }
  function has(depth) {
    const base = r.chance(70) ? r.pick(['principal', 'resource', 'context']) : entity(depth - 1);
    const name = r.pick(ATTRS);
    if (r.chance(20)) return `${base} has ${r.pick(['rec', 'owner'])}.${r.pick(['n', 'owner', 'rec'])}.${r.pick(['s', 'n'])}`;
    return `${base} has ${/^[a-z]+$/.test(name) && name !== 'if' ? name : `"${name}"`}`;
  }
  function compare(depth) {
    const op = r.pick(['<', '<=', '>', '>=']);
    const kind = r.pick([number, number, number, datetime, duration, decimal]);
    return `${kind(depth - 1)} ${op} ${kind(depth - 1)}`;
  }
  function equal(depth) {
    const kind = r.pick([number, string, entity, bool, set, record, any, decimal, ip, datetime, duration]);
    const other = r.chance(85) ? kind : any;
    const wrap = (e) => (r.chance(100) ? `(${e})` : e);
    return `${wrap(kind(depth - 1))} ${r.pick(['==', '!='])} ${wrap(other(depth - 1))}`;
  }
  function within(depth) {
    if (r.chance(30)) return `${entity(depth - 1)} is ${r.pick(TYPES)}` + (r.chance(40) ? ` in ${entity(depth - 1)}` : '');
    const right = r.chance(60) ? entity(depth - 1)
      : '[' + Array.from({ length: r.int(4) }, () => (r.chance(95) ? entity(depth - 1) : any(depth - 1))).join(', ') + ']';
    return `${entity(depth - 1)} in ${right}`;
  }
  function method(depth) {
    switch (r.int(8)) {
      case 0: return `${set(depth - 1)}.contains(${any(depth - 1)})`;
      case 1: return `${set(depth - 1)}.containsAll(${set(depth - 1)})`;
      case 2: return `${set(depth - 1)}.containsAny(${set(depth - 1)})`;
      case 3: return `${set(depth - 1)}.isEmpty()`;
      case 4: return `${entity(depth - 1)}.hasTag(${r.chance(80) ? quote(r.pick(['n', 'owner', 'x'])) : string(depth - 1)})`;
      case 5: return `${ip(depth - 1)}.${r.pick(['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'])}(${r.chance(5) ? '1' : ''})`;
      case 6: return `${ip(depth - 1)}.isInRange(${ip(depth - 1)})`;
      default: return `${decimal(depth - 1)}.${r.pick(['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'])}(${decimal(depth - 1)})`;
    }
  }
  function like(depth) {
    const part = () => r.pick(['*', 'a', 'b', 'c', '\\*', 'é', '**', '']);
    return `${string(depth - 1)} like "${part()}${part()}${part()}"`;
  }
  function bool(depth) {
    if (depth <= 0 || r.chance(12)) return r.pick(['true', 'false', 'true', 'context.flag', 'principal.flag']);
    switch (r.int(12)) {
      case 0: return `(${bool(depth - 1)} && ${bool(depth - 1)})`;
      case 1: return `(${bool(depth - 1)} || ${bool(depth - 1)})`;
      case 2: return `!(${bool(depth - 1)})`;
      case 3: return `(if ${bool(depth - 1)} then ${bool(depth - 1)} else ${bool(depth - 1)})`;
      case 4: return `(${compare(depth)})`;
      case 5: return `(${equal(depth)})`;
      case 6: return `(${within(depth)})`;
      case 7: return `(${has(depth)})`;
      case 8: return method(depth);
      case 9: return `(${like(depth)})`;
      case 10: return r.chance(70) ? `(${has(depth)} && ${bool(depth - 1)})` : any(depth - 1);
      default: return typedAttr('flag', depth);
    }
  }

  function personScope(name, slot) {
    const target = () => (slot && r.chance(80) ? `?${name}` : uidText(person()));
    switch (r.int(slot ? 2 : 7)) {
      case 0: return `${name} == ${target()}`;
      case 1: return `${name} in ${target()}`;
      case 2: return `${name} is ${r.pick(TYPES)}`;
      case 3: return `${name} is ${r.pick(TYPES)} in ${target()}`;
      default: return name;
    }
  }
  function actionScope() {
    switch (r.int(5)) {
      case 0: return `action == ${uidText(actionUid())}`;
      case 1: return `action in ${uidText(actionUid())}`;
      case 2: return 'action in [' + Array.from({ length: r.int(4) }, () => uidText(actionUid())).join(', ') + ']';
      default: return 'action';
    }
  }
  function conditions() {
    return Array.from({ length: r.pick([0, 1, 1, 1, 1, 2]) }, () =>
      `${r.chance(85) ? 'when' : 'unless'} { ${r.chance(97) ? bool(4) : any(3)} }`).join(' ');
  }
  function policy(slot) {
    const head = r.chance(10) ? `@${r.pick(['id', 'note', 'if'])}(${quote(r.pick(STRINGS))}) ` : '';
    return `${head}${r.chance(70) ? 'permit' : 'forbid'}(${personScope('principal', slot)}, ${actionScope()}, ${
      personScope('resource', slot)}) ${conditions()};`;
  }

  function value(name) {
    const ext = (fn, texts) => ({ __extn: { fn, arg: r.pick(texts) } });
    if (r.chance(6)) name = r.pick(ATTRS);
    switch (name) {
      case 'n': return r.pick([0, 1, -1, 7, 9007199254740991, -9007199254740991]);
      case 's': return r.pick(STRINGS);
      case 'flag': return r.chance(50);
      case 'owner': return { __entity: uid() };
      case 'tags': return Array.from({ length: r.int(4) }, () => value(r.pick(['s', 's', 'owner', 'n'])));
      case 'rec': return Object.fromEntries(['n', 's', 'owner'].filter(() => r.chance(60)).map((n) => [n, value(n)]));
      case 'ip': return ext('ip', IPS.slice(0, 7));
      case 'dec': return ext('decimal', DECIMALS.slice(0, 4));
      case 'when': return ext('datetime', ['2024-01-01', '1969-12-31T23:59:59.999Z', '0000-01-01']);
      case 'for': return ext('duration', ['1h', '-1h', '9223372036854775807ms']);
      default: return r.pick([1, 'x', true]);
    }
  }
  const attrs = (percent) => Object.fromEntries(ATTRS.filter(() => r.chance(percent)).map((n) => [n, value(n)]));

  function entities() {
    const list = new Map();
    const order = { Team: 2, 'App::Folder': 2, User: 1, Doc: 1 };
    for (let i = r.int(9); i > 0; i--) {
      const id = person();
      // Parents stand higher in type or id, so that there are no circles.
      const above = (p) => order[p.type] > order[id.type] || (p.type === id.type && IDS.indexOf(p.id) > IDS.indexOf(id.id));
      const parents = Array.from({ length: r.int(3) }, person).filter(above);
      const tags = r.chance(30) ? { n: value('n'), owner: value('owner') } : undefined;
      list.set(uidText(id), { uid: id, attrs: attrs(60), parents, ...(tags && { tags }) });
    }
    if (r.chance(50)) {
      list.set('read', { uid: { type: 'Action', id: 'read' }, attrs: r.chance(20) ? attrs(30) : {}, parents: [{ type: 'Action', id: 'all' }] });
    }
    return [...list.values()];
  }
  const request = () => [r.chance(97) ? uid(['User', 'User', 'Team', 'Doc']) : uid(), r.chance(95) ? actionUid() : uid(),
    uid(['Doc', 'App::Folder', 'User']), attrs(70)];

  return {
    r,
    policy,
    decision(requests) {
      const count = r.chance(20) ? 17 + r.int(20) : 1 + r.int(5);
      const policies = Array.from({ length: count }, () => policy(false));
      const test = { p: policies.join('\n'), e: entities(), r: Array.from({ length: requests }, request) };
      if (r.chance(25)) {
        const templates = Array.from({ length: 1 + r.int(2) }, () => policy(true)).filter((t) => /\?(principal|resource)/.test(t));
        test.t = templates.join('\n');
        test.l = templates.map((t, i) => ({
          templateId: `template${i}`, newId: `link${i}`,
          values: { ...(t.includes('?principal') && { '?principal': person() }), ...(t.includes('?resource') && { '?resource': person() }) },
        }));
        test.templates = Object.fromEntries(templates.map((t, i) => [`template${i}`, t]));
      }
      return test;
    },
    // Entities with one node of their JSON replaced, dropped or added.
    facts() {
      const list = entities();
      const odd = () => r.pick([null, 1.5, 'x', [], {}, true, { __entity: { type: 'User', id: 'a' } }, { __entity: 'x' }, { __entity: { type: 'a b', id: '' } },
        { __entity: { type: '__cedar::A', id: '' } }, { __entity: { type: 'A::in', id: '' } }, { __extn: { fn: 'ip', arg: '::1' } }, { __extn: { fn: 'ip', arg: 1 } },
        { __extn: { fn: 'nope', arg: '1' } }, { __extn: { fn: 'ip', args: ['::1', '::1'] } }, { __extn: { fn: 'isIpv4', arg: { __extn: { fn: 'ip', arg: '1.1.1.1' } } } },
        { __extn: 1 }, { __expr: 'User::"a"' }, { __expr: 1 }, { type: 'User', id: 'a' }, { type: 'Action', id: 'read' }, { fn: 'ip', arg: '::1' }, { x: null }, [null],
        { __extn: { fn: 'decimal', arg: r.pick(DECIMALS) } }, { __extn: { fn: 'datetime', arg: r.pick(DATES) } }, { __extn: { fn: 'duration', arg: r.pick(DURATIONS) } },
        { __extn: { fn: 'ip', arg: r.pick(IPS) } }]);
      const slots = [];
      const visit = (at) => {
        if (at === null || typeof at !== 'object') return;
        for (const k of Object.keys(at)) {
          slots.push([at, k]);
          visit(at[k]);
        }
      };
      visit(list);
      if (slots.length && r.chance(90)) {
        const [at, k] = r.pick(slots);
        switch (r.int(3)) {
          case 0: at[k] = odd(); break;
          case 1: if (Array.isArray(at)) at.splice(Number(k), 1); else delete at[k]; break;
          default: if (Array.isArray(at)) at.push(odd()); else at[r.pick(['uid', 'attrs', 'parents', 'tags', 'type', 'id', '__entity', '__extn', 'n'])] = odd();
        }
      }
      return { p: 'permit(principal, action, resource);', e: list, r: [request()] };
    },
    // A policy with a few of its tokens or characters changed: what parsers disagree about.
    mutated() {
      const words = ['if', 'in', 'is', 'has', 'like', 'true', '__cedar', '::', '.', '(', ')', '[', ']', '{', '}', '-', '!', '-', '==', '=', '&&',
        '"', '\\', ',', ';', '@', '?principal', '?x', '9223372036854775808', '0x', 'principal', 'when', ' ', '//', '\n', '*', '%', '/', '<', 'then', 'else',
        '"\\u{1F600}"', '"\\x7f"', '"\\x80"', '"\\q"', 'ip', 'contains', '\u00a0', 'é', '\u2028', '&', '|', ':', '#'];
      let tokens = policy(r.chance(10)).match(/"(\\.|[^"\\])*"|[A-Za-z_]\w*|\d+|\s+|::|==|!=|<=|>=|&&|\|\||./g);
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
    },
  };
}

module.exports = { generator, random, quote, uidText, IPS, DECIMALS, DATES, DURATIONS };
