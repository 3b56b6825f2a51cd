// Runs over a real data folder and over a tape: equal bytes from equal input, the look-ahead check,
// sweeps over threads, and what goes wrong in plugins.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bookSchema, nsPerDay } from '@ndts/protocol';
import { NDTSClient } from '@ndts/storage';
import { firstDay, randomTicks, testSymbols } from './backtest-test-kit.js';
import { compareRuns } from './compare.js';
import { executeRun, type RunRequest } from './execute.js';
import { SeededRandom } from '@ndts/runtime';
import { checkLookAhead } from './look-ahead.js';
import { recordTape } from './record-tape.js';
import { listRuns, loadSummary, resultFiles, saveResult } from './result.js';
import { runInThread } from './run-thread.js';
import { type GivenSettings, resolveSettings } from './settings.js';
import { runSweep, saveSweep, type SweepRequest } from './sweep.js';
import { type HistorySource, tapeData, type TapeSource } from './tick-source.js';

const root = mkdtempSync(join(tmpdir(), 'ndts-backtest-'));
after(() => rmSync(root, { recursive: true, force: true }));

const tickCount = 3000;
const sizes = { 'storage.stagingBytes': 1 << 20, 'storage.walFileBytes': 1 << 20 };
const client = { mode: 'standalone', dataDir: join(root, 'data'), settings: sizes } as const;
const history: HistorySource = { kind: 'history', client, range: {} };
const parameters = { period: 8, width: 1.2, quantity: '3' };
/** The same ticks in memory. */
let whole: TapeSource;

/** The ticks of randomTicks, each time once, so that their order is theirs in the database, too. */
const ticks = randomTicks(new SeededRandom(5), tickCount).map((tick, at) => ({
  ...tick,
  atNs: tick.atNs + at,
  isVoid: false,
}));

before(async () => {
  const writer = new NDTSClient(client);
  const names = testSymbols.map(({ name }) => name);
  await writer.registerSymbol(names);
  const inserted = ticks.map((tick) => ({
    time: { day: firstDay + Math.floor(tick.atNs / nsPerDay), nsOfDay: tick.atNs % nsPerDay },
    symbol: names[tick.symbol] ?? '',
    price: tick.price / 100,
    volume: tick.volume,
    bid1: tick.bid / 100,
    ask1: tick.ask / 100,
    bid_vol1: tick.bidVolume,
    ask_vol1: tick.askVolume,
    flags: 0,
  }));
  await writer.insert('tick', inserted);
  await writer.createTable(bookSchema);
  const books = ticks.slice(0, 900).map(({ atNs, symbol, bid, ask }, at) => ({
    time: { day: firstDay + Math.floor(atNs / nsPerDay), nsOfDay: (atNs + (at % 3)) % nsPerDay },
    symbol: names[symbol] ?? '',
    bid1: bid / 100,
    ask1: ask / 100,
  }));
  await writer.insert('book', books);
  await writer.close();
  const { tape, symbols } = await recordTape(history, 1 << 24);
  const rows = { warmUpFirst: 0, first: 0, end: tape.rows };
  whole = { kind: 'tape', tape, symbols, ...rows, data: '' };
});

function requestOf(
  settings: GivenSettings = {},
  source: RunRequest['source'] = history,
): RunRequest {
  const strategies = [{ plugin: 'bollinger', parameters }];
  return { strategies, settings: resolveSettings(settings), source };
}

function plugin(name: string, hooks: string): string {
  const path = join(root, `${name}.mjs`);
  writeFileSync(
    path,
    `export const strategy = { name: '${name}', version: '1', params: {}, ${hooks} };\n`,
  );
  return path;
}

function requestFor(path: string): RunRequest {
  return { ...requestOf({}, whole), strategies: [{ plugin: path, parameters: {} }] };
}

