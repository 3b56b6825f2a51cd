// ndts clean: files that are right and wrong, and a dry run over a folder that nobody has open.

import { deepEqual, equal, match, rejects, throws } from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CleanTryView, type ConfigValues, rejectsSchema } from '@ndts/protocol';
import { loadConfig, SystemClock } from '@ndts/runtime';
import { NDTSClient } from '@ndts/storage';
import { checkRules, type CleanContext, tryFile, type TryFlags } from './clean.js';

const day = 20_458; // 2026-01-05

interface Desk {
  readonly values: ConfigValues;
  readonly context: CleanContext;
  readonly printed: string[];
  readonly file: (name: string, text: string) => string;
}

function openDesk(test: TestContext): Desk {
  const root = mkdtempSync(join(tmpdir(), 'ndts-clean-command-'));
  test.after(() => rmSync(root, { recursive: true, force: true }));
  const sizes = { 'storage.stagingBytes': '1048576', 'storage.walFileBytes': '1048576' };
  const values = loadConfig({ args: { dataDir: join(root, 'data'), ...sizes }, environment: {} });
  const printed: string[] = [];
  const print = (text: string): void => {
    printed.push(text);
  };
  return {
    values,
    context: { values: () => values, clock: new SystemClock(), print },
    printed,
    file: (name, text) => {
      writeFileSync(join(root, name), text);
      return join(root, name);
    },
  };
}

/** Ten ticks of A, one a second, and a reject between the fourth and the fifth. */
async function fill(values: ConfigValues): Promise<void> {
  await using client = new NDTSClient({ mode: 'standalone', values });
  const rest = { bid1: 0, ask1: 0, bid_vol1: 0, ask_vol1: 0 };
  const ticks = Array.from({ length: 10 }, (_, at) => ({
    time: { day, nsOfDay: at * 1e9 },
    symbol: 'A',
    price: 100 + at,
    volume: 1,
    flags: 0,
    ...rest,
  }));
  const { sequence } = await client.insert('tick', ticks);
  await client.createTable(rejectsSchema);
  const reject = {
    time: { day, nsOfDay: 3.5e9 },
    symbol: 'A',
    reason: 'volume',
    source: 'feed',
    live: true,
    tick_day: day,
    tick_ns: 3.5e9,
    price: 103,
    volume: -1,
    next_sequence: BigInt(sequence[4] ?? 0),
    ...rest,
  };
  await client.insert('rejects', [reject]);
}

const flags: TryFlags = {
  dataDir: '',
  from: '2026-01-05',
  to: '2026-01-06',
  samples: 1,
  json: false,
};

test('check says what is in a file, or what is wrong with it', (test) => {
  const { context, file, printed } = openDesk(test);
  const right = file('right.json', '{"classes": {"a": {"tickSize": 1}}}');
  checkRules(right, { json: false }, context);
  match(printed[0] ?? '', /right\.json is right: classes 1, calendars 0/);
  checkRules(right, { json: true }, context);
  deepEqual(JSON.parse(printed[1] ?? '').classes, ['a']);
  const wrong = file('wrong.yaml', 'classes:\n  a:\n    tickSise: 1\n');
  throws(() => checkRules(wrong, { json: false }, context), {
    code: 'CONFIG_UNKNOWN_KEY',
    message: `${wrong}:3: classes.a.tickSise is not known; did you mean tickSize?`,
  });
  throws(() => checkRules(join(wrong, 'none.yaml'), { json: false }, context), {
    code: 'CONFIG_UNREADABLE',
  });
  throws(() => checkRules('rules.txt', { json: false }, context), /expected a .yaml/);
});

test('try shows what would be judged otherwise', async (test) => {
  const { context, file, printed, values } = openDesk(test);
  await fill(values);
  const same = file('same.yaml', '');
  await tryFile(same, flags, context);
  match(printed[0] ?? '', /^ticks 10, rejects 1, symbols 1\n11 judged alike, 0 not\n/);
  const other = file(
    'other.yaml',
    'classes: { default: { priceMax: 108, rules: { volume: off } } }',
  );
  await tryFile(other, flags, context);
  match(printed[1] ?? '', /accepted +price +2\n/);
  match(printed[1] ?? '', /volume +accepted +1\n/);
  match(printed[1] ?? '', /accepted +price +A +2026-01-05T00:00:08\.000000000Z +108 +1 +0 +0/);
  await tryFile(other, { ...flags, to: '2026-01-05T00:00:04', json: true }, context);
  const part = JSON.parse(printed[2] ?? '') as CleanTryView;
  deepEqual([part.ticks, part.rejects, part.changes.length], [4, 1, 1]);
  equal(part.changes[0]?.today, 'volume');
  await rejects(tryFile(other, { ...flags, symbols: 'A,B' }, context), { code: 'NOT_FOUND' });
  await rejects(tryFile(other, { ...flags, from: 'now' }, context), { code: 'INVALID_ARGUMENT' });
});
