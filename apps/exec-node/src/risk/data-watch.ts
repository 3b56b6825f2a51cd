// What the data node says beside the ticks: the quality of symbols, and that it is alive. What
// always holds: it restricts, and takes back what it restricted; it never moves a price. A data
// node that was never heard is not missed: the age of prices says that much.

import {
  type Bus,
  type Clock,
  errorLine,
  nsPerMs,
  type QualityChanged,
  type QualityView,
  subjects,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import type { Market } from './market.js';

export interface DataWatchDeps {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly market: Market;
  readonly silentMs: number;
}

export class DataWatch {
  readonly #deps: DataWatchDeps;
  #leaveBus: (() => void)[] = [];
  #heardNs = Number.NaN;
  #wasSilent = false;

  constructor(deps: DataWatchDeps) {
    this.#deps = deps;
  }

  /** Listens, and asks what is wrong already. */
  async open(): Promise<void> {
    const { bus } = this.#deps;
    this.#leaveBus = [
      bus.subscribe(subjects.quality, ({ payload }) => {
        const { symbol, flags, sequence } = payload as QualityChanged;
        this.#deps.market.setQuality(symbol, flags, sequence);
      }),
      bus.subscribe(subjects.dataStatus, () => this.#hear()),
    ];
    try {
      const views = (await bus.request(subjects.dataQuality, {})) as readonly QualityView[];
      for (const { symbol, flags, sequence } of views)
        this.#deps.market.setQuality(symbol, flags, sequence);
    } catch (error) {
      // It says so with its first status and the flags of its ticks.
      this.#deps.logger.info({ error: errorLine(error) }, 'no data node answers yet');
    }
  }

  close(): void {
    for (const leave of this.#leaveBus.splice(0)) leave();
  }

  /** The data node was heard, and not for so long now. */
  isSilent(): boolean {
    const { clock, logger, silentMs } = this.#deps;
    const isSilent = clock.monotonicNs() - this.#heardNs > silentMs * nsPerMs;
    if (isSilent && !this.#wasSilent)
      logger.warn({ silentMs }, 'the data node is silent; every symbol is reduce-only');
    this.#wasSilent = isSilent;
    return isSilent;
  }

  #hear(): void {
    if (this.#wasSilent) this.#deps.logger.info({}, 'the data node is heard again');
    this.#wasSilent = false;
    this.#heardNs = this.#deps.clock.monotonicNs();
  }
}
