// Files of cleaning rules: what they may say, what is refused and how that is told, which symbol
// gets which plan.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCleaner } from '@ndts/native/clean';
import { type ErrorCode, NdtsError } from '@ndts/protocol';
import { loadConfig, parseTextDocument, type TextFormat } from '@ndts/runtime';
import { rulesDifference } from './difference.js';
import { CompiledRules } from './rules.js';
import { noRules, readRules, type RulesFile } from './rules-file.js';
import { defaultSettings } from './settings.js';

const defaults = defaultSettings(loadConfig({ args: {}, environment: {} }));
const span = { firstDay: 20_000, lastDay: 20_100 };

function read(text: string, format: TextFormat = 'yaml'): RulesFile {
  return readRules(parseTextDocument(text, format, 'rules'), defaults);
}

function compile(text: string, format: TextFormat = 'yaml'): CompiledRules {
  return new CompiledRules(read(text, format), defaults, span);
}

function refuses(text: string, code: ErrorCode, ...parts: string[]): void {
  assert.throws(
    () => read(text),
    (error: unknown) => {
      assert.ok(error instanceof NdtsError, String(error));
      assert.equal(error.code, code, error.message);
      for (const part of parts)
        assert.ok(error.message.includes(part), `'${part}' in '${error.message}'`);
      return true;
    },
  );
}

const desk = `
calendars:
  sse:
    zone: Asia/Shanghai
    sessions: ["09:30-11:30", "13:00-15:00"]
    holidays: [2026-01-01, 2026-02-16..2026-02-22]
classes:
  default: { spreadMax: 0.2 }
  stock: { priceMax: 5000, tickSize: 0.01, calendar: sse, rules: { jump: mark } }
  fund: { extends: stock, tickSize: 0.001, rules: { stale: off } }
symbols:
  - match: SH600519
    class: stock
    priceMax: 9000
  - { match: ["SH6*", "SZ0?????"], class: stock }
  - { match: "SH5*", class: fund }
  - { match: "*X", rules: { volume: off } }
`;

test('own fields override the class, that what it extends, that the default class', () => {
  const rules = compile(desk);
  const stock = rules.rulesOf('SH600000');
  assert.deepEqual([stock.class, stock.match], ['stock', ['SH6*', 'SZ0?????']]);
  assert.equal(stock.settings.priceMax, 5000);
  assert.equal(stock.settings.spreadMax, 0.2);
  assert.equal(stock.settings.rules.jump, 'mark');
  assert.equal(stock.settings.rules.stale, 'refuse');
  const fund = rules.rulesOf('SH510050').settings;
  assert.equal(fund.tickSize, 0.001);
  assert.equal(fund.priceMax, 5000);
  assert.deepEqual([fund.rules.jump, fund.rules.stale], ['mark', 'off']);
  assert.equal(rules.rulesOf('SH600519').settings.priceMax, 9000);
  assert.equal(rules.rulesOf('SH6X').class, 'stock', 'the first that matches wins');
  assert.equal(rules.rulesOf('AAX').settings.rules.volume, 'off');
  const other = rules.rulesOf('SZ0123456');
  assert.deepEqual([other.class, other.match], ['default', []]);
  assert.equal(other.settings.spreadMax, 0.2);
});

test('without a file there are the defaults of the SPEC and of the configuration', () => {
  const config = loadConfig({ args: { 'clean.priceMax': '50' }, environment: {} });
  const rules = new CompiledRules(noRules, defaultSettings(config), span);
  const { settings } = rules.rulesOf('ANY');
  assert.equal(settings.priceMax, 50);
  assert.equal(settings.spreadMax, 0.1);
  assert.equal(settings.calendar, 'always');
  assert.ok(Object.values(settings.rules).every((action) => action === 'refuse'));
  assert.equal(rules.plans, 1);
});

