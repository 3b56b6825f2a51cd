// The Bus port inside one process. Always: listeners get messages in the order of publishing; what
// a listener publishes is delivered after the current message. Payloads are handed over by
// reference and are changed by nobody afterwards.

import { type Bus, type BusMessage, type Clock, NdtsError } from '@ndts/protocol';
import type { Logger } from '../log/logger.js';

export interface EmbeddedBusOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** After each request: whoever answered it may have got something to do. */
  readonly onRequest?: () => void;
}

type Listener = (message: BusMessage) => void;

interface Subscription {
  readonly listener: Listener;
  open: boolean;
}

const requestTimeoutMsDefault = 5_000;
const wildcard = '.>';

export class EmbeddedBus implements Bus {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By subject, or for a wildcard by what is before the `>` (with its dot). */
  readonly #exact = new Map<string, Subscription[]>();
  readonly #below = new Map<string, Subscription[]>();
  readonly #responders = new Map<string, (payload: unknown) => unknown>();
  readonly #abandon = new Set<() => void>();
  readonly #queue: { message: BusMessage; targets: readonly Subscription[] }[] = [];
  readonly #onRequest: () => void;
  #delivering = false;
  #closed = false;

  constructor(options: EmbeddedBusOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#onRequest = options.onRequest ?? (() => undefined);
  }

  publish(subject: string, payload: unknown): void {
    this.#checkOpen();
    checkSubject(subject);
    const targets = this.#targets(subject);
    if (targets.length === 0) return;
    this.#queue.push({ message: { subject, payload }, targets });
    if (!this.#delivering) this.#deliver();
  }

  subscribe(subject: string, listener: Listener): () => void {
    this.#checkOpen();
    const isWildcard = subject.endsWith(wildcard);
    const key = isWildcard ? subject.slice(0, -1) : subject;
    checkSubject(isWildcard ? subject.slice(0, -wildcard.length) : subject);
    const table = isWildcard ? this.#below : this.#exact;
    const subscription: Subscription = { listener, open: true };
    table.set(key, [...(table.get(key) ?? []), subscription]);
    return () => {
      if (!subscription.open) return;
      subscription.open = false;
      const rest = (table.get(key) ?? []).filter((other) => other !== subscription);
      if (rest.length === 0) table.delete(key);
      else table.set(key, rest);
    };
  }

  respond(subject: string, responder: (payload: unknown) => unknown): () => void {
    this.#checkOpen();
    checkSubject(subject);
    if (this.#responders.has(subject))
      throw new NdtsError('ALREADY_EXISTS', `somebody answers ${subject} already`);
    this.#responders.set(subject, responder);
    return () => {
      if (this.#responders.get(subject) === responder) this.#responders.delete(subject);
    };
  }

  async request(
    subject: string,
    payload: unknown,
    timeoutMs = requestTimeoutMsDefault,
  ): Promise<unknown> {
    this.#checkOpen();
    checkSubject(subject);
    const responder = this.#responders.get(subject);
    if (responder === undefined)
      throw new NdtsError('UNAVAILABLE', `nobody answers requests for ${subject}`);
    return await new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(timeoutMs, () => {
        this.#abandon.delete(abandon);
        reject(new NdtsError('TIMEOUT', `no answer for ${subject} within ${timeoutMs} ms`));
      });
      const abandon = (): void => {
        timer.cancel();
        reject(new NdtsError('CLOSED', `the bus was closed before ${subject} was answered`));
      };
      this.#abandon.add(abandon);
      const finish = (): void => {
        timer.cancel();
        this.#abandon.delete(abandon);
      };
      Promise.resolve()
        .then(() => responder(payload))
        .finally(this.#onRequest)
        .then(resolve, reject)
        .finally(finish);
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#queue.length = 0;
    this.#exact.clear();
    this.#below.clear();
    this.#responders.clear();
    for (const abandon of this.#abandon) abandon();
    this.#abandon.clear();
    return Promise.resolve();
  }

  #targets(subject: string): readonly Subscription[] {
    const exact = this.#exact.get(subject) ?? [];
    if (this.#below.size === 0) return exact;
    const targets = [...exact];
    for (let dot = subject.indexOf('.'); dot >= 0; dot = subject.indexOf('.', dot + 1))
      targets.push(...(this.#below.get(subject.slice(0, dot + 1)) ?? []));
    return targets;
  }

  #deliver(): void {
    this.#delivering = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
        for (const target of next.targets) this.#call(target, next.message);
    } finally {
      this.#delivering = false;
    }
  }

  #call(target: Subscription, message: BusMessage): void {
    if (!target.open || this.#closed) return;
    try {
      target.listener(message);
    } catch (error) {
      this.#logger.error({ err: error, subject: message.subject }, 'a listener of the bus threw');
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new NdtsError('CLOSED', 'the bus is closed');
  }
}

const subjectPattern = /^[^\s.*>]+(\.[^\s.*>]+)*$/;

function checkSubject(subject: string): void {
  if (!subjectPattern.test(subject))
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `expected a subject of names between dots, found '${subject}'`,
    );
}
