// An import or export as people see it: the plan as a table, a bar that moves on a terminal, plain
// lines elsewhere, and how it ended. With --json each event is a line, for programs.

import type { TransferEvent } from '@ndts/storage';
import { LiveLine, type Screen } from './status-line.js';
import { numberText, tableText } from './table.js';

const barCells = 20;

export class TransferScreen {
  readonly #screen: Screen;
  readonly #json: boolean;
  readonly #verb: string;
  readonly #line: LiveLine;

  /** @param verb what is done: imported, exported */
  constructor(screen: Screen, json: boolean, verb: string) {
    this.#screen = screen;
    this.#json = json;
    this.#verb = verb;
    this.#line = new LiveLine(screen);
  }

  show(event: TransferEvent): void {
    if (this.#json) this.#screen.write(`${JSON.stringify(event)}\n`);
    else if (event.event === 'plan') this.#screen.write(`${planText(event)}\n`);
    else if (event.event === 'preview') this.#screen.write(`${previewText(event)}\n`);
    else if (event.event === 'progress')
      this.#line.update(progressText(event), event.seconds * 1000);
    else {
      this.#line.end();
      this.#screen.write(`${endText(event, this.#verb)}\n`);
    }
  }

  /** Before an error is printed. */
  end(): void {
    this.#line.end();
  }
}

type EventOf<Name extends TransferEvent['event']> = Extract<TransferEvent, { event: Name }>;

function planText(event: EventOf<'plan'>): string {
  const rows = event.columns.map(({ name, type, from }) => [name, type, from]);
  const table = tableText([{ title: 'column' }, { title: 'type' }, { title: 'from' }], rows);
  const lines = [`table ${event.table}${event.isNewTable ? ', which is made' : ''}`, table];
  if (event.ignored.length > 0) lines.push(`not taken from the file: ${event.ignored.join(', ')}`);
  if (event.resumed !== undefined)
    lines.push(
      `goes on behind ${numberText(event.resumed.rows)} rows that an earlier run imported`,
    );
  return lines.join('\n');
}

function previewText(event: EventOf<'preview'>): string {
  const columns = event.columns.map((title) => ({ title }));
  const lines = ['', 'the first rows', tableText(columns, event.rows)];
  for (const { line, column, reason, text } of event.rejects)
    lines.push(
      `rejected: line ${line}${column === undefined ? '' : `, ${column}`}: ${reason}: ${text}`,
    );
  return lines.join('\n');
}

export function progressText(event: EventOf<'progress'>): string {
  const parts = [
    `${numberText(event.rows)} rows`,
    `${numberText(Math.round(event.rowsPerSecond))} rows/s`,
    `${bytesText(event.bytesPerSecond)}/s`,
  ];
  if (event.rejects > 0) parts.push(`${numberText(event.rejects)} rejected`);
  const { totalBytes, bytes, etaSeconds } = event;
  if (totalBytes === 0 || etaSeconds === undefined) return parts.join(' | ');
  const part = Math.min(1, bytes / totalBytes);
  const full = Math.round(part * barCells);
  const bar = `[${'#'.repeat(full)}${'.'.repeat(barCells - full)}]`;
  const percent = `${Math.floor(part * 100)}%`.padStart(4);
  return `${bar}${percent} ${parts.join(' | ')} | ${secondsText(etaSeconds)} left`;
}

function endText(event: EventOf<'done' | 'already' | 'stopped'>, verb: string): string {
  const rows = `${numberText(event.rows)} ${event.rows === 1 ? 'row' : 'rows'}`;
  if (event.event === 'already') {
    const when = event.wallMs === undefined ? '' : ` on ${new Date(event.wallMs).toISOString()}`;
    return `already ${verb}${when} (${rows}): nothing to do; --again takes the file once more`;
  }
  const rejects =
    event.rejects === 0
      ? ''
      : `, ${numberText(event.rejects)} rejected (see ${event.rejectsPath ?? 'the rejects file'})`;
  const speed =
    event.seconds > 0 ? `, ${bytesText(event.bytes)} in ${secondsText(event.seconds)}` : '';
  if (event.event === 'stopped' && verb === 'exported') return 'stopped: no file was written';
  if (event.event === 'stopped')
    return `stopped: ${rows} are ${verb}${rejects}; the same command goes on behind them`;
  return `${rows} ${verb}${rejects}${speed}`;
}

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  let value = bytes;
  for (; value >= 1000 && at < units.length - 1; at += 1) value /= 1000;
  return `${at === 0 ? Math.round(value) : value.toFixed(1)} ${units[at] ?? ''}`;
}

export function secondsText(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
