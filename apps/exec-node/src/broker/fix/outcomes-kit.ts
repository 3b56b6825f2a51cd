// A bench for what a counterparty's messages are told as: order 7-1-0 buys 10 of S1 at 50; it has
// the venue's id V1 once that was said.

import assert from 'node:assert/strict';
import { moneyText, OrderStateNames, OrderType, parseMoney } from '@ndts/protocol';
import { createSilentLogger, MemoryKeyValueStore, VirtualClock } from '@ndts/runtime';
import { type FixMessage, FixStore, FixStream, FixWriter } from '@ndts/runtime/fix';
import { FixOutcomes } from './outcomes.js';
import { FixQueries } from './queries.js';
import { FixRecords } from './records.js';

export const head = '37=V1|11=7-1-0|17=E1|55=S1|54=1|';

export function parse(type: string, fields: string): FixMessage {
  const writer = new FixWriter('FIX.4.4');
  writer.begin(type);
  for (const field of fields.split('|').filter((one) => one !== '')) {
    const at = field.indexOf('=');
    writer.text(Number(field.slice(0, at)), field.slice(at + 1));
  }
  const stream = new FixStream();
  stream.push(writer.finish());
  assert.ok(stream.next());
  return stream.message;
}

export class Bench {
  readonly clock = new VirtualClock(1_700_000_000_000);
  readonly keyValue = new MemoryKeyValueStore();
  readonly store = new FixStore(this.keyValue, 'fix');
  readonly records = new FixRecords(this.store);
  readonly queries = new FixQueries(this.clock, 1000);
  readonly asked: string[] = [];
  readonly missed: string[] = [];
  readonly resent = new Set<string>();
  readonly outcomes: FixOutcomes;

  constructor(sent?: FixMessage) {
    this.records.keep('7-1-0', {
      ...{ symbol: 'S1', side: 1, type: OrderType.limit, account: '', timeInForce: '0' },
      ...{ quantity: parseMoney('10'), limitPrice: parseMoney('50'), stopPrice: 0n },
      ...{ venueClientId: '7-1-0', venueOrderId: '', changes: 0, isClosed: false, day: 0 },
    });
    this.outcomes = new FixOutcomes({
      ...{ venue: 'fix', records: this.records, queries: this.queries, clock: this.clock },
      symbols: {
        nameOf: (id) => `S${id}`,
        idOf: (name) => (name.startsWith('S') ? Number(name.slice(1)) : undefined),
      },
      logger: createSilentLogger(),
      askStatus: (id) => this.asked.push(id),
      sent: () => sent,
      isResent: (id) => this.resent.has(id),
      missed: (why) => this.missed.push(why),
    });
  }

  heard(): string[] {
    return this.outcomes.told.splice(0).map((item) => {
      if (!('tradeId' in item))
        return `${OrderStateNames[item.state]} ${item.clientOrderId} ${item.reason}`.trim();
      const { tradeId, clientOrderId, side, quantity, price, fee, feeCurrency = '' } = item;
      const value = `${side > 0 ? '+' : '-'}${moneyText(quantity)} at ${moneyText(price)}`;
      return `${tradeId} ${clientOrderId} ${value} fee ${moneyText(fee)} ${feeCurrency}`.trim();
    });
  }
}

export const trade = '150=F|39=1|14=4|32=4|31=49.5|';
