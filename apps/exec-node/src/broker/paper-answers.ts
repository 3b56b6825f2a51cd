// What the paper venue has answered and its gateway has not heard yet: each on its way until it is
// due. What always holds: answers arrive in the order they were given, none before it is due, and
// what was on its way when the connection ended never arrives.

import type { BrokerListener, BrokerOrderUpdate, Fill } from '@ndts/protocol';

interface Answer {
  readonly dueNs: number;
  readonly update: BrokerOrderUpdate | undefined;
  readonly fill: Fill | undefined;
}

export class PaperAnswers {
  readonly #answers: Answer[] = [];

  update(dueNs: number, update: BrokerOrderUpdate): void {
    this.#answers.push({ dueNs, update, fill: undefined });
  }

  fill(dueNs: number, fill: Fill): void {
    this.#answers.push({ dueNs, update: undefined, fill });
  }

  drop(): void {
    this.#answers.length = 0;
  }

  /** When the first one arrives; Infinity: none is on its way. */
  dueNs(): number {
    return this.#answers[0]?.dueNs ?? Infinity;
  }

  deliver(nowNs: number, listener: BrokerListener | undefined): number {
    const answers = this.#answers;
    if (answers.length === 0) return 0;
    let count = 0;
    for (const answer of answers) {
      if (answer.dueNs > nowNs) break;
      count += 1;
      if (answer.update !== undefined) listener?.onOrderUpdate(answer.update);
      if (answer.fill !== undefined) listener?.onFill(answer.fill);
    }
    answers.splice(0, count);
    return count;
  }
}
