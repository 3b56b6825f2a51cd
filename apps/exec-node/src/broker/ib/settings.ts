// What the gateway to Interactive Brokers is told, and what it stands on.

import type { Clock, Random } from '@ndts/protocol';
import type { BackOffOptions, Logger } from '@ndts/runtime';
import type { IbInstruments } from './instruments.js';

export interface IbSettings {
  readonly host: string;
  readonly port: number;
  /** This gateway's alone: two with one number push each other out. */
  readonly clientId: number;
  /** The account orders are for. */
  readonly account: string;
  /** The venue ends the session of who sends more than 50. */
  readonly messagesPerSecond: number;
  /** How long an answer to a question is awaited. */
  readonly answerMs: number;
  /** How long a sent order may still take effect. */
  readonly inFlightMs: number;
  /** How long a fill waits for its commission. */
  readonly commissionMs: number;
  /** Of the times the venue tells without one. */
  readonly timeZone: string;
}

export const ibDefaults: Omit<IbSettings, 'account'> = {
  host: '127.0.0.1',
  port: 4001,
  clientId: 7,
  messagesPerSecond: 45,
  answerMs: 10_000,
  inFlightMs: 10_000,
  commissionMs: 5_000,
  timeZone: 'UTC',
};

export interface IbBrokerOptions {
  readonly settings: IbSettings;
  readonly instruments: IbInstruments;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly backOff?: BackOffOptions;
}
