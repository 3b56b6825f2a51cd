// What Interactive Brokers is asked: open orders, orders of the day, executions, positions. What
// always holds: a question that does not leave fails at once; two of one kind in a row without an
// answer end the connection.

import type { Clock } from '@ndts/protocol';
import type { IBApi } from '@stoqey/ib';
import { Question } from './question.js';

export interface QuestionDeps {
  readonly clock: Clock;
  readonly answerMs: number;
  readonly account: string;
  /** `dropped` is told when it never leaves. */
  readonly send: (message: (api: IBApi) => void, dropped: () => void) => void;
  readonly stuck: () => void;
  readonly positionsCome: () => void;
}

/** Beyond the numbers of orders: what is said of a question is said of no order. */
const firstRequest = 1_000_000_000;

export class IbQuestions {
  readonly open: Question;
  readonly completed: Question;
  readonly executions: Question;
  readonly positions: Question;
  #nextRequest = firstRequest;

  constructor(deps: QuestionDeps) {
    const { account, positionsCome } = deps;
    this.open = question(deps, 'open orders', (api) => api.reqOpenOrders());
    this.completed = question(deps, 'orders of the day', (api) => api.reqCompletedOrders(true));
    this.executions = question(deps, 'executions', (api) =>
      api.reqExecutions(this.#nextRequest++, { acctCode: account }),
    );
    this.positions = question(deps, 'positions', (api) => {
      positionsCome();
      api.reqPositions();
    });
  }

  /** Executions last: an order that ended in between is then told with its fills. */
  async day(): Promise<void> {
    await Promise.all([this.open.answer(), this.completed.answer()]);
    await this.executions.answer();
  }

  /** The connection is over. */
  drop(reason: string): void {
    for (const one of [this.open, this.completed, this.executions, this.positions])
      one.drop(`Interactive Brokers: ${reason}`);
  }
}

function question(deps: QuestionDeps, name: string, ask: (api: IBApi) => void): Question {
  const asked: Question = new Question(name, deps.clock, deps.answerMs, {
    ask: () =>
      deps.send(
        (api) => {
          asked.sent();
          ask(api);
        },
        () => asked.fail(`Interactive Brokers was not asked about ${name}`),
      ),
    stuck: deps.stuck,
  });
  return asked;
}
