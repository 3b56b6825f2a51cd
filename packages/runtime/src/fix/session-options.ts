// What a session is told once, and what it tells: its settings, and the application behind it.

import type { Clock, KeyValueStore, Time } from '@ndts/protocol';
import type { Logger } from '../log/logger.js';
import type { FixIdentity } from './header.js';
import type { FixMessage } from './message.js';

export interface FixApplication {
  /** Messages may be sent. `reset`: the counterparty began its numbers again, and what it had sent
   * before may be lost. */
  onLogon(reset: boolean): void;
  onLogout(reason: string): void;
  /** Something that was sent to us has no effect, and will not come again: numbers that were passed
   * over, or a message that is not as it must be. What it told has to be asked for. */
  onMissed(why: string): void;
  /** Checked, in order, once; also Rejects of what was sent. Lent until it returns. */
  onMessage(message: FixMessage): void;
  /** Whether a message that was sent at that time is sent again when it is asked for. */
  isWanted(message: FixMessage, sentAt: Time | undefined): boolean;
}

export interface FixSettings extends FixIdentity {
  readonly role: 'initiator' | 'acceptor';
  readonly heartbeatSeconds: number;
  /** Whether each Logon begins the numbers again. */
  readonly resetOnLogon?: boolean;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Whether what is sent must be durable before; else accepted. */
  readonly durable?: boolean;
  /** How far SendingTime may be from our clock. */
  readonly sendingTimeToleranceMs?: number;
  /** For the answer to a Logon or Logout. */
  readonly answerTimeoutMs?: number;
  /** For what a ResendRequest asked for. */
  readonly resendTimeoutMs?: number;
  /** For the rest of a message that began: a BodyLength that is too large waits for ever. */
  readonly restTimeoutMs?: number;
  readonly messageBytesMax?: number;
}

export interface FixSessionOptions {
  readonly settings: FixSettings;
  readonly keyValue: KeyValueStore;
  /** Of the session within the store. */
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly application: FixApplication;
}
