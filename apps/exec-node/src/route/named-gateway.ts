// A gateway at which the ids of our orders have a prefix (exec.orderPrefix), so that several nodes
// can tell their orders apart in one account. What always holds: inside ids are as ever, at the
// venue ours begin with the prefix; an id there that does not never reads as one of ours.

import {
  type Broker,
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderStatus,
  type BrokerPosition,
  type Clock,
  type ConfigValues,
  type Fill,
  NdtsError,
  type OrderIntent,
  type OrderTerms,
  type RouteView,
} from '@ndts/protocol';
import { askOrders, type OrderStatuses } from '../broker/ask-orders.js';
import type { Gateway, GatewayParts } from '../broker/gateway.js';
import type { Ledger } from '../order/ledger.js';
import type { Scribe } from '../order/scribe.js';

/** Also of what undoes one of its executions, which has a word behind. */
const plainId = /^\d+-\d+-\d+(?:\.(?:\d+|[a-z]+))*$/;
const nodeId = /^(?:[a-z]{1,6}|\/)\d+-\d+-\d+(?:\.(?:\d+|[a-z]+))*$/;
/** In front of an id there that has no prefix and looks like one of ours. */
const nobody = '/';

/** Of another node, as ids are told here. */
export function isOfOtherNode(clientOrderId: string): boolean {
  return nodeId.test(clientOrderId);
}

export class NamedGateway implements Gateway {
  readonly #inner: Gateway;
  readonly #prefix: string;
  readonly dueNs?: () => number;
  readonly route?: () => RouteView | undefined;
  readonly parts?: GatewayParts;

  constructor(inner: Gateway, prefix: string) {
    this.#inner = inner;
    this.#prefix = prefix;
    const { parts } = inner;
    // What it can't say this one can't either.
    if ('dueNs' in inner) this.dueNs = () => inner.dueNs?.() ?? 0;
    if ('route' in inner) this.route = () => inner.route?.();
    if (parts !== undefined) this.parts = this.#partsOf(parts);
  }

  #partsOf(parts: GatewayParts): GatewayParts {
    return {
      ...parts,
      get isPending() {
        return parts.isPending;
      },
      get areAllAsked() {
        return parts.areAllAsked;
      },
      areAskedFor: (id) => parts.areAskedFor(this.#there(id)),
    };
  }

