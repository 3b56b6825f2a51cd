// From a connection of the API to a session that may trade: authenticate, log in, confirm the
// settlement. What always holds: the API is started once and connects again by itself; a log-in
// that was refused for what we are is not tried again, because fronts lock accounts that try.

import { type Clock, NdtsError, nsPerMs } from '@ndts/protocol';
import { BackOff, backOffDefault, type Logger } from '@ndts/runtime';
import { textOf } from './queries.js';
import type { CtpBrokerOptions } from './settings.js';
import type { CtpError, CtpSession as Session } from './trader.js';
import { mayLogInAgain } from './words.js';

export interface CtpSessionEvents {
  /** Logged in and settled: orders of the day are to be asked for. */
  readonly stands: (session: Session) => void;
  readonly lost: (why: string) => void;
  /** No log-in will be tried. */
  readonly refused: (error: NdtsError) => void;
}

const tradingDay = /^\d{8}$/;

export class CtpSession {
  readonly #options: CtpBrokerOptions;
  readonly #events: CtpSessionEvents;
  readonly #backOff: BackOff;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #session: Session | undefined;
  /** When the step that failed is tried again; 0: nothing is. */
  #retryNs = 0;
  #isConnected = false;
  /** What we are was refused: fronts end such a connection, and the API connects again. */
  #isRefused = false;

  constructor(options: CtpBrokerOptions, events: CtpSessionEvents) {
    this.#options = options;
    this.#events = events;
    this.#backOff = new BackOff(options.random, options.backOff ?? backOffDefault);
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Part of the duty cycle. */
  doWork(): void {
    if (this.#retryNs === 0 || this.#clock.monotonicNs() < this.#retryNs) return;
    this.#retryNs = 0;
    if (this.#isConnected) this.#begin();
  }

  connected(): void {
    this.#isConnected = true;
    this.#begin();
  }

  disconnected(reason: number): void {
    this.#isConnected = false;
    this.#session = undefined;
    this.#retryNs = 0;
    this.#events.lost(`connection lost, reason 0x${reason.toString(16)}`);
  }

  authenticated(error: CtpError | undefined): void {
    if (error === undefined) this.#login();
    else this.#failed('authentication', error);
  }

  loggedIn(session: Session | undefined, error: CtpError | undefined): void {
    if (error !== undefined) {
      this.#failed('log-in', error);
      return;
    }
    // Orders of another trading day than that of the session are over.
    if (session === undefined || !tradingDay.test(session.tradingDay)) {
      this.#again('log-in: no trading day was told');
      return;
    }
    this.#session = session;
    this.#sent('settlement', this.#options.trader.confirmSettlement(this.#options.settings));
  }

  settlementConfirmed(error: CtpError | undefined): void {
    if (error !== undefined) this.#failed('confirmation of the settlement', error);
    else if (this.#session !== undefined) {
      this.#backOff.reset();
      this.#events.stands(this.#session);
    }
  }

  #begin(): void {
    const { trader, settings } = this.#options;
    if (this.#isRefused) return;
    if (settings.authCode === '') this.#login();
    else
      this.#sent(
        'authentication',
        trader.authenticate(settings, settings.appId, settings.authCode),
      );
  }

  #login(): void {
    const { trader, settings } = this.#options;
    this.#sent('log-in', trader.login(settings, settings.password));
  }

  #sent(what: string, returned: number): void {
    if (returned !== 0) this.#again(`${what} could not be sent (${returned})`);
  }

  #failed(what: string, error: CtpError): void {
    if (mayLogInAgain(error.code)) {
      this.#again(`${what}: ${textOf(error)}`);
      return;
    }
    const why = `CTP refused the ${what}: ${textOf(error)}; it is not tried again`;
    this.#isRefused = true;
    this.#logger.error({ venue: this.#options.settings.name }, why);
    this.#events.refused(new NdtsError('UNAVAILABLE', why));
  }

  #again(why: string): void {
    this.#logger.warn({ venue: this.#options.settings.name, why }, 'CTP is not ready; tried again');
    this.#retryNs = this.#clock.monotonicNs() + this.#backOff.nextMs() * nsPerMs;
  }
}
