// What a gateway to CTP is made with: who we are, which instruments, and how fast.

import type { Clock, KeyValueStore, Random } from '@ndts/protocol';
import type { BackOffOptions, Logger } from '@ndts/runtime';
import type { CtpIdentity, CtpTrader } from './trader.js';

/** What an exchange and the broker take, of the value and of each lot. */
export interface CtpFee {
  readonly byMoney: number;
  readonly byVolume: number;
}

export interface CtpInstrument {
  readonly instrumentId: string;
  readonly exchangeId: string;
  readonly multiplier: number;
  /** The API tells none with a trade. */
  readonly fees?: { readonly open: CtpFee; readonly close: CtpFee; readonly closeToday: CtpFee };
  /** Of the day: how a market order goes where the exchange knows none. */
  readonly priceLimits?: () => { readonly lower: number; readonly upper: number } | undefined;
}

export interface CtpSettings extends CtpIdentity {
  /** For ever: with a trade id it names an execution. */
  readonly name: string;
  readonly password: string;
  /** Empty: the front wants none. */
  readonly appId: string;
  readonly authCode: string;
  readonly inFlightMs: number;
  /** An answer to a query takes no longer. */
  readonly answerMs: number;
  /** Between two queries; the front refuses more than one a second. */
  readonly queryMs: number;
  readonly ordersPerSecond: number;
  /** What is sent is durable before. */
  readonly durable: boolean;
}

export const ctpDefaults = {
  ...{ name: 'ctp', appId: '', authCode: '', durable: true },
  ...{ inFlightMs: 10_000, answerMs: 15_000, queryMs: 1_100, ordersPerSecond: 5 },
};

export interface CtpBrokerOptions {
  readonly settings: CtpSettings;
  readonly trader: CtpTrader;
  /** By our symbol. */
  readonly instruments: ReadonlyMap<number, CtpInstrument>;
  /** The order journal's: ids are mapped there. */
  readonly keyValue: KeyValueStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly backOff?: BackOffOptions;
}
