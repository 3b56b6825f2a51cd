// The broker cards on the paper broker, with and without latency; and that the page lists them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PaperBroker } from '@ndts/exec-node';
import { msPerDay } from '@ndts/protocol';
import { createSilentLogger, SeededRandom, VirtualClock } from '@ndts/runtime';
import { MarketTape } from '../kit/market-tape.js';
import { makeFolder } from '../kit/temporary-folder.js';
import { type BrokerHarness, buyOf, changeOf, type VenueKnobs } from './broker-kit.js';
import { brokerCards, brokerSuite } from './broker-suite.js';

const startMs = 1_700_000_000_000;
const always = 1_000_000;
const cycles = 8;
/** Its exchange keeps long and short apart. */
const future = 43;

async function paperHarness(latencyUs: number): Promise<BrokerHarness> {
  const { dir, remove } = await makeFolder();
  const clock = new VirtualClock(startMs);
  const tape = new MarketTape();
  const start = (): PaperBroker =>
    new PaperBroker({
      ...{ dir, clock, market: tape, latencyUs, feeBps: 10 },
      ...{ random: new SeededRandom(1), logger: createSilentLogger() },
      instrumentOf: (symbol) =>
        symbol === future ? { exchange: 'SHFE', multiplier: 1 } : undefined,
    });
  let broker = start();
  const chance = (on: boolean): number => (on ? always : 0);
  const venue: VenueKnobs = {
    market: (symbol, last, bid = last, ask = last) => tape.ticks.push({ symbol, last, bid, ask }),
    rejectAll: (on) => broker.setBehaviour({ rejectPerMillion: chance(on) }),
    loseRequests: (on) => broker.setBehaviour({ loseRequestPerMillion: chance(on) }),
    loseAnswers: (on) => broker.setBehaviour({ loseAnswersPerMillion: chance(on) }),
    partialFills: (on) => broker.setBehaviour({ partialFillPerMillion: chance(on) }),
    outage: (on) => broker.setOutage(on),
    changeByHand: (id, quantity, limit) => broker.replace(changeOf(id, quantity, limit)),
    orderByHand: (id, quantity, limit) => broker.submit(buyOf(id, quantity, limit)),
    apart: { symbol: future, nextDay: () => clock.advance(msPerDay * 1e6) },
  };
  return {
    broker,
    venue,
    settle: async () => {
      for (let cycle = 0; cycle < cycles; cycle++) {
        broker.doWork();
        clock.advance(latencyUs * 1e3);
      }
    },
    // The old one is left as it is: kill -9 closes nothing.
    restart: async () => {
      broker = start();
      return broker;
    },
    close: async () => {
      await broker.disconnect();
      await remove();
    },
  };
}

brokerSuite('paper', () => paperHarness(0));
brokerSuite('paper, 500 us away', () => paperHarness(500));

test('docs/protocol/broker-cards.md lists the cards, all of them and no others', () => {
  const page = new URL('../../../docs/protocol/broker-cards.md', import.meta.url);
  const rows = [...readFileSync(page, 'utf8').matchAll(/^\| (B\d+) \| (.*) \|$/gm)];
  assert.deepEqual(
    rows.map(([, number, title]) => `${number} ${title}`),
    brokerCards.map(({ number, title }) => `${number} ${title}`),
  );
});