  get card(): BrokerCard {
    return this.#inner.card;
  }
  get breaker(): RouteView['breaker'] | undefined {
    return this.#inner.breaker;
  }
  trades(symbol: number): boolean {
    return this.#inner.trades?.(symbol) !== false;
  }
  lotOf(symbol: number): bigint {
    return this.#inner.lotOf?.(symbol) ?? 0n;
  }
  cards(): readonly BrokerCard[] {
    return this.#inner.cards?.() ?? [this.#inner.card];
  }
  restoreBreaker(...how: Parameters<NonNullable<Gateway['restoreBreaker']>>): void {
    this.#inner.restoreBreaker?.(...how);
  }
  connected(): boolean {
    return this.#inner.connected();
  }
  connect(listener: BrokerListener): Promise<void> {
    return this.#inner.connect({
      onOrderUpdate: (update) => listener.onOrderUpdate(this.#here(update)),
      onFill: (fill) => listener.onFill(this.#here(fill)),
    });
  }
  submit(intent: OrderIntent, terms?: OrderTerms): void {
    const named = this.#named(intent);
    if (terms === undefined) this.#inner.submit(named);
    else this.#inner.submit(named, this.#named(terms));
  }
  cancel(clientOrderId: string): void {
    this.#inner.cancel(this.#there(clientOrderId));
  }
  replace(change: Parameters<NonNullable<Broker['replace']>>[0]): void {
    this.#inner.replace?.(this.#named(change));
  }
  async queryOrder(clientOrderId: string): Promise<BrokerOrderStatus | undefined> {
    const status = await this.#inner.queryOrder(this.#there(clientOrderId));
    return status === undefined ? undefined : this.#here(status);
  }
  async queryOrders(ids: readonly string[]): Promise<OrderStatuses> {
    const asked = ids.map((id) => this.#there(id));
    const found: OrderStatuses = new Map();
    for (const status of (await askOrders(this.#inner, asked)).values()) {
      const here = this.#here(status);
      found.set(here.clientOrderId, here);
    }
    return found;
  }
  async queryOpenOrders(): Promise<BrokerOrderStatus[]> {
    return (await this.#inner.queryOpenOrders()).map((status) => this.#here(status));
  }
  async queryFills(after?: string): Promise<Fill[]> {
    return (await this.#inner.queryFills(after)).map((fill) => this.#here(fill));
  }
  queryPositions(): Promise<BrokerPosition[]> {
    return this.#inner.queryPositions();
  }
  doWork(): number {
    return this.#inner.doWork();
  }
  disconnect(): Promise<void> {
    return this.#inner.disconnect();
  }

  #named<Message extends { readonly clientOrderId: string }>(message: Message): Message {
    return { ...message, clientOrderId: this.#there(message.clientOrderId) };
  }

  #here<Message extends { readonly clientOrderId: string }>(message: Message): Message {
    const id = message.clientOrderId;
    const rest = id.startsWith(this.#prefix) ? id.slice(this.#prefix.length) : '';
    const clientOrderId = plainId.test(rest) ? rest : plainId.test(id) ? nobody + id : id;
    return { ...message, clientOrderId };
  }

  #there(id: string): string {
    if (plainId.test(id)) return this.#prefix + id;
    return id.startsWith(nobody) && plainId.test(id.slice(1)) ? id.slice(1) : id;
  }
}

/** Throws CONFIG_INVALID_VALUE when the prefix is none. */
export function named(broker: Gateway, prefix: string): Gateway {
  if (prefix === '') return broker;
  if (/^[a-z]{1,6}$/.test(prefix)) return new NamedGateway(broker, prefix);
  throw new NdtsError(
    'CONFIG_INVALID_VALUE',
    `exec.orderPrefix: expected up to six letters a to z, found '${prefix}'`,
  );
}

/** After the journal was folded: it knows under which account and prefix the node sends. Throws
 * CONFIG_INVALID_VALUE when orders under another prefix are open, or when something is held or open
 * under another account, of which nobody would know that it has to be closed. */
export function noteNode(
  { account, orderPrefix }: Pick<ConfigValues['exec'], 'account' | 'orderPrefix'>,
  ledger: Ledger,
  scribe: Scribe,
  clock: Clock,
): void {
  const { node } = ledger.controls;
  if (node.account === account && node.orderPrefix === orderPrefix) return;
  if (node.account !== account && isInUse(node.account, ledger))
    throw new NdtsError(
      'CONFIG_INVALID_VALUE',
      `exec.account: expected '${node.account}', under which something is held or open, ` +
        `found '${account}'; change it when nothing is`,
    );
  const open = [...ledger.orders.open()].find(({ worksHere }) => !worksHere);
  if (node.orderPrefix !== orderPrefix && open !== undefined)
    throw new NdtsError(
      'CONFIG_INVALID_VALUE',
      `exec.orderPrefix: expected '${node.orderPrefix}', under which ${open.id} is open at the ` +
        `venue, found '${orderPrefix}'; change it when nothing is open`,
    );
  const detail = JSON.stringify({ account, orderPrefix });
  scribe.action({ actor: 'exec', action: 'node', detail, why: 'started so', time: clock.now() });
}

function isInUse(account: string, { books }: Ledger): boolean {
  for (const position of books.account(account)?.all() ?? []) if (position.isInUse) return true;
  for (const [name, position] of books.offsets.all())
    if (name === account && !position.isFlat) return true;
  return false;
}
