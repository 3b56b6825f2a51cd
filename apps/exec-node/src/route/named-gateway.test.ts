// Ids at the venue: ours behind the prefix of the node, those of others as they are; a pair of
// gateways behind a prefix is still a pair.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BrokerListener, type BrokerOrderStatus, OrderState } from '@ndts/protocol';
import type { Gateway } from '../broker/gateway.js';
import type { Scribe } from '../order/scribe.js';
import { Desk } from '../work/desk-kit.js';
import { isOfOtherNode, NamedGateway, noteNode } from './named-gateway.js';

const time = { day: 20_000, nsOfDay: 0 };

function statusOf(clientOrderId: string): BrokerOrderStatus {
  return { clientOrderId, venueOrderId: 'V', state: OrderState.accepted, filledQuantity: 0n };
}

/** A gateway that notes by which ids it is spoken to. */
function noting(ids: string[], more: Partial<Gateway> = {}): Gateway {
  const asked = (id: string): string => {
    ids.push(id);
    return id;
  };
  return {
    card: { name: 'x', deduplicates: 'day', exclusiveSession: true, inFlightMs: 0 },
    cancel: (id: string) => void asked(id),
    queryOrder: async (id: string) => statusOf(asked(id)),
    queryOpenOrders: async () => ids.map(statusOf),
    ...more,
  } as unknown as Gateway;
}

test('our ids have the prefix there, and each id comes back as it went', async () => {
  const ids: string[] = [];
  const gateway = new NamedGateway(noting(ids), 'one');
  const here = ['1-5-0', '1-5-0.2', '/1-6-0', 'two1-5-0', 'web'];
  for (const id of here) gateway.cancel(id);
  assert.deepEqual(ids, ['one1-5-0', 'one1-5-0.2', '1-6-0', 'two1-5-0', 'web']);
  const open = await gateway.queryOpenOrders();
  assert.deepEqual(
    open.map(({ clientOrderId }) => clientOrderId),
    here,
  );
  assert.deepEqual(here.map(isOfOtherNode), [false, false, true, true, false]);
  assert.deepEqual([...(await gateway.queryOrders(['1-9-0'])).keys()], ['1-9-0']);
});

test('what is told comes under the ids of here', async () => {
  let listener: BrokerListener | undefined;
  const connect = async (one: BrokerListener): Promise<void> => {
    listener = one;
  };
  const gateway = new NamedGateway(noting([], { connect }), 'one');
  const heard: string[] = [];
  await gateway.connect({
    onOrderUpdate: ({ clientOrderId }) => heard.push(clientOrderId),
    onFill: ({ clientOrderId }) => heard.push(clientOrderId),
  });
  for (const id of ['one1-5-0', '1-5-0'])
    listener?.onOrderUpdate({ ...statusOf(id), reason: '', time });
  assert.deepEqual(heard.splice(0), ['1-5-0', '/1-5-0']);
  // What takes an execution back belongs to the strategy that had it.
  for (const clientOrderId of ['one1-5-0.bust', 'one1-5-0.2.bust.correct', '1-5-0.bust'])
    listener?.onFill({
      ...{ venue: 'x', tradeId: 'T', clientOrderId, symbol: 1, side: -1 },
      ...{ quantity: 1n, price: 1n, fee: 0n, time },
    });
  assert.deepEqual(heard, ['1-5-0.bust', '1-5-0.2.bust.correct', '/1-5-0.bust']);
});

test('a pair behind a prefix is one; what a gateway cannot say is not said', () => {
  const ids: string[] = [];
  let isPending = false;
  const parts = {
    get isPending() {
      return isPending;
    },
    areAllAsked: true,
    areAskedFor: (id: string) => ids.push(id) > 0,
  };
  const pair = new NamedGateway(noting([], { parts } as unknown as Partial<Gateway>), 'one');
  assert.equal(pair.parts?.isPending, false);
  isPending = true;
  assert.deepEqual([pair.parts?.isPending, pair.parts?.areAllAsked], [true, true]);
  assert.equal(pair.parts?.areAskedFor('1-5-0'), true);
  assert.deepEqual(ids, ['one1-5-0']);
  const single = new NamedGateway(noting([]), 'one');
  assert.deepEqual([single.parts, single.dueNs, single.route], [undefined, undefined, undefined]);
  assert.equal(single.cards().length, 1);
});

test('an account keeps its name while something is held or open under it', async (context) => {
  const desk = new Desk(context);
  await desk.start();
  await desk.market(100);
  const { clock, node, config } = desk.harness;
  let noted = 0;
  const scribe = { action: () => (noted += 1) } as unknown as Scribe;
  const rename = (): void =>
    noteNode({ ...config.exec, account: 'other' }, node.ledger, scribe, clock);
  await desk.signal({ ordinal: 1, side: 1, limit: '98' });
  assert.throws(rename, /exec.account: expected 'paper', under which something is held or open/);
  node.cancel('1-1-0', 'a test');
  await desk.pass();
  await desk.signal({ ordinal: 2, side: 1 });
  assert.throws(rename, /exec.account: expected 'paper'/);
  await desk.signal({ ordinal: 3, side: -1 });
  assert.equal(noted, 0);
  rename();
  assert.equal(noted, 1);
});
