// Runs retention by itself now and then, and answers for it: what is old, what is archived.

import type {
  Clock,
  DayView,
  OldDayView,
  RestoreDayRequest,
  RetentionView,
  Timer,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { type ArchivedDay, dayOfText, dayText } from './archive.js';
import type { OldDay, Retention } from './retention.js';

export interface RetentionKeeperOptions {
  readonly retention: Retention;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0: only when asked to. */
  readonly intervalMs: number;
}

export class RetentionKeeper {
  readonly #retention: Retention;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #intervalMs: number;
  #timer: Timer | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: RetentionKeeperOptions) {
    this.#retention = options.retention;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#intervalMs = options.intervalMs;
  }

  start(): void {
    if (this.#intervalMs === 0 || this.#stopped) return;
    this.#timer = this.#clock.setTimer(this.#intervalMs, () => {
      void this.run()
        .catch((error: unknown) => this.#logger.error({ error }, 'retention failed'))
        .finally(() => this.start());
    });
  }

  /** Waits for a run that is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running.catch(() => undefined);
  }

  async view(): Promise<RetentionView> {
    const old = this.#retention.plan().map(viewOfOld);
    const waiting = await this.#retention.waiting();
    return {
      old,
      waiting: waiting.map((one) => ({ ...one, day: dayText(one.day) })),
      archived: (await this.#retention.archived()).map(viewOfArchived),
    };
  }

  async run(): Promise<OldDayView[]> {
    const gone: OldDayView[] = [];
    await this.#track(
      this.#retention.run((day) => {
        gone.push(viewOfOld(day));
        this.#logger.info({ ...day, day: dayText(day.day) }, 'a day went');
      }),
    );
    return gone;
  }

  async restore({ table, day, holdDays }: RestoreDayRequest): Promise<DayView> {
    const restored = this.#retention.restore(table, dayOfText(day), holdDays);
    return viewOfArchived(await this.#track(restored));
  }

  #track<Result>(work: Promise<Result>): Promise<Result> {
    this.#running = work;
    return work;
  }
}

function viewOfOld({ table, day, action, segments, rows, bytes }: OldDay): OldDayView {
  return { table, day: dayText(day), action, segments, rows, bytes };
}

function viewOfArchived({ table, day, segments }: ArchivedDay): DayView {
  let rows = 0;
  let bytes = 0;
  for (const segment of segments) {
    rows += segment.rows;
    bytes += segment.bytes;
  }
  return { table, day: dayText(day), segments: segments.length, rows, bytes };
}
