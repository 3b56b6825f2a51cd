// factors20, bollinger and factor_time: native factors from the call out of JavaScript to the
// columns in its hands, on one thread. A cross-section is a batch with one tick of every symbol; a
// published figure for 20 factors of 4,000 symbols is 6 ms on one thread. The peer of bollinger,
// technicalindicators, runs on the same ticks in turn with it, an instance for each symbol, and
// must say the same.

import { compileFactors, loadLibrary, parseExpression } from '@ndts/calc-node';
import { createTickBatch, nsPerDay, nsPerMs, type TickBatch } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { answerHash, type Bench, type BenchContext, percentile, pick } from './kit/bench.js';
import { sortedCopy } from './kit/disk.js';

const twenty = [
  'ema(price, 20)',
  'sma(price, 20)',
  'wma(price, 20)',
  'dema(price, 20)',
  'rsi(price, 14)',
  'macd(price, 12, 26, 9)',
  'bollinger(price, 20, 2)',
  'atr(ask, bid, price, 14)',
  'vwap(20)',
  'obv()',
  'stochastic(ask, bid, price, 14)',
  'adx(ask, bid, price, 14)',
  'cci(price, 20)',
  'std(price, 20)',
  'corr(price, volume, 20)',
  'beta(price, volume, 20)',
  'zscore(price, 20)',
  'min(price, 20)',
  'max(price, 20)',
  'imbalance()',
] as const;

function crossSection(symbols: number): TickBatch {
  const batch = createTickBatch(symbols);
  for (let row = 0; row < symbols; row += 1) batch.symbol[row] = row;
  batch.count = symbols;
  return batch;
}

/** Days that times begin at. */
const firstDay = 20_000;
const msPerDay = nsPerDay / nsPerMs;

/** All ticks of the batch are at once, or `rowMs` apart. */
function setTimes(batch: TickBatch, ms: number, rowMs: number): void {
  for (let row = 0; row < batch.count; row += 1) {
    const at = ms + row * rowMs;
    const days = Math.floor(at / msPerDay);
    batch.day[row] = firstDay + days;
    batch.nsOfDay[row] = (at - days * msPerDay) * nsPerMs;
  }
}

/** The next tick of every symbol. */
function step(batch: TickBatch, random: SeededRandom): void {
  for (let row = 0; row < batch.count; row += 1) {
    const price = 100 + random.integer(1000) / 100;
    batch.price[row] = price;
    batch.volume[row] = 1 + random.integer(100);
    batch.bid[row] = price - 0.01;
    batch.ask[row] = price + 0.01;
    batch.bidVolume[row] = random.integer(10);
    batch.askVolume[row] = random.integer(10);
  }
}

interface Section {
  /** Of each cross-section after the warm-up, ascending. */
  readonly ms: Float64Array;
  readonly answer: string;
}

function measure(
  texts: readonly string[],
  symbols: number,
  rounds: number,
  stepMs = 1000,
): Section {
  const program = compileFactors(texts.map(parseExpression), symbols);
  const batch = crossSection(symbols);
  const random = new SeededRandom(1);
  const warmUp = Math.max(...program.warmUp);
  const ms = new Float64Array(rounds);
  for (let round = -warmUp; round < rounds; round += 1) {
    step(batch, random);
    setTimes(batch, (round + warmUp) * stepMs, 0);
    const start = performance.now();
    program.update(batch);
    if (round >= 0) ms[round] = performance.now() - start;
  }
  const answer = answerHash(...program.outputs);
  program.close();
  return { ms: sortedCopy(ms), answer };
}

async function factors20(context: BenchContext): Promise<void> {
  const { size } = context;
  const symbols = pick(size, { smoke: 400, small: 4000, full: 4000 });
  const rounds = pick(size, { smoke: 20, small: 300, full: 2000 });
  const { ms, answer } = measure(twenty, symbols, rounds);
  const params = { symbols, factors: twenty.length, rounds };
  const line = { bench: 'factors20', params, unit: 'ms', answer };
  context.emit({ ...line, metric: 'crossSectionMedian', value: percentile(ms, 0.5) });
  context.emit({ ...line, metric: 'crossSectionP99', value: percentile(ms, 0.99) });
}

/** A window of time beside one of rows, a tick of each symbol every 10 ms, and every 2 s: by then
 * each tick is in a pane of its own. */
