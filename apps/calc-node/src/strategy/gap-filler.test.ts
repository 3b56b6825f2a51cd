import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NdtsError } from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import type { Market } from '../source/market-source.js';
import { GapFiller } from './gap-filler.js';

const nothing = { ticks: [], books: [] };

/** Its history fails with these codes, one after the other; then it has all rows: none. */
function marketThat(name: string, ...codes: readonly ('UNAVAILABLE' | 'NOT_FOUND')[]): Market {
  const left = [...codes];
  const history = {
    positions: async () => {
      const code = left.shift();
      if (code !== undefined) throw new NdtsError(code, name);
      return [];
    },
    ticksBetween: async () => [],
    booksBetween: async () => [],
  };
  return { history, tickRings: [name] } as unknown as Market;
}

function fillerOf(market: Market): {
  filler: GapFiller;
  source: { market: Market | undefined };
  clock: VirtualClock;
  sent: string[];
  errors: string[];
} {
  const [sent, errors]: [string[], string[]] = [[], []];
  const source = { market: market as Market | undefined, problem: '' };
  const clock = new VirtualClock(0);
  const filler = new GapFiller({
    ...{ clock, source: source as never, market, wants: { wantsBooks: false } as never },
    send: async (message) => {
      const rings = message.type === 'follow' ? ` ${message.tickRings.join()}` : '';
      sent.push(`${message.type}${rings}`);
    },
    onLost: () => errors.push('lost'),
    onError: (error) => errors.push(String(error)),
  });
  filler.onRunning();
  return { filler, source, clock, sent, errors };
}

async function turn(clock: VirtualClock): Promise<void> {
  for (let tick = 0; tick < 20; tick += 1) await Promise.resolve();
  clock.advance(300e6);
  for (let tick = 0; tick < 20; tick += 1) await Promise.resolve();
}

test('a market that ended, which is not noticed yet, ends no strategy', async () => {
  const first = marketThat('first', ...new Array<'UNAVAILABLE'>(100).fill('UNAVAILABLE'));
  const { filler, source, clock, sent, errors } = fillerOf(first);
  filler.onBehind(nothing);
  for (let times = 0; times < 5; times += 1) await turn(clock);
  assert.deepEqual([sent, errors], [[], []]);
  source.market = undefined;
  await turn(clock);
  source.market = marketThat('second');
  filler.onMarket();
  await turn(clock);
  assert.deepEqual([sent, errors], [['gap', 'follow second'], []]);
});

test('one that does not answer for a moment is asked again; other errors are told', async () => {
  const silent = fillerOf(marketThat('silent', 'UNAVAILABLE', 'UNAVAILABLE'));
  silent.filler.onBehind(nothing);
  for (let times = 0; times < 3; times += 1) await turn(silent.clock);
  assert.deepEqual([silent.sent, silent.errors], [['gap', 'follow silent'], []]);
  const wrong = fillerOf(marketThat('wrong', 'NOT_FOUND'));
  wrong.filler.onBehind(nothing);
  await turn(wrong.clock);
  assert.deepEqual([wrong.sent, wrong.errors.length], [[], 1]);
});

test('one that never answers is an error in the end', async () => {
  const codes = new Array<'UNAVAILABLE'>(1000).fill('UNAVAILABLE');
  const { filler, clock, errors } = fillerOf(marketThat('never', ...codes));
  filler.onBehind(nothing);
  for (let times = 0; times < 200; times += 1) await turn(clock);
  assert.equal(errors.length, 1);
});
