// What a FIX gateway is told about its counterparty, and what it stands on.

import type { ConnectionOptions } from 'node:tls';
import type { BrokerCard, Clock, KeyValueStore, Random } from '@ndts/protocol';
import type { BackOffOptions, Logger } from '@ndts/runtime';
import type { FixSchedule } from '@ndts/runtime/fix';

export interface FixBrokerSettings {
  /** The venue: with a trade id it names an execution for ever. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tls?: ConnectionOptions | undefined;
  readonly schedule?: FixSchedule | undefined;
  /** Whose positions are asked for; empty: the session's own. */
  readonly account: string;
  readonly senderCompId: string;
  readonly targetCompId: string;
  readonly senderSubId?: string | undefined;
  readonly targetSubId?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly heartbeatSeconds: number;
  readonly resetOnLogon: boolean;
  /** Whether what is sent must be durable before; else accepted. */
  readonly durable: boolean;
  readonly deduplicates: BrokerCard['deduplicates'];
  /** An order that was sent and lost is sent again when it is asked for, if it is not older. */
  readonly resendOrdersMs: number;
  /** The longest time a sent request may still take effect. */
  readonly inFlightMs: number;
  readonly queryTimeoutMs: number;
  /** How long connect() waits for the log-on. */
  readonly connectTimeoutMs: number;
  /** Whether the counterparty answers TradeCaptureReportRequest; else executions are those that
   * came. */
  readonly tellsTrades: boolean;
  /** Whether it answers RequestForPositions. */
  readonly tellsPositions: boolean;
  /** As in the session's settings. */
  readonly restTimeoutMs?: number;
  readonly resendTimeoutMs?: number;
  readonly backOff?: BackOffOptions | undefined;
}

/** Names of the counterparty for our symbols, both ways. */
export interface FixSymbols {
  nameOf(id: number): string | undefined;
  idOf(name: string): number | undefined;
}

export interface FixBrokerOptions {
  readonly settings: FixBrokerSettings;
  /** The order journal's store: one log holds orders, numbers and what was received. */
  readonly keyValue: KeyValueStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly symbols: FixSymbols;
}
