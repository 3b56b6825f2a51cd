// ndts replay on a real folder: CSV, JSON and counts of the same ticks, part of the time, at a
// speed, stopped in the middle; what is wrong is said.

import { deepEqual, equal, match, rejects, throws } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Clock, type ConfigValues, timeText } from '@ndts/protocol';
import { loadConfig, SystemClock, VirtualClock } from '@ndts/runtime';
import { NDTSClient } from '@ndts/storage';
import { parseTime, type ReplayFlags, replay } from './replay.js';

const day = 20_454; // 2026-01-01

function makeValues(context: TestContext): ConfigValues {
  const root = mkdtempSync(join(tmpdir(), 'ndts-replay-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const sizes = { 'storage.stagingBytes': '1048576', 'storage.walFileBytes': '1048576' };
  return loadConfig({ args: { dataDir: join(root, 'data'), ...sizes }, environment: {} });
}

/** A tick a second, of two symbols in turn. */
async function fill(values: ConfigValues, count: number): Promise<void> {
  const client = new NDTSClient({ mode: 'standalone', values });
  const rest = { volume: 3, bid1: 1, ask1: 2, bid_vol1: 1, ask_vol1: 1, flags: 0 };
  const rows = Array.from({ length: count }, (_, at) => ({
    time: { day, nsOfDay: at * 1e9 + 1 },
    symbol: at % 2 === 0 ? 'A,"B"' : 'C',
    price: at / 4,
    ...rest,
  }));
  await client.insert('tick', rows);
  await client.close();
}

interface Run {
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly onText?: (text: string) => void;
}

async function run(
  values: ConfigValues,
  symbols: readonly string[],
  flags: Partial<ReplayFlags> = {},
  { clock = new SystemClock(), signal, onText }: Run = {},
): Promise<string> {
  let written = '';
  const write = async (text: string): Promise<void> => {
    written += text;
    onText?.(text);
  };
  const all = { dataDir: '', speed: 0, json: false, csv: false, count: false, ...flags };
  const screen = { isTerminal: false, columns: 80, write: () => undefined };
  const context = { values, clock, write, screen };
  await replay(symbols, all, signal === undefined ? context : { ...context, signal });
  return written;
}

test('rows are CSV, JSON or a number', async (context) => {
  const values = makeValues(context);
  await fill(values, 100);
  const csv = (await run(values, [], { columns: 'price,volume' })).split('\n');
  equal(csv.length, 102);
  equal(csv[0], 'time,symbol,sequence,price,volume');
  match(csv[1] ?? '', /^2026-01-01T00:00:00\.000000001Z,"A,""B""",\d+,0,3$/);
  const json = (await run(values, ['C'], { json: true })).trimEnd().split('\n');
  equal(json.length, 50);
  const { sequence: _sequence, ...last } = JSON.parse(json[49] ?? '') as Record<string, unknown>;
  const time = '2026-01-01T00:01:39.000000001Z';
  deepEqual(last, { time, symbol: 'C', price: 24.75, volume: 3, bid: 1, ask: 2 });
  equal(await run(values, [], { count: true }), '100\n');
  const part = { from: '2026-01-01T00:00:10', to: '2026-01-01 00:00:20.000000001Z', count: true };
  equal(await run(values, [], part), '10\n');
});

test('at speed 1 the ticks take as long as they took', async (context) => {
  const values = makeValues(context);
  await fill(values, 20);
  const clock = new VirtualClock();
  const startNs = clock.monotonicNs();
  const due: number[] = [];
  const onText = (text: string): void => {
    for (const line of text.split('\n').slice(0, -1))
      if (!line.startsWith('time')) due.push((clock.monotonicNs() - startNs) / 1e9);
  };
  let ended = false;
  const running = run(values, [], { speed: 1 }, { clock, onText }).finally(() => {
    ended = true;
  });
  while (!ended) {
    await new Promise((resolve) => setImmediate(resolve));
    const next = clock.nextTimerNs();
    // Timers of a folder that is open beside the replay: only those that are near are waited for.
    if (next !== undefined && next - clock.monotonicNs() <= 1e9)
      clock.advance(Math.max(0, next - clock.monotonicNs()));
  }
  await running;
  deepEqual(
    due.map((seconds) => Math.round(seconds - (due[0] ?? 0))),
    Array.from({ length: 20 }, (_, at) => at),
  );
});

test('it stops when it is told to', async (context) => {
  const values = makeValues(context);
  await fill(values, 20);
  const abort = new AbortController();
  const onText = (text: string): void => {
    if (!text.startsWith('time')) abort.abort();
  };
  const written = await run(values, [], { speed: 1 }, { signal: abort.signal, onText });
  equal(written.trimEnd().split('\n').length, 2);
});

test('what is wrong is said', async (context) => {
  const values = makeValues(context);
  await rejects(run(values, []), { code: 'NOT_FOUND' });
  await fill(values, 2);
  await rejects(run(values, ['NOBODY']), { code: 'NOT_FOUND' });
  await rejects(run(values, [], { columns: 'prize' }), {
    code: 'INVALID_ARGUMENT',
    message: /did you mean price\?/,
  });
  await rejects(run(values, [], { json: true, count: true }), { code: 'INVALID_ARGUMENT' });
  await rejects(run(values, [], { from: 'yesterday' }), { code: 'INVALID_ARGUMENT' });
  equal(timeText(parseTime('2026-01-01', 'from')), '2026-01-01T00:00:00.000000000Z');
  equal(timeText(parseTime('2026-01-01T10:20:30.5Z', 'from')), '2026-01-01T10:20:30.500000000Z');
  throws(() => parseTime('2026-13-01', 'to'), { code: 'INVALID_ARGUMENT' });
});