test('the same rules are the same plan, the same in JSON and TOML', () => {
  const rules = compile(desk);
  assert.equal(rules.plans, 5);
  const twice = compile(
    '{"symbols": [{"match": "A*", "tickSize": 1}, {"match": "B", "tickSize": 1}]}',
  );
  assert.equal(twice.plans, 2);
  assert.equal(twice.planOf('AB'), twice.planOf('B'));
  const toml = compile(
    `[calendars.c]
zone = "UTC"
sessions = ["00:00-12:00"]
holidays = [2026-01-01]
[classes.a]
calendar = "c"
[[symbols]]
match = "A*"
class = "a"
`,
    'toml',
  );
  assert.equal(toml.rulesOf('AB').settings.calendar, 'c');
  assert.equal(toml.file.calendars.get('c')?.holidays.has(20_454), true);
});

test('patterns: * is any characters, ? is one, all else stands for itself', () => {
  const planOf = (pattern: string, name: string): number =>
    compile(JSON.stringify({ symbols: [{ match: pattern, tickSize: 1 }] })).planOf(name);
  for (const [pattern, name] of [
    ['*', ''],
    ['A*', 'A'],
    ['*-PERP', 'BTC-PERP'],
    ['A*B*C', 'AxBxBxC'],
    ['A?C', 'ABC'],
    ['a.b[c](d)+$^|\\', 'a.b[c](d)+$^|\\'],
    ['**A', 'A'],
  ] as const)
    assert.equal(planOf(pattern, name), 1, `${pattern} ${name}`);
  for (const [pattern, name] of [
    ['A*', 'BA'],
    ['*-PERP', 'BTC-PERP2'],
    ['A*B*C', 'AxCxB'],
    ['A?C', 'AC'],
    ['a.b', 'axb'],
    ['AB', 'ab'],
    [`${'a*'.repeat(30)}b`, 'a'.repeat(1000)],
  ] as const)
    assert.equal(planOf(pattern, name), 0, `${pattern} ${name}`);
});

test('of patterns that begin differently the first entry wins, too', () => {
  const match = ['ZZ*', 'A*', 'AB*', 'ABC'];
  const symbols = match.map((text, at) => ({ match: text, tickSize: at + 1 }));
  const rules = compile(JSON.stringify({ symbols }));
  assert.deepEqual(
    ['ABC', 'AB', 'ZZZ', 'B'].map((name) => rules.rulesOf(name).settings.tickSize),
    [2, 2, 1, 0],
  );
});

test('the native pass gets a plan by symbol', () => {
  const rules = compile(desk);
  const symbols = [
    { id: 3, name: 'SH600519' },
    { id: 5, name: 'OTHER' },
    { id: 6, name: 'SH510050' },
  ];
  const native = rules.native(symbols);
  assert.equal(native.planOf.length, 7);
  assert.deepEqual(
    symbols.map(({ id }) => native.plans[native.planOf[id]!]?.priceMax),
    [9000, 999_999, 5000],
  );
  assert.equal(native.plans[0]?.calendar, undefined);
  assert.equal(native.calendars.length, 1);
  assert.equal(native.plans[native.planOf[6]!]?.calendar, 0);
  createCleaner(native).close();
});

