// Executions as the counterparty tells them, as fills: each once, and what is taken back or
// corrected as fills that undo it. What always holds: of an execution one version counts, whichever
// of its names a bust or a correction calls it by; told again it is the same fill.

import type { Clock, Fill } from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import type { Due } from '../due.js';
import { type FixRecords, orderOf } from './records.js';
import type { Report } from './reports.js';
import type { FixSymbols } from './settings.js';

export interface ExecutionDeps {
  readonly venue: string;
  readonly records: FixRecords;
  readonly symbols: FixSymbols;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What one of our orders executed is not counted: everything has to be asked for. */
  readonly missed: (why: string) => void;
}

const bustSuffix = '.bust';
const correctSuffix = '.correct';

export class FixExecutions {
  readonly #deps: ExecutionDeps;
  readonly #told: Due[];

  constructor(deps: ExecutionDeps, told: Due[]) {
    this.#deps = deps;
    this.#told = told;
  }

  tell(report: Report): void {
    this.#tell(report, '');
  }

  /** It never was. */
  bust(report: Report): void {
    if (!this.#undo(report, false))
      this.#lacks(report, 'an execution that is not known was taken back');
  }

  /** It was another one. */
  correct(report: Report): void {
    if (this.#undo(report, true)) this.#tell(report, correctSuffix);
    else this.#lacks(report, 'an execution that is not known was corrected');
  }

  #tell(report: Report, suffix: string): void {
    const { venue, symbols, clock, logger, records } = this.#deps;
    const { clientOrderId, execId, lastQty, lastPx, symbol, side } = report;
    const id = symbols.idOf(symbol);
    if (id === undefined || lastQty <= 0n || lastPx === undefined) {
      const none = lastPx === undefined ? 'it has no price' : 'it has no quantity';
      const reason = id === undefined ? 'its symbol is not known here' : none;
      this.#lacks(report, `execution that cannot be counted: ${reason}`);
      return;
    }
    const { besides, ...fee } = report.fee;
    if (besides !== '')
      logger.error({ clientOrderId, execId, besides }, 'fees in a further currency; book by hand');
    const fill: Fill = {
      ...{ venue, tradeId: execId + suffix },
      ...{ clientOrderId: clientOrderId + suffix, symbol: id, side },
      ...{ quantity: lastQty, price: lastPx, ...fee, time: report.time ?? clock.now() },
    };
    if (suffix !== '' && records.tradeOf(fill.tradeId, clientOrderId) === undefined)
      records.addCorrected(clientOrderId, lastQty);
    this.#told.push(records.keepTrade(fill, report.isPossResend ? 0n : report.cumQty));
  }

  /** What counted of it until now, as a fill of its own; false: it is not known. */
  #undo(report: Report, isCorrection: boolean): boolean {
    const { records, logger } = this.#deps;
    const { execRefId, execId, clientOrderId } = report;
    const tradeId = `${execId}${bustSuffix}`;
    // Told again, or corrected when nothing of it counted any more.
    const before = records.tradeOf(tradeId, clientOrderId);
    if (before !== undefined) this.#told.push(before);
    if (
      before !== undefined ||
      records.tradeOf(execId + correctSuffix, clientOrderId) !== undefined
    )
      return true;
    let known =
      records.tradeOf(execRefId, clientOrderId) ??
      records.tradeOf(execRefId + correctSuffix, clientOrderId);
    if (known === undefined) return false;
    logger.error({ clientOrderId, execRefId }, 'the counterparty took an execution back');
    for (let by = records.undoneBy(known.tradeId); by !== undefined; ) {
      const next = records.tradeOf(by + correctSuffix, clientOrderId);
      if (next === undefined) {
        if (isCorrection) records.undo(known.tradeId, execId);
        return true;
      }
      known = next;
      by = records.undoneBy(known.tradeId);
    }
    records.undo(known.tradeId, execId);
    const order = orderOf(known);
    records.addCorrected(order, -known.quantity);
    const fill: Fill = {
      ...known,
      tradeId,
      clientOrderId: `${order}${bustSuffix}`,
      side: -known.side,
      fee: -known.fee,
      time: report.time ?? known.time,
    };
    this.#told.push(records.keepTrade(fill));
    return true;
  }

  #lacks({ clientOrderId, execId, execRefId, symbol }: Report, why: string): void {
    const { logger, records, missed } = this.#deps;
    logger.error({ clientOrderId, execId, execRefId, symbol }, why);
    if (records.order(clientOrderId) !== undefined) missed(why);
  }
}