test('equal input gives equal bytes: here, in a thread, in the folder', async () => {
  const settings = { fill: 'queue', latencyUs: 40_000, latencyJitterUs: 90_000, seed: 3 } as const;
  const result = await executeRun(requestOf(settings));
  const files = resultFiles(result);
  assert.ok(result.fills.count > 100, 'there is something to compare');
  assert.deepEqual(resultFiles(await executeRun(requestOf(settings))), files);
  const folder = join(root, 'runs');
  const { path, summary } = await runInThread({ request: requestOf(settings), folder });
  assert.equal(summary.id, result.summary.id);
  assert.deepEqual(readdirSync(path).toSorted(), Object.keys(files).toSorted());
  for (const [name, text] of Object.entries(files))
    assert.equal(readFileSync(join(path, name), 'utf8'), text, name);
  assert.doesNotMatch(files['report.html'] ?? '', /https?:|<script|url\(/);
  const other = await executeRun(requestOf({ ...settings, seed: 4 }));
  assert.notEqual(other.summary.id, summary.id);
  saveResult(folder, other);
  assert.equal(listRuns(folder).length, 2);
  const loaded = loadSummary(folder, summary.id.slice(0, 12));
  assert.deepEqual(loaded, JSON.parse(JSON.stringify(summary)));
  const { differences } = compareRuns(loaded, loadSummary(folder, other.summary.id));
  assert.deepEqual(differences, [{ path: 'settings.seed', first: '3', second: '4' }]);
  assert.throws(() => loadSummary(folder, 'nothing'), /NOT_FOUND|no run/);
});

test('a tape gives what the folder gives; what is before a part warms it up', async () => {
  const plain = await executeRun(requestOf());
  assert.deepEqual(resultFiles(await executeRun(requestOf({}, whole))), resultFiles(plain));
  assert.equal(await tapeData(whole), plain.summary.identity.data);
  const part = { ...whole, first: 1000, end: 2000 };
  const warm = await executeRun(requestOf({}, { ...part, warmUpFirst: 900 }));
  const cold = await executeRun(requestOf({}, { ...part, warmUpFirst: 1000 }));
  assert.equal(warm.summary.statistics.ticks, 1000);
  assert.notEqual(warm.summary.identity.data, cold.summary.identity.data);
  const [early, late] = [warm.fills.row(0), cold.fills.row(0)];
  assert.ok(early.day < late.day || (early.day === late.day && early.nsOfDay < late.nsOfDay));
  await assert.rejects(recordTape(history, 1 << 20), { code: 'MEMORY_LIMIT' });
});

test('books are handed on out of the folder and of a tape, and are part of the run', async () => {
  const hooks = `onBook(book, context) {
    if (book.sequence % 9 > 0 || Number.isNaN(context.priceOf(book.symbol))) return;
    context.log([book.symbol, book.bid(1), book.bidVolume(1), book.ask(2)].join(' '));
    context.buy(book.symbol, 100000000n, { limitPrice: book.bid(1) + 0.01 });
  }`;
  const { strategies, settings } = requestFor(plugin('booked', hooks));
  const plain = await executeRun({ strategies, settings, source: history });
  const text = Object.values(resultFiles(plain)).join('');
  assert.match(text, /NaN NaN/, 'levels that are not there');
  const recorded = await recordTape(history, 1 << 25, true);
  const tape: TapeSource = { ...whole, ...recorded };
  const taped = await executeRun({ strategies, settings, source: tape });
  assert.deepEqual(resultFiles(taped), resultFiles(plain));
  assert.equal(await tapeData(tape), plain.summary.identity.data);
  assert.notEqual(plain.summary.identity.data, await tapeData(whole));
  const { outputs, finding } = await checkLookAhead({ strategies, settings, source: tape });
  assert.ok(finding === null && outputs > 100, `${outputs}`);
  const part = { ...tape, warmUpFirst: 200, first: 300, end: 600 };
  const { summary } = await executeRun({ strategies, settings, source: part });
  assert.equal(summary.statistics.ticks, 300);
});

test('the look-ahead check: honest strategies pass, cheats do not', async () => {
  const honest = await checkLookAhead(requestOf({}, whole));
  assert.equal(honest.finding, null);
  assert.ok(honest.ticks === tickCount && honest.outputs > 100);
  // What a timer asks for comes between two ticks.
  const timed = `timerIntervalMs: 5000, state: () => ({ last: 0 }),
    onTick(tick, { state }) { state.last = tick.symbol; },
    onTimer(context) { context.log('newest ' + context.state.last); }`;
  assert.equal((await checkLookAhead(requestFor(plugin('timed', timed)))).finding, null);
  const cheats = {
    // Buys what will rise: it looks at the next row of the batch.
    'next-row': `onTick(tick, context) {
      const { batch, row } = tick;
      if (batch.price[row + 1] > tick.price * 1.0005) context.buy(tick.symbol, 100000000n);
    }`,
    // Only says so when the batch, which nobody may know, is about to end.
    'batch-end': `onTick(tick, context) {
      if (tick.row === tick.batch.count - 1) context.log('the last one');
    }`,
  };
  for (const [name, hooks] of Object.entries(cheats)) {
    const { finding } = await checkLookAhead(requestFor(plugin(name, hooks)));
    assert.equal(finding?.pass, 'alone', name);
    assert.match(finding?.time ?? '', /^20/);
  }
});

test('a strategy in TypeScript, with the door of the platform, in a thread', async () => {
  const path = join(root, 'typed.ts');
  writeFileSync(join(root, 'typed-size.ts'), 'export const size: bigint = 100000000n;');
  writeFileSync(
    path,
    `import { defineStrategy, factor } from '@ndts/calc-node/strategy';
    import { size } from './typed-size.js';
    export const strategy = defineStrategy({
      name: 'typed', version: '1', params: {},
      factors: { mean: factor('sma(price, 4)') },
      onTick(tick, context): void {
        const above: boolean = tick.price > context.factor.mean;
        if (above) context.buy(tick.symbol, size);
      },
    });`,
  );
  const { summary } = await runInThread({ request: requestFor(path) });
  assert.ok(summary.statistics.total.fills > 10);
});

test('a plugin that fails, loops or ends the thread: the run fails, nothing else', async () => {
  const request = (name: string, hooks: string) => ({ request: requestFor(plugin(name, hooks)) });
  await assert.rejects(
    runInThread(request('throws', "onTick() { throw new Error('at heart'); }")),
    {
      code: 'PLUGIN_FAILED',
      message: /at heart[\s\S]*throws\.mjs/,
    },
  );
  await assert.rejects(runInThread(request('exits', 'onTick() { process.exit(3); }')), {
    code: 'PLUGIN_FAILED',
    message: /code 3/,
  });
  const controller = new AbortController();
  const loops = runInThread(request('loops', 'onTick() { for (;;); }'), {
    signal: controller.signal,
    patienceMs: 50,
  });
  controller.abort();
  await assert.rejects(loops, { code: 'CANCELLED' });
});

test('a sweep on two threads: runs are what they are alone, failures are rows', async () => {
  const points = [
    { period: 5, width: 1 },
    { period: 1, width: 1 },
    { period: 9, width: 1.5 },
  ];
  const request: SweepRequest = {
    plugin: 'bollinger',
    points,
    settings: resolveSettings({}),
    source: history,
    metric: 'profit',
    threads: 2,
    memoryBytes: 1 << 26,
  };
  const told: string[] = [];
  const result = await runSweep(request, { onProgress: ({ phase }) => void told.push(phase) });
  assert.deepEqual(new Set(told), new Set(['load', 'run']));
  assert.equal(result.ticks, tickCount);
  const [best, second, failed] = result.rows;
  assert.ok(Number(best?.score) >= Number(second?.score));
  assert.match(failed?.failure ?? '', /period/);
  // Whatever thread a run had, it is the run by itself.
  for (const { parameters: own, run, statistics } of [best!, second!]) {
    const strategies = [{ plugin: 'bollinger', parameters: own }];
    const { summary } = await executeRun({ ...requestOf(), strategies });
    const { bySymbol: _bySymbol, ...figures } = summary.statistics;
    assert.deepEqual([run, statistics], [summary.id, figures]);
  }
  const cancelled = runSweep(request, { signal: AbortSignal.abort() });
  await assert.rejects(cancelled, { code: 'CANCELLED' }, 'while ticks are read, too');
  const csv = readFileSync(join(saveSweep(join(root, 'sweeps'), result), 'sweep.csv'), 'utf8');
  assert.equal(csv.trimEnd().split('\n').length, 4);
  const folds = await runSweep({
    ...request,
    points: points.slice(0, 1),
    threads: 1,
    walkForward: { folds: 1, anchored: false },
  });
  assert.deepEqual(folds.folds[0]?.test, { first: 1500, end: 3000 });
  assert.equal(folds.folds[0]?.tested?.parameters, folds.folds[0]?.best?.parameters);
  const later = new AbortController();
  const fails = "params: { fails: { type: 'boolean', default: true, doc: '-' } },";
  const loops = 'onTick(_, { parameters }) { if (parameters.fails) throw 1; for (;;); }';
  const endless = plugin('endless', `${fails} ${loops}`);
  const stopped = runSweep(
    { ...request, plugin: endless, points: [{}, { fails: false }] },
    {
      signal: later.signal,
      onProgress: ({ phase }) => {
        assert.ok(!later.signal.aborted, 'nothing is told of what was cancelled');
        if (phase === 'run') later.abort();
      },
    },
  );
  await assert.rejects(stopped, { code: 'CANCELLED' });
});