async function windowsOfTime(context: BenchContext): Promise<void> {
  const rounds = pick(context.size, { smoke: 20, small: 1000, full: 10_000 });
  for (const symbols of [1, 4000])
    for (const [text, stepMs] of [
      ['vwap(20)', 10],
      ['vwap(60s)', 10],
      ['vwap(60s)', 2000],
      ['zscore(price, 20)', 10],
      ['zscore(price, 60s)', 10],
      ['zscore(price, 60s)', 2000],
    ] as const) {
      const { ms, answer } =
        symbols === 1 ? measureOne(text, rounds, stepMs) : measure([text], symbols, rounds, stepMs);
      const params = { factor: text, symbols, stepMs, rounds };
      const value = (percentile(ms, 0.5) * 1e6) / 4000;
      const line = { bench: 'factor_time', params, unit: 'ns', answer };
      context.emit({ ...line, metric: 'nsPerUpdate', value });
    }
}

async function bollinger(context: BenchContext): Promise<void> {
  if (context.peer !== undefined) return bollingerBeside(context, context.peer);
  const { size } = context;
  const updates = pick(size, { smoke: 40_000, small: 4_000_000, full: 40_000_000 });
  for (const symbols of [1, 4000]) {
    const rounds = Math.ceil(updates / 4000);
    const { ms, answer } =
      symbols === 1
        ? measureOne('bollinger(price, 20, 2)', rounds)
        : measure(['bollinger(price, 20, 2)'], symbols, rounds);
    const value = 4000 / (percentile(ms, 0.5) / 1000);
    const params = { symbols, updates: rounds * 4000 };
    const line = { bench: 'bollinger', params, unit: '1/s', answer };
    context.emit({ ...line, metric: 'updatesPerSecond', value });
  }
}

/** Batches of 4,000 ticks of one symbol. */
function measureOne(text: string, rounds: number, stepMs = 1000): Section {
  const program = compileFactors([parseExpression(text)], 4000);
  const batch = crossSection(4000);
  batch.symbol.fill(1);
  const random = new SeededRandom(1);
  const ms = new Float64Array(rounds);
  for (let round = 0; round < rounds; round += 1) {
    step(batch, random);
    setTimes(batch, round * 4000 * stepMs, stepMs);
    const start = performance.now();
    program.update(batch);
    ms[round] = performance.now() - start;
  }
  const answer = answerHash(...program.outputs);
  program.close();
  return { ms: sortedCopy(ms), answer };
}

interface PeerBands {
  nextValue(price: number): { readonly pb: number } | undefined;
}

/** Native and peer on the same batch, one after the other; medians of the batches. */
async function bollingerBeside(context: BenchContext, peer: string): Promise<void> {
  const library = await loadLibrary();
  const Bands = library['BollingerBands'] as new (input: unknown) => PeerBands;
  const rounds = pick(context.size, { smoke: 30, small: 250, full: 2500 });
  for (const symbols of [1, 4000]) {
    const program = compileFactors([parseExpression('bollinger(price, 20, 2)')], 4000);
    const bands = Array.from(
      { length: symbols },
      () => new Bands({ period: 20, stdDev: 2, values: [] }),
    );
    const batch = crossSection(4000);
    if (symbols === 1) batch.symbol.fill(0);
    const random = new SeededRandom(1);
    const ours = new Float64Array(rounds);
    const theirs = new Float64Array(rounds);
    const peerValues = new Float64Array(4000);
    for (let round = 0; round < rounds; round += 1) {
      step(batch, random);
      const start = performance.now();
      program.update(batch);
      const middle = performance.now();
      for (let row = 0; row < 4000; row += 1)
        peerValues[row] = bands[batch.symbol[row]!]!.nextValue(batch.price[row]!)?.pb ?? Number.NaN;
      ours[round] = middle - start;
      theirs[round] = performance.now() - middle;
      checkSame(program.outputs[0]!, peerValues);
    }
    const ratios = theirs.map((ms, round) => ms / ours[round]!);
    context.emit({
      bench: 'bollinger',
      params: { symbols, updates: rounds * 4000 },
      metric: 'updatesPerSecond',
      value: 4000 / (percentile(sortedCopy(ours), 0.5) / 1000),
      unit: '1/s',
      answer: answerHash(...program.outputs),
      peer,
      ratio: percentile(sortedCopy(ratios), 0.5),
    });
    program.close();
  }
}

function checkSame(ours: Float64Array, theirs: Float64Array): void {
  for (const [row, value] of theirs.entries()) {
    const isSame = Object.is(value, ours[row]) || Math.abs(value - ours[row]!) < 1e-8;
    if (!isSame) throw new Error(`row ${row}: ${ours[row]}, the peer says ${value}`);
  }
}

export const factorBenches: readonly Bench[] = [
  { name: 'factors20', about: '20 factors of 4,000 symbols: a full cross-section', run: factors20 },
  {
    name: 'bollinger',
    about: 'Bollinger bands, 1 and 4,000 symbols',
    peers: ['technicalindicators'],
    run: bollinger,
  },
  {
    name: 'factor_time',
    about: 'windows of time beside windows of rows, 1 and 4,000 symbols',
    run: windowsOfTime,
  },
];
