// What people (and the throttle) have set: trading states, limits, symbols that are restricted, and
// an order to flatten; each for everything or for an account, a strategy or a symbol. What always
// holds: it is a fold of the journal's operator actions and nothing else; the strictest state of
// all that apply to an order counts.

import { type OperatorAction, parseMoney, type TradingStateName } from '@ndts/protocol';

export const controlScopes = ['account', 'strategy', 'symbol'] as const;
export type ControlScope = (typeof controlScopes)[number];

/** What an operator's action says it does. */
export const tradingActions: Readonly<Record<string, TradingStateName>> = {
  halt: 'HALTED',
  reduce: 'REDUCING',
  resume: 'ACTIVE',
};

/** Something set, as it is told and kept. */
export interface ControlEntry {
  readonly kind: 'state' | 'limit' | 'throttle' | 'cancel';
  /** A ControlScope; empty: everything. */
  readonly scope: string;
  /** Of the account, the instance of the strategy, or the id of the symbol. */
  readonly name: string;
  /** Of a limit: its name; else empty. */
  readonly key: string;
  readonly value: string;
  /** Who and why. */
  readonly reason: string;
}

/** A breaker that was open when the router said so last. */
export interface OpenRoute {
  readonly primary: string;
  readonly backup: string;
  readonly why: string;
}

const strictness: Readonly<Record<TradingStateName, number>> = {
  ACTIVE: 0,
  REDUCING: 1,
  HALTED: 2,
};

export class Controls {
  /** By kind, scope, name and key. */
  readonly #entries = new Map<string, ControlEntry>();
  readonly #states = new Map<string, TradingStateName>();
  readonly #throttled = new Set<number>();
  /** Of everything. */
  state: TradingStateName = 'ACTIVE';
  /** Who set it and why; empty while it is ACTIVE. */
  reason = '';
  /** Every position is to be closed: who wants it and why; empty: no. */
  flatten = '';
  /** Under which account and with which prefix of ids the node sends; empty: as it never told. */
  node = { account: '', orderPrefix: '' };
  /** Marks of what is open at the venue alone, which who armed trading last let stand. */
  known: ReadonlySet<string> = new Set();
  /** Of a pair of gateways, while its breaker is not closed. */
  openRoute: OpenRoute | undefined = undefined;
  /** Grows with every change of a limit. */
  limitsVersion = 0;

  entries(): IterableIterator<ControlEntry> {
    return this.#entries.values();
  }

  /** What is to be canceled, until nothing of it is open. */
  cancels(): ControlEntry[] {
    return [...this.#entries.values()].filter(({ kind }) => kind === 'cancel');
  }

  limits(): ControlEntry[] {
    return [...this.#entries.values()].filter(({ kind }) => kind === 'limit');
  }

  /** The strictest state that applies. */
  stateFor(account: string, instance: number, symbol: number): TradingStateName {
    if (this.#states.size === 0) return this.state;
    let worst = this.state;
    for (const name of [`account ${account}`, `strategy ${instance}`, `symbol ${symbol}`]) {
      const state = this.#states.get(name);
      if (state !== undefined && strictness[state] > strictness[worst]) worst = state;
    }
    return worst;
  }

  /** What holds for all of a part, or for everything: the strictest of the two. */
  stateOf(scope: string, name: string): TradingStateName {
    const state = this.#states.get(`${scope} ${name}`) ?? 'ACTIVE';
    return strictness[state] > strictness[this.state] ? state : this.state;
  }

  /** It executed too often in a row, and nobody has armed it again. */
  isThrottled(instance: number): boolean {
    return this.#throttled.has(instance);
  }

  apply({ actor, action, detail, why }: OperatorAction): void {
    const reason = `${actor}: ${why}`;
    const fields = detailOf(detail);
    const { scope = '', name = '', key = '', value = '' } = fields;
    const state = tradingActions[action];
    if (state !== undefined) {
      this.#setState(scope, name, state, reason);
      const { known } = fields as { known?: unknown };
      if (Array.isArray(known)) this.known = new Set(known.map(String));
    }
    if (action === 'limit') this.restore({ kind: 'limit', scope, name, key, value, reason });
    else if (action === 'throttle')
      this.restore({ kind: 'throttle', scope, name, key: '', value: 'on', reason });
    else if (action === 'cancel') this.#setCancel(scope, name, value || 'all', reason);
    else if (action === 'canceled') this.#setCancel(scope, name, '', reason);
    else if (action === 'flatten') this.flatten = reason;
    else if (action === 'flat') this.flatten = '';
    else if (action === 'route') this.#setRoute(fields);
    else if (action === 'node') {
      const { account = '', orderPrefix = '' } = fields;
      this.node = { account, orderPrefix };
    }
  }

  /** From an action or a snapshot. An empty value takes a limit back. */
  restore(entry: ControlEntry): void {
    const { kind, scope, name, key, value } = entry;
    const id = `${kind} ${scope} ${name} ${key}`;
    if (value === '') this.#entries.delete(id);
    else this.#entries.set(id, entry);
    if (kind === 'limit') this.limitsVersion += 1;
    else if (kind === 'throttle') this.#throttled.add(Number(name));
    else if (kind === 'state') this.#states.set(`${scope} ${name}`, value as TradingStateName);
  }

  #setCancel(scope: string, name: string, value: string, reason: string): void {
    this.restore({ kind: 'cancel', scope, name, key: '', value, reason });
  }

  #setRoute({ primary = '', backup = '', to, cause = '' }: Partial<Record<string, string>>): void {
    // Why it was opened, not that it is tried.
    if (to === 'half-open') return;
    this.openRoute = to === 'open' ? { primary, backup, why: cause } : undefined;
  }

  #goOn(): void {
    this.flatten = '';
    for (const { scope, name, reason } of this.cancels()) this.#setCancel(scope, name, '', reason);
  }

  #setState(scope: string, name: string, state: TradingStateName, reason: string): void {
    if (scope === '') {
      this.state = state;
      this.reason = state === 'ACTIVE' ? '' : reason;
      // Who arms trading again wants orders and positions.
      if (state === 'ACTIVE') this.#goOn();
      return;
    }
    const active = state === 'ACTIVE';
    this.restore({ kind: 'state', scope, name, key: '', value: active ? '' : state, reason });
    if (!active) return;
    this.#states.delete(`${scope} ${name}`);
    this.#setCancel(scope, name, '', reason);
    if (scope !== 'strategy') return;
    this.#throttled.delete(Number(name));
    this.#entries.delete(`throttle strategy ${name} `);
  }
}

/** The fields of an action's detail that are text; none when it is no JSON of such. */
function detailOf(detail: string): Partial<Record<string, string>> {
  try {
    const fields: unknown = JSON.parse(detail);
    return typeof fields === 'object' && fields !== null ? (fields as Record<string, string>) : {};
  } catch {
    return {};
  }
}

/** A decimal number of 0 or more. */
export function isAmount(text: string): boolean {
  try {
    return parseMoney(text) >= 0n;
  } catch {
    return false;
  }
}
