// Everything that makes orders: decisions on drafts, the risk desk they ask, the orders that are
// worked here, and the wish to be flat. One part of the node, so that its path stays one page.

import {
  addNs,
  type Clock,
  type ConfigValues,
  plainTerms,
  type RiskReason,
  type Time,
} from '@ndts/protocol';
import type { Logger, Metrics } from '@ndts/runtime';
import type { Gateway } from '../broker/gateway.js';
import { Decisions } from '../intake/decisions.js';
import type { Ledger } from '../order/ledger.js';
import { type Order, personInstance } from '../order/order.js';
import type { Scribe } from '../order/scribe.js';
import type { DataWatch } from '../risk/data-watch.js';
import type { Market } from '../risk/market.js';
import { OffsetPosition } from '../position/offsets.js';
import type { Rates } from '../position/rates.js';
import { RiskDesk, type RiskDeskDeps } from '../risk/risk-desk.js';
import { CancelPace } from '../route/cancel-pace.js';
import type { LogGate } from '../route/log-gate.js';
import type { Strays } from '../route/strays.js';
import { DayKeeper } from './day-keeper.js';
import { Flatten } from './flatten.js';
import { Offsets } from './offsets.js';
import { Worker } from './worker.js';

export interface OrderDeskDeps {
  readonly config: Pick<ConfigValues, 'exec' | 'risk'>;
  readonly rates: Rates;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly gate: LogGate;
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly market: Market;
  readonly dataWatch: DataWatch;
  readonly broker: Gateway;
  readonly symbolName: (id: number) => string;
  /** Reconciled with a broker that is reachable. */
  readonly connected: () => boolean;
  /** The time of this cycle. */
  readonly now: () => Time;
  readonly enqueue: (order: Order) => void;
  readonly cancel: (clientOrderId: string, why: string) => boolean;
  readonly strays: Strays;
  readonly onDenied: (reason: RiskReason) => void;
}

/** A part that could not leave for longer is another one by then, if it is wanted at all. */
const partValidNs = 5e9;

export class OrderDesk {
  readonly risk: RiskDesk;
  readonly decisions: Decisions;
  readonly day: DayKeeper;
  readonly #worker: Worker;
  readonly #flatten: Flatten;
  readonly #scribe: Scribe;
  readonly #clock: Clock;
  readonly #connected: () => boolean;

  constructor(deps: OrderDeskDeps) {
    const { config, clock, logger, gate, ledger, scribe, market, dataWatch, broker } = deps;
    const { symbolName, connected, now, cancel, onDenied } = deps;
    this.#connected = connected;
    const { dayStart, dayZone } = config.risk;
    this.day = new DayKeeper({
      ...{ dayStart, dayZone, ledger, scribe, market, clock, logger, metrics: deps.metrics },
    });
    this.#scribe = scribe;
    const offsets = new Offsets(ledger, () => broker.card.can?.offsets === true);
    const risk = new RiskDesk({
      ...{
        risk: config.risk,
        rates: deps.rates,
        ledger,
        scribe,
        clock,
        symbolName,
        market,
        dataWatch,
        connected,
      },
      ...{ closable: (order, offset) => offsets.closable(order, offset), ...lotsOf(broker) },
      takes: (order) => broker.parts?.takes(order) !== false,
      trades: (symbol) => broker.trades?.(symbol) !== false,
    });
    this.#clock = clock;
    this.risk = risk;
    const enqueue = (order: Order): void => {
      risk.count();
      deps.enqueue(order);
    };
    this.decisions = new Decisions({
      ...{ scribe, clock, market, account: config.exec.account, enqueue, onDenied },
      ...{ offsets, strays: deps.strays, card: () => broker.card },
      check: (intent, terms) => risk.check(intent, terms, 0n, now()),
      isOnTick: (intent, price) => risk.isOnTick(intent, price),
      onApproved: (intent) => risk.approved(intent, now()),
    });
    const pace = new CancelPace(clock);
    this.#worker = new Worker({
      ...{ ledger, scribe, clock, logger, gate, market, cancel, pace },
      lotOf: ({ intent }) => risk.limitsFor(intent).lot,
      leastOf: ({ intent }) => risk.limitsFor(intent).minQuantity,
      ...lotsOf(broker),
      mostOf: (child) => risk.mostOf(child),
      partsOf: ({ intent, terms }, quantity) => offsets.partsOf(intent, terms.offset, quantity),
      check: (child, offset) => risk.check(child, { ...plainTerms, offset }, child.quantity, now()),
      send: (child, terms) => {
        const order = scribe.intent(child, terms);
        order.validUntil = addNs(child.time, partValidNs);
        enqueue(order);
      },
      route: () => broker.card.name,
    });
    const person = { account: config.exec.account, instance: personInstance };
    this.#flatten = new Flatten({
      ...{ ledger, scribe, clock, decisions: this.decisions, cancel, pace, market },
      ...{ account: config.exec.account, strays: deps.strays, logger, symbolName },
      mostOf: (closing) => risk.mostOf({ ...person, ...closing }),
      wayOf: (closing) => risk.closingWay({ ...person, ...closing, limitPrice: 0n }),
      farPercent: config.risk.flattenPercent,
      isHalted: (symbol) =>
        ledger.controls.stateFor(config.exec.account, personInstance, symbol) === 'HALTED',
      offsetsOf: (symbol) =>
        offsets.knows(symbol)
          ? (ledger.books.offsets.get(config.exec.account, symbol) ?? new OffsetPosition(symbol))
          : undefined,
    });
  }

  /** After the journal was folded. */
  open(): void {
    const now = this.#clock.now();
    this.#scribe.beginDays(now);
    this.day.begin(now);
    this.#worker.open();
    this.risk.open();
    this.risk.closingWaits = () => this.#flatten.waits;
  }

  /** The market of a symbol changed. */
  touch(symbol: number): void {
    this.#worker.touch(symbol);
  }

  changed(order: Order): void {
    this.#worker.changed(order);
    this.risk.changed(order);
  }

  /** Whether time alone may give it something to do. */
  get isTimed(): boolean {
    return this.#flatten.isActive || this.#worker.isTimed;
  }

  /** Cancels what people want canceled. */
  cancelParts(): number {
    return this.#flatten.cancelParts(false);
  }

  /** What does not come from signals. */
  doWork(): number {
    return this.#flatten.doWork() + this.#worker.doWork();
  }

  /** Before the orders of a cycle are judged; also while the venue is away, which many are just
   * when a day begins. */
  watchDay(): number {
    if (!this.day.isDue()) return 0;
    const now = this.#clock.now();
    // Of exchanges: what is told late of one is dated to it, so that it waits for the venue.
    const begun = this.#connected() ? this.#scribe.beginDays(now) : 0;
    return begun + this.day.begin(now);
  }
}

/** How fine it trades, and what it makes of less. */
function lotsOf(broker: Gateway): Pick<RiskDeskDeps, 'closesOddLots' | 'venueLot'> {
  return {
    closesOddLots: () => broker.card.can?.closesOddLots === true,
    venueLot: (symbol) => broker.lotOf?.(symbol) ?? 0n,
  };
}
