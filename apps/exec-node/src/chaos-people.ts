// For the chaos test: what people do to the node meanwhile - orders under names of their own, asked
// for again and again, halts, limits, flattening - and what must hold of it: nothing is sent while
// it is halted, and a name is one order whatever the node dies of.

import assert from 'node:assert/strict';
import { NdtsError, parseMoney, type Random, type SubmitRequest } from '@ndts/protocol';
import type { Gateway } from './broker/gateway.js';
import type { Harness } from './exec-kit.js';
import type { ExecNode } from './node.js';

const who = { actor: 'chaos', why: 'dice' };
/** What a node that can't write its journal, or an order that can't be so, answers. */
const refusals = ['IO_ERROR', 'INVALID_ARGUMENT', 'CLOSED'];

export class People {
  readonly #random: Random;
  readonly #symbols: number;
  readonly #asked: (SubmitRequest & { readonly requestId: string })[] = [];
  readonly #answers = new Map<string, object>();
  /** Sent while it was halted. */
  readonly late: string[] = [];
  /** Everything is closed in the end. */
  readonly flattens: boolean;

  constructor(random: Random, symbols: number) {
    this.#random = random;
    this.#symbols = symbols;
    this.flattens = random.integer(2) === 0;
  }

  /** Of a process that is not there yet. */
  watch(gateway: Gateway, node: () => ExecNode): void {
    const submit = gateway.submit.bind(gateway);
    gateway.submit = (intent, terms) => {
      const { controls } = node().ledger;
      const { account, instance, symbol } = intent;
      if (controls.stateFor(account, instance, symbol) === 'HALTED')
        this.late.push(intent.clientOrderId);
      submit(intent, terms);
    };
  }

  /** What was answered and was not durable is forgotten. */
  losePower(): void {
    this.#answers.clear();
  }

  act(harness: Harness): void {
    const { node } = harness;
    const dice = this.#random.integer(60);
    if (dice < 7) this.#submit(node);
    else if (dice < 10) this.#set(harness, dice < 9 ? 'HALTED' : 'REDUCING', this.#part(harness));
    else if (dice < 16) this.resume(harness);
    else if (dice < 17) later(node.flatten(who));
    else if (dice < 20) later(node.setLimit({ ...this.#limit(), ...who }));
    else if (dice < 21) later(node.reconcile(who));
    else if (dice < 23) this.#replace(node);
  }

  /** Everything, and each part. */
  resume(harness: Harness): void {
    for (const part of partsOf(harness, this.#symbols)) this.#set(harness, 'ACTIVE', part);
  }

  /** After all was closed. */
  checkFlat({ ledger }: ExecNode): void {
    assert.equal(ledger.controls.flatten, '', 'it still flattens');
    assert.deepEqual([...ledger.orders.open()], [], 'open after flattening');
    for (const book of [ledger.positions, ...[...ledger.books.strategies()].map(([, one]) => one)])
      for (const { symbol, quantity } of book.all()) assert.equal(quantity, 0n, `flat ${symbol}`);
  }

  #set(harness: Harness, set: 'ACTIVE' | 'REDUCING' | 'HALTED', part: object): void {
    const cancel = set === 'HALTED' && this.#random.integer(2) === 0;
    later(harness.node.setTradingState({ set, cancel, ...part, ...who }));
  }

  #part(harness: Harness): object {
    const parts = partsOf(harness, this.#symbols);
    return parts[this.#random.integer(parts.length)] ?? {};
  }

  #limit(): { scope: 'symbol'; name: string; key: string; value: string } {
    const limits = [
      ['maxPosition', ['', '2', '10', '30']],
      ['maxOrderValue', ['', '25000']],
      ['lot', ['', '0.01']],
      ['restricted', ['', 'true']],
    ] as const;
    const [key, values] = limits[this.#random.integer(limits.length)] ?? limits[0];
    const value = values[this.#random.integer(values.length)] ?? '';
    return { scope: 'symbol', name: this.#symbol(), key, value };
  }

  #symbol(): string {
    return String(1 + this.#random.integer(this.#symbols));
  }

  /** Now and then one that was asked for before. */
  #submit(node: ExecNode): void {
    const known = this.#asked[this.#random.integer(this.#asked.length * 3 + 1)];
    const request = known ?? this.#request();
    if (known === undefined) this.#asked.push(request);
    try {
      const answer = node.submit(request);
      const before = this.#answers.get(request.requestId) ?? answer;
      assert.deepEqual(answer, before, `asked for again: ${request.requestId}`);
      this.#answers.set(request.requestId, answer);
    } catch (error) {
      if (!(error instanceof NdtsError) || !refusals.includes(error.code)) throw error;
    }
  }

  #request(): SubmitRequest & { readonly requestId: string } {
    const near = (): string => String(99 + this.#random.integer(7));
    const kinds: Partial<SubmitRequest>[] = [
      {},
      { limitPrice: near() },
      { limitPrice: near(), postOnly: true },
      { limitPrice: near(), reduceOnly: true },
      { limitPrice: near(), other: { stopPrice: near() } },
      { reduceOnly: true },
      { takeProfit: near(), stopLoss: near() },
      { type: 'stop', stopPrice: near() },
    ];
    return {
      ...{ symbol: Number(this.#symbol()), side: this.#random.integer(2) === 0 ? 'buy' : 'sell' },
      ...{ quantity: `${1 + this.#random.integer(4)}.5`, requestId: `r${this.#asked.length}` },
      ...kinds[this.#random.integer(kinds.length)],
    };
  }

  /** Another price of what has one; most are refused. */
  #replace(node: ExecNode): void {
    const open = [...node.ledger.orders.open()].filter(({ intent }) => intent.limitPrice > 0n);
    const order = open[this.#random.integer(open.length + 1)];
    if (order === undefined) return;
    const limitPrice = parseMoney(String(98 + this.#random.integer(8)));
    later(node.replace(order.id, { limitPrice }, 'chaos'));
  }
}

function partsOf({ config }: Harness, symbols: number): object[] {
  const names = Array.from({ length: symbols }, (_, at) => String(at + 1));
  return [
    {},
    { scope: 'account', name: config.exec.account },
    ...['0', '1'].map((name) => ({ scope: 'strategy', name })),
    ...names.map((name) => ({ scope: 'symbol', name })),
  ];
}

/** A node that is dead, or whose disk is full, says so. */
function later(asked: Promise<unknown>): void {
  asked.catch(() => undefined);
}
