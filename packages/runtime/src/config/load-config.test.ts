import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ErrorCode, NdtsError, configKeys } from '@ndts/protocol';
import { configRules } from './config-rules.js';
import { readValue } from './config-value.js';
import { describeConfig } from './describe-config.js';
import { type ConfigInput, environmentName, loadConfig, secretsOf } from './load-config.js';
import { editDistance, nearestName } from './nearest-name.js';

const dir = mkdtempSync(join(tmpdir(), 'ndts-config-'));
after(() => rmSync(dir, { recursive: true }));

function fileOf(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

function load(input: Partial<ConfigInput>) {
  return loadConfig({ args: {}, environment: {}, ...input });
}

function refuses(input: Partial<ConfigInput>, code: ErrorCode, ...parts: string[]): void {
  assert.throws(
    () => load(input),
    (error: unknown) => {
      assert.ok(error instanceof NdtsError);
      assert.equal(error.code, code, error.message);
      for (const part of parts)
        assert.ok(error.message.includes(part), `'${part}' in '${error.message}'`);
      return true;
    },
  );
}

test('without anything set there are the defaults, valid and frozen', () => {
  const config = load({});
  assert.equal(config.cluster.shards, 64);
  assert.deepEqual(config.strategy.list, ['bollinger']);
  assert.throws(() => Object.assign(config.cluster, { shards: 1 }), TypeError);
  assert.throws(() => Object.assign(config, { dataDir: 'x' }), TypeError);
  for (const key of configKeys)
    readValue(key, { key: key.key, value: key.default, source: 'default' }, 'file');
});

test('flags win over the environment, that over the file, that over the default', () => {
  const file = fileOf('a.yaml', 'cluster:\n  shards: 2\n  leaseTtlMs: 2000\nfeed:\n  seed: 2\n');
  const environment = { NDTS_CLUSTER_SHARDS: '4', NDTS_CLUSTER_LEASE_TTL_MS: '4000', PATH: '/bin' };
  const config = load({ file, environment, args: { 'cluster.shards': '8' } });
  assert.equal(config.cluster.shards, 8);
  assert.equal(config.cluster.leaseTtlMs, 4000);
  assert.equal(config.feed.seed, 2);
  assert.equal(config.feed.symbols, 20);
  const described = new Map(describeConfig(config).map((line) => [line.key, line]));
  assert.equal(described.size, configKeys.length);
  assert.equal(described.get('cluster.shards')?.source, '--cluster.shards');
  assert.equal(described.get('cluster.leaseTtlMs')?.source, 'NDTS_CLUSTER_LEASE_TTL_MS');
  assert.equal(described.get('feed.seed')?.source, `${file}:5`);
  assert.deepEqual(described.get('strategy.list'), {
    key: 'strategy.list',
    value: 'bollinger',
    source: 'default',
  });
});

test('every key has its own variable', () => {
  assert.equal(environmentName('dataDir'), 'NDTS_DATA_DIR');
  assert.equal(environmentName('cluster.leaseTtlMs'), 'NDTS_CLUSTER_LEASE_TTL_MS');
  const names = new Set(configKeys.map(({ key }) => environmentName(key)));
  assert.equal(names.size, configKeys.length);
});

test('a TOML file says the same as a YAML file', () => {
  const toml = fileOf('b.toml', 'dataDir = "d"\n[feed]\nseed = 9\n[strategy]\nlist = ["a", "b"]\n');
  const yaml = fileOf('b.yml', 'dataDir: d\nfeed: { seed: 9 }\nstrategy:\n  list: [a, b]\n');
  assert.deepEqual(load({ file: toml }), load({ file: yaml }));
  assert.deepEqual(load({ file: toml }).strategy.list, ['a', 'b']);
  assert.deepEqual(load({ file: fileOf('empty.yaml', '# nothing\n') }), load({}));
  assert.equal(load({ file: fileOf('dots.yaml', 'feed.seed: 5\n') }).feed.seed, 5);
});

test('an unknown key is refused with its place and the nearest known one', () => {
  const file = fileOf('c.yaml', 'cluster:\n  shards: 2\n  leaseTtl: 5\n');
  const unknown = 'CONFIG_UNKNOWN_KEY';
  refuses({ file }, unknown, 'cluster.leaseTtl', `${file}:3`, 'did you mean cluster.leaseTtlMs?');
  refuses({ args: { 'feed.symbol': '1' } }, unknown, '--feed.symbol', 'feed.symbols?');
  refuses({ environment: { NDTS_FEED_SEDE: '1' } }, unknown, 'NDTS_FEED_SEDE', 'NDTS_FEED_SEED?');
  refuses({ args: { constructor: '1' } }, unknown, 'constructor');
  assert.equal(
    load({ environment: { NDTS_TEST_SEED: '7', NDTS_DATA_DIR: undefined } }).feed.seed,
    1,
  );
});

test('a wrong value names key, place, what was expected and what was found', () => {
  const invalid = 'CONFIG_INVALID_VALUE';
  const flag = (key: string, value: string, ...parts: string[]): void =>
    refuses({ args: { [key]: value } }, invalid, `${key} (--${key})`, `'${value}'`, ...parts);
  flag('control.port', '70000', 'an integer from 0 to 65535');
  flag('control.port', '-1');
  flag('control.port', '1.5');
  flag('control.port', '');
  flag('control.port', '0x10');
  flag('control.port', '80 80');
  flag('clean.priceMax', 'NaN', 'a number of at least 0');
  flag('clean.priceMax', '1e999');
  flag('log.level', 'loud', 'one of trace, debug, info, warn, error, fatal');
  flag('cluster.shards', '48', 'a power of two from 1 to 1024');
  flag('storage.ringSlots', '1025', 'a power of two');
  flag('risk.maxPosition', '1.123456789', 'a decimal number', 'at most 8 decimals');
  flag('risk.maxPosition', '-1', 'of at least 0');
  flag('strategy.quantity', '0', 'above 0');
  flag('dataDir', ' ', 'not empty');
  flag('node.id', 'a/b', 'letters');
  refuses({ environment: { NDTS_LOOP_IDLE: 'nap' } }, invalid, 'NDTS_LOOP_IDLE', 'adaptive');
  const file = fileOf('d.yaml', 'control:\n  port: "80"\n');
  refuses({ file }, invalid, 'control.port', `${file}:2`, "'80'");
  refuses({ file: fileOf('e.yaml', 'strategy:\n  list: 5\n') }, invalid, 'a list of texts');
  refuses({ file: fileOf('f.yaml', 'feed:\n  seed: null\n') }, invalid, 'feed.seed', "'null'");
  refuses({ file: fileOf('g.toml', '[feed]\nseed = 1.5\n') }, invalid, 'g.toml', "'1.5'");
});

test('right values of each type are taken', () => {
  const args = { 'feed.ticksPerSecond': '100_000', 'clean.spreadMax': '2.5e-1' };
  const config = load({ args: { ...args, 'strategy.list': 'a, b.js,' } });
  assert.equal(config.feed.ticksPerSecond, 100_000);
  assert.equal(config.clean.spreadMax, 0.25);
  assert.deepEqual(config.strategy.list, ['a', 'b.js']);
  const money = fileOf('h.yaml', 'risk:\n  maxPosition: 12.5\n  maxOrderValue: "0.00000001"\n');
  assert.equal(load({ file: money }).risk.maxPosition, '12.5');
  assert.equal(load({ file: money }).risk.maxOrderValue, '0.00000001');
  const inexact = fileOf('i.yaml', 'risk:\n  maxPosition: 12345678901234567\n');
  refuses({ file: inexact }, 'CONFIG_INVALID_VALUE', 'risk.maxPosition');
});

test('a file that cannot be read or parsed is named, with the line', () => {
  const unreadable = 'CONFIG_UNREADABLE';
  refuses({ file: join(dir, 'none.yaml') }, unreadable, 'none.yaml');
  refuses({ file: fileOf('a.json', '{}') }, unreadable, '.yaml, .yml or .toml');
  const yaml = fileOf('bad.yaml', 'feed:\n  seed: [1\n');
  refuses({ file: yaml }, unreadable, `${yaml}:`);
  const twice = fileOf('twice.yaml', 'dataDir: a\ndataDir: b\n');
  refuses({ file: twice }, unreadable, `${twice}:2`);
  refuses({ file: fileOf('text.yaml', 'hello') }, unreadable, 'expected keys');
  const toml = fileOf('bad.toml', 'a = 1\nb = = 2\n');
  refuses({ file: toml }, unreadable, `${toml}:2`);
});

test('a secret is never shown, neither described nor refused', () => {
  const secret = {
    key: 'feed.kind',
    type: 'enum',
    default: '',
    values: ['x'],
    doc: '',
    secret: true,
  } as const;
  const described = describeConfig(load({}), [secret]);
  assert.equal(described[0]?.value, '***');
  assert.throws(
    () => readValue(secret, { key: 'feed.kind', value: 'hunter2', source: 's' }, 'text'),
    (error: Error) => !error.message.includes('hunter2'),
  );
});

test('when a day begins is a time of day of a zone that there is', () => {
  const set = (key: string, value: string): unknown => load({ args: { [key]: value } });
  for (const value of ['24:00', '7:30', '12:60', 'noon'])
    assert.throws(() => set('risk.dayStart', value), /expected hours and minutes, as 17:30, found/);
  for (const value of ['Nowhere', ''])
    assert.throws(
      () => set('risk.dayZone', value),
      /expected a time zone, as Europe\/Berlin, found/,
    );
  assert.ok(set('risk.dayStart', '17:00'));
  assert.ok(set('risk.dayZone', 'America/New_York'));
});

test('every rule is about keys that exist', () => {
  const known = new Set(configKeys.map(({ key }) => key));
  for (const rule of configRules) for (const key of rule.keys) assert.ok(known.has(key), key);
});

test('the nearest name counts edits; nothing is proposed for something far away', () => {
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('port', 'prot'), 1);
  assert.equal(editDistance('same', 'same'), 0);
  assert.equal(nearestName('LOG.LEVL', ['log.level', 'log.file']), 'log.level');
  assert.equal(nearestName('qqqqqqqqqq', ['log.level', 'log.file']), undefined);
});

test('variables that are secrets are no configuration, and are not shown with it', () => {
  const environment = { NDTS_SECRET_MARKET: 'hunter2', NDTS_LOG_LEVEL: 'warn', PATH: '/bin' };
  const config = load({ environment });
  assert.ok(!JSON.stringify([config, describeConfig(config)]).includes('hunter2'));
  assert.deepEqual([...secretsOf(environment)], [['NDTS_SECRET_MARKET', 'hunter2']]);
});
