// Keeps the journal, and with it the start, bounded: a snapshot of the ledger every so many events
// and at a clean stop, then the oldest events go, a few per cycle. What always holds: it works when
// nothing else is to be done, or when it is long overdue; a snapshot is written only while nothing
// is pending, so it covers exactly the events before it; what fails is tried again later.

import { type Clock, errorLine } from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import type { EventJournal } from './journal.js';
import type { Ledger } from './ledger.js';
import { encodeLedger, restoreLedger } from './snapshot.js';

/** How many events between two snapshots, and how many covered ones stay for questions. */
export interface JournalLimits {
  readonly snapshotEvents: number;
  readonly keptEvents: number;
}

export const defaultJournalLimits: JournalLimits = { snapshotEvents: 20_000, keptEvents: 100_000 };

const prunePerCycle = 256;
const retryNs = 1e9;

export class Checkpoints {
  readonly #journal: EventJournal;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: JournalLimits;
  #retryAtNs = 0;

  constructor(
    journal: EventJournal,
    ledger: Ledger,
    clock: Clock,
    logger: Logger,
    limits: JournalLimits = defaultJournalLimits,
  ) {
    this.#journal = journal;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#logger = logger;
    this.#limits = limits;
  }

  /** Part of the duty cycle, after a flush. `idle`: this cycle had nothing else to do. */
  doWork(idle: boolean): number {
    const { snapshotEvents, keptEvents } = this.#limits;
    const journal = this.#journal;
    const last = journal.nextSequence - 1;
    const uncovered = last - journal.covered;
    const excess = Math.min(journal.covered, last - keptEvents) - journal.oldest + 1;
    const due = (events: number): boolean =>
      events >= snapshotEvents && (idle || events >= snapshotEvents * 2);
    const prune = excess > 0 && (idle || due(excess));
    if (!due(uncovered) && !prune) return 0;
    if (journal.pending > 0 || this.#clock.monotonicNs() < this.#retryAtNs) return 0;
    return this.#attempt(() => {
      if (prune) return journal.prune(keptEvents, prunePerCycle);
      this.#snapshot();
      return 1;
    });
  }

  /** At a clean stop: the next start folds nothing. */
  close(): void {
    const journal = this.#journal;
    if (journal.pending > 0 || journal.covered === journal.nextSequence - 1) return;
    this.#attempt(() => {
      this.#snapshot();
      return 1;
    });
  }

  #snapshot(): void {
    this.#journal.snapshot(encodeLedger(this.#ledger, this.#journal.nextSequence - 1));
  }

  #attempt(action: () => number): number {
    try {
      return action();
    } catch (error) {
      this.#retryAtNs = this.#clock.monotonicNs() + retryNs;
      this.#logger.warn({ error: errorLine(error) }, 'the order journal cannot be shortened now');
      return 0;
    }
  }
}

/** Fills an empty ledger from the newest snapshot and the events behind it; returns how many. */
export function foldJournal(journal: EventJournal, ledger: Ledger): number {
  return journal.replay(
    (sequence, value) => ledger.applyEncoded(sequence, value),
    (snapshot) => restoreLedger(ledger, snapshot),
  );
}
