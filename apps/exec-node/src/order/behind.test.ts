// Orders behind a revision: whatever memory has let go, the answer is the one that a ledger would
// give that lets nothing go; after a restart, too. Random scripts; NDTS_TEST_SEED repeats one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type KeyValueEntry,
  type KeyValueRange,
  OrderState,
  OrderType,
  plainTerms,
  RiskReason,
  type Time,
} from '@ndts/protocol';
import { createSilentLogger, MemoryKeyValueStore, SeededRandom, VirtualClock } from '@ndts/runtime';
import { forgottenBehind, forgottenOrder, keptBehind } from './behind.js';
import { Checkpoints, foldJournal } from './checkpoints.js';
import { EventJournal } from './journal.js';
import { Ledger } from './ledger.js';
import type { Order } from './order.js';
import { Scribe } from './scribe.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 2); // ambient: to repeat a failure
const time: Time = { day: 20_000, nsOfDay: 5 };
const limits = { snapshotEvents: 40, keptEvents: 100_000 };
const logger = createSilentLogger();
const clock = new VirtualClock(20_000 * 86_400_000);

class Life {
  readonly ledger: Ledger;
  readonly journal: EventJournal;
  readonly scribe: Scribe;
  readonly checkpoints: Checkpoints;
  /** Revisions, as they came to be. */
  readonly told: number[] = [];

  constructor(store: MemoryKeyValueStore, kept: number) {
    this.ledger = new Ledger({ orders: kept, denied: kept });
    this.journal = new EventJournal(store);
    foldJournal(this.journal, this.ledger);
    this.scribe = new Scribe(this.journal, this.ledger, clock, logger, ({ revision }) =>
      this.told.push(revision),
    );
    this.checkpoints = new Checkpoints(this.journal, this.ledger, clock, logger, limits);
  }

  /** `turn`: what happens while the journal is read. */
  async behind(
    instance: number,
    after: number,
    turn: () => Promise<void> = () => Promise.resolve(),
  ): Promise<string[]> {
    const kept = keptBehind(this.ledger, instance, after);
    const known = new Set(kept.map(({ id }) => id));
    const orders = kept.map(text);
    if (this.ledger.orders.isFull)
      for (const order of await forgottenBehind(this.journal, instance, after, known, turn))
        orders.push(text(order));
    return orders.sort(([a], [b]) => a - b).map(([, line]) => line);
  }
}

function text({ id, revision, state, filled }: Order): [number, string] {
  return [revision, [id, revision, state, filled].join(' ')];
}

function step({ scribe, ledger }: Life, random: SeededRandom, ordinal: number): void {
  const instance = 1 + random.integer(2);
  const common = { instance, ordinal: BigInt(ordinal), symbol: 3, side: 1, quantity: 10n, time };
  const clientOrderId = `${instance}-${ordinal}-0`;
  const open = [...ledger.orders.open()];
  const one = open[random.integer(Math.max(1, open.length))];
  const intent = {
    ...{ ...common, clientOrderId, account: 'a', orderType: OrderType.market, limitPrice: 0n },
    ...{ tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0, broker: 'paper' },
  };
  const kind = random.integer(5);
  if (kind === 0) scribe.denied({ ...common, clientOrderId, reason: RiskReason.NO_MARKET });
  else if (kind === 1) {
    scribe.intent({ ...intent, broker: '' }, { ...plainTerms, clientOrderId });
    const child = `${clientOrderId}.1`;
    const terms = { ...plainTerms, clientOrderId: child, parent: clientOrderId };
    scribe.intent({ ...intent, clientOrderId: child }, terms);
  } else if (kind === 2) scribe.intent(intent);
  else if (one === undefined) return;
  else if (kind === 3 || one.worksHere) scribe.state(one, OrderState.canceled, '', 'over');
  else {
    const of = { clientOrderId: one.id, symbol: 3, side: 1, venue: 'v', time };
    const tradeId = String(ordinal);
    scribe.fill({ ...of, tradeId, quantity: 5n, price: 1n, fee: 0n });
  }
}

test('what memory has let go is told from the journal, over restarts', async (context) => {
  context.diagnostic(`NDTS_TEST_SEED=${seed}`);
  const random = new SeededRandom(seed);
  for (let round = 0; round < 2; round += 1) {
    const [small, large] = [new MemoryKeyValueStore(), new MemoryKeyValueStore()];
    const lives = { small: new Life(small, 4), large: new Life(large, 10_000) };
    for (let ordinal = 1; ordinal <= 120; ordinal += 1) {
      const fork = random.integer(1 << 30);
      for (const life of [lives.small, lives.large]) {
        step(life, new SeededRandom(fork), ordinal);
        life.scribe.flush();
        life.checkpoints.doWork(true);
      }
      if (ordinal % 40 === 0) lives.small = new Life(small, 4);
    }
    const { told } = lives.large;
    assert.deepEqual(
      told,
      [...new Set(told)].sort((a, b) => a - b),
      'each higher than before',
    );
    assert.ok((await lives.large.behind(1, -1)).length > 10);
    for (const instance of [1, 2])
      for (const after of [-1, ...told.filter((_, at) => at % 20 === 0)])
        assert.deepEqual(
          await lives.small.behind(instance, after),
          await lives.large.behind(instance, after),
          `instance ${instance} behind ${after}`,
        );
    const { journal, ledger } = lives.small;
    let forgotten = 0;
    for (const order of lives.large.ledger.orders.kept()) {
      if (ledger.orders.get(order.id) === undefined) forgotten += 1;
      const told = await forgottenOrder(journal, order.id, () => Promise.resolve());
      assert.deepEqual(told && text(told), text(order));
    }
    assert.ok(forgotten > 50);
    assert.equal(await forgottenOrder(journal, '1-999-0', () => Promise.resolve()), undefined);
  }
});

/** How many events were asked for since the last turn. */
class Scanned extends MemoryKeyValueStore {
  entries = 0;

  override scan(range: KeyValueRange): KeyValueEntry[] {
    const found = super.scan(range);
    this.entries += found.length;
    return found;
  }
}

test('the journal is read in parts, between which the node works and forgets', async () => {
  const store = new Scanned();
  const life = new Life(store, 4);
  const random = new SeededRandom(seed);
  for (let ordinal = 1; ordinal <= 3_000; ordinal += 1) step(life, random, ordinal);
  life.scribe.flush();
  const expected = await life.behind(1, -1);
  assert.ok(expected.length > 500);
  let turns = 0;
  store.entries = 0;
  const found = await life.behind(1, -1, async () => {
    assert.ok(store.entries <= 1024, `${store.entries} events at once`);
    turns += 1;
    step(life, random, 3_000 + turns);
    life.scribe.flush();
    store.entries = 0;
  });
  assert.ok(turns > 3);
  assert.deepEqual(found, expected, 'as of when it was asked');
  life.checkpoints.doWork(true);
  life.journal.prune(0, 2_000);
  const events: number[] = [];
  const end = life.journal.nextSequence;
  const next = life.journal.read(1_900, 2_100, (sequence) => events.push(sequence));
  assert.deepEqual([events.length, events[0], next], [99, 2_001, 2_100]);
  assert.equal(
    life.journal.read(1, 500, () => assert.fail('pruned')),
    500,
  );
  assert.equal(
    life.journal.read(end, end, () => assert.fail('no more')),
    end,
  );
});