test('what is wrong is told with its place', () => {
  const invalid = 'CONFIG_INVALID_VALUE';
  const unknown = 'CONFIG_UNKNOWN_KEY';
  refuses('classes:\n  a:\n    priceMx: 1\n', unknown, 'rules:3: classes.a.priceMx', 'priceMax?');
  refuses('class: {}', unknown, 'rules:1: class', 'did you mean classes?');
  refuses('classes:\n  a: { rules: { jmp: off } }', unknown, 'classes.a.rules.jmp', 'jump?');
  refuses('classes:\n  a: { spreadMax: 0 }', invalid, 'rules:2: classes.a.spreadMax', 'above 0');
  refuses('classes: { a: { priceMax: "5" } }', invalid, "found '5'");
  refuses('classes: { a: { priceMax: .inf } }', invalid, 'classes.a.priceMax');
  refuses('classes: { a: { staleMs: 1.5 } }', invalid, 'whole milliseconds');
  refuses('classes: { a: { confirmations: 0 } }', invalid, 'from 1 to 1000');
  refuses('classes: { a: { priceMin: 5, priceMax: 5 } }', invalid, 'priceMax above priceMin 5');
  refuses('symbols: [{ match: A, priceMin: 1e6 }]', invalid, 'symbols[0]', 'priceMax above');
  refuses('classes: { a: { rules: { jump: on } } }', invalid, 'one of refuse, mark, off');
  refuses('classes: { a: { rules: { sentinel: mark } } }', invalid, 'sentinel always refuses');
  refuses('classes: { a: { calendar: x } }', invalid, "one of always, found 'x'");
  refuses('classes: { a: { extends: b } }', invalid, 'classes.a.extends', "found 'b'");
  refuses('classes: { a: { extends: b }, b: { extends: a } }', invalid, 'a extends itself');
  refuses('classes: { default: { extends: a }, a: {} }', invalid, 'extends the configuration');
  refuses('symbols: [{ match: A, class: b }]', invalid, 'symbols[0].class', 'one of default');
  refuses('symbols: [{ class: default }]', invalid, 'symbols[0].match', 'a pattern');
  refuses('symbols: [{ match: [] }]', invalid, 'symbols[0].match');
  refuses('symbols: { match: A }', invalid, 'symbols: expected a list');
  refuses('[]', invalid, 'keys with values');
  const calendar = (text: string): string => `calendars: { c: { ${text} } }`;
  refuses(calendar('sessions: ["09:30-16:00"]'), invalid, 'calendars.c.zone', 'found nothing');
  refuses(calendar('zone: Mars/Base, sessions: ["09:30-16:00"]'), invalid, "'Mars/Base'");
  refuses(calendar('zone: UTC'), invalid, 'expected sessions');
  for (const session of ['9:30-16:00', '09:60-16:00', '09:30-24:01', '24:00-01:00', '09:30'])
    refuses(calendar(`zone: UTC, sessions: ["${session}"]`), invalid, 'calendars.c.sessions[0]');
  const whole = 'zone: UTC, sessions: ["00:00-24:00"]';
  refuses(calendar(`${whole}, weekdays: [monday]`), invalid, 'one of sun, mon');
  refuses(calendar(`${whole}, weekdays: []`), invalid, 'at least one weekday');
  for (const day of ['2026-02-30', '2026-01-02..2026-01-01', '1.1.2026', '2026-01-01..2029-01-01'])
    refuses(calendar(`${whole}, holidays: ["${day}"]`), invalid, 'calendars.c.holidays[0]');
  refuses(
    calendar(`${whole}, holidays: [2026-01-01], extraDays: [2026-01-01]`),
    invalid,
    '2026-01-01 is a holiday and an extra day',
  );
  refuses('a: [', 'CONFIG_UNREADABLE', 'rules:1');
});

test('a difference is told in lines', () => {
  const before = read(desk);
  assert.deepEqual(rulesDifference(before, read(desk)), []);
  const after = read(
    desk
      .replace('priceMax: 5000', 'priceMax: 6000')
      .replace('2026-01-01, ', '')
      .replace('rules: { stale: off }', 'rules: { future: mark }')
      .replace('"SH5*"', '"SH51*"'),
  );
  assert.deepEqual(rulesDifference(before, after), [
    'calendars.sse.holidays.2026-01-01: closed -> gone',
    'classes.stock.priceMax: 5000 -> 6000',
    'classes.fund.rules.stale: off -> gone',
    'symbols[2].match: SH5* -> SH51*',
    'classes.fund.rules.future: new, mark',
  ]);
});

test('thousands of symbols and entries are compiled at once', () => {
  const entries = Array.from({ length: 500 }, (_, at) => ({ match: `S${at}-*`, tickSize: at + 1 }));
  const rules = compile(JSON.stringify({ symbols: entries }));
  const symbols = Array.from({ length: 4000 }, (_, at) => ({ id: at, name: `S${at % 600}-${at}` }));
  const native = rules.native(symbols);
  assert.equal(rules.plans, 501);
  for (const { id } of symbols)
    assert.equal(native.planOf[id], id % 600 < 500 ? (id % 600) + 1 : 0);
});
