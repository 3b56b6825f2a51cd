// ndts backtest and ndts sweep on a real folder: what is printed, what is saved, what is refused.

import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Command } from 'commander';
import type { RunDone } from '@ndts/calc-node';
import { loadConfig, SystemClock } from '@ndts/runtime';
import { NDTSClient } from '@ndts/storage';
import { addBacktestCommands, backtest, type BacktestFlags } from './backtest.js';
import { type RunContext, settingsOf } from './run-options.js';
import { addSweepCommand, progressText, sweep, type SweepFlags } from './sweep.js';

const root = mkdtempSync(join(tmpdir(), 'ndts-backtest-'));
const sizes = { 'storage.stagingBytes': '1048576', 'storage.walFileBytes': '1048576' };
const values = loadConfig({ args: { dataDir: join(root, 'data'), ...sizes }, environment: {} });
after(() => rmSync(root, { recursive: true, force: true }));

before(async () => {
  const client = new NDTSClient({ mode: 'standalone', values });
  const rows = Array.from({ length: 400 }, (_, at) => {
    const price = Number((50 + Math.sin(at / 7)).toFixed(2));
    const quote = { bid1: price, ask1: price, bid_vol1: 5, ask_vol1: 5, flags: 0 };
    return { time: { day: 20_458, nsOfDay: at * 30e9 }, symbol: 'A', price, volume: 1, ...quote };
  });
  await client.insert('tick', rows);
  await client.close();
});

interface Ran {
  readonly out: string;
  readonly progress: string;
  readonly isTrusted: boolean;
}

/** As main.ts has the commands, with what they print. */
async function run(...args: string[]): Promise<Ran> {
  const [out, progress]: [string[], string[]] = [[], []];
  const print = (text: string): void => void out.push(text);
  const context: RunContext = {
    values,
    clock: new SystemClock(),
    signal: new AbortController().signal,
    print,
    screen: { isTerminal: true, columns: 80, write: (text) => void progress.push(text) },
  };
  let isTrusted = true;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addBacktestCommands(
    program.command('backtest'),
    async (plugins: string[], flags: BacktestFlags) => {
      isTrusted = await backtest(plugins, flags, context);
    },
    () => values,
    print,
  );
  addSweepCommand(program.command('sweep'), (plugin: string, flags: SweepFlags) =>
    sweep(plugin, flags, context),
  );
  await program.parseAsync(args, { from: 'user' });
  return { out: out.join('\n'), progress: progress.join(''), isTrusted };
}

test('run, list and compare', async () => {
  const first = await run('backtest', 'bollinger', '-p', 'period=10', '-p', 'width=1');
  match(first.out, /400 ticks in .* s/);
  match(first.out, /profit +-?[\d,.]+ +Sharpe/);
  match(first.progress, /\[#+\]100% 400 ticks/);
  const second = await run('backtest', 'run', 'bollinger', '--json', '--fee-bps', '5');
  const done = JSON.parse(second.out) as RunDone;
  equal(second.progress, '');
  equal(done.summary.identity.settings.fees[0]?.takerBps, 5);
  ok(existsSync(join(done.path, 'report.html')));
  const { out } = await run('backtest', 'list');
  equal(out.split('\n').length, 4);
  const id = /run ([0-9a-f]{16})/.exec(first.out)?.[1] ?? '';
  const compared = await run('backtest', 'compare', id, done.summary.id.slice(0, 10));
  match(compared.out, /settings\.fees\.0\.takerBps +1 +5/);
  match(compared.out, /profit +-?[\d,.]+ +-?[\d,.]+/);
  match(compared.out, /\nreturn +-?0\.0*[1-9]\d* |\nreturn +-?[1-9][\d.]*e-\d+ /);
});

test('a strategy that looks ahead is not trusted', async () => {
  const path = join(root, 'cheat.mjs');
  const hook =
    'onTick({ batch, row, symbol }, c) { if (batch.price[row + 1] > 50) c.buy(symbol, 1n); }';
  writeFileSync(path, `export const strategy = { name: 'c', version: '1', params: {}, ${hook} };`);
  const { out, isTrusted } = await run('backtest', path, '--look-ahead');
  equal(isTrusted, false);
  match(out, /look-ahead: the output at 2026-.* depends on later ticks/);
});

test('a sweep prints its table', async () => {
  const { out } = await run('sweep', 'bollinger', '-v', 'period=5,9', '--metric', 'profit');
  match(out, /2 runs over 400 ticks/);
  match(out, /period +profit +profit +drawdown +fills +run/);
  ok(existsSync(/table (.*)/.exec(out)?.[1] ?? ''));
  const progress = { phase: 'run', done: 2.5, total: 10, failed: 1 } as const;
  match(progressText(progress, 5), /^\[#+\.+\] 25% \| 2 of 10 runs \| 1 failed \| 15 s left$/);
});

test('what is wrong is said', async () => {
  for (const [args, message] of [
    [['backtest', 'bollinger', '-p', 'perod=5'], /expected parameters of period.*found 'perod'/],
    [['backtest', 'bollinger', '-p', 'period=abc'], /period: expected integer.*found abc/],
    [['backtest', 'nosuch'], /expected a file or a built-in strategy \(bollinger.*'nosuch'/],
    [['backtest', 'bollinger', '-p', 'period'], /--param: expected name=value/],
    [['backtest', 'bollinger', '--symbols', 'B'], /no symbol named 'B'/],
    [['backtest', 'bollinger', '--latency-us', 'x'], /--latency-us: expected a number/],
    [['backtest', 'bollinger', '--warm-up-seconds', '5'], /goes with --from/],
    [['backtest', 'bollinger', '--fill', 'best'], /next_tick, queue, volume_share/],
    [['backtest', 'compare', 'zz', 'zz'], /with an id that begins with 'zz'/],
    [['sweep', 'bollinger'], /expected --vary/],
    [['sweep', 'bollinger', '-v', 'period=5', '--threads', '0'], /--threads.*above 0/],
    [['sweep', 'bollinger', '-v', 'period=5', '--anchored'], /goes with --walk-forward/],
    [['sweep', 'bollinger', '-v', 'period=5', '--from', '2090-01-01'], /expected ticks to run/],
    [['backtest', 'bollinger', '--from', '2090-01-01'], /expected ticks to run over.*--from/],
  ] as const)
    await rejects(run(...args), { message }, args.join(' '));
  const folder = join(root, 'none');
  const top = ['sweep', 'bollinger', '-v', 'period=5', '--top', '0', '--out', folder];
  await rejects(run(...top), /--top: expected a whole number/);
  ok(!existsSync(folder), 'found out before anything ran');
  const settings = join(root, 'settings.yaml');
  writeFileSync(
    settings,
    'fill: queue\nlatencyUs: 300\nfees:\n  - symbols: A\n    perUnit: "0.01"\n',
  );
  const flags = { dataDir: '', json: false, settings };
  deepEqual(settingsOf({ ...flags, latencyUs: '5' }).latencyUs, 5);
  equal(settingsOf(flags).fees[0]?.perUnit, '0.01');
  writeFileSync(settings, 'latency: 300\n');
  throws(() => settingsOf(flags), /settings: expected cash/);
});
