// `ndts repair`: what is wrong with the files of a data folder or of one engine, what can be saved
// and what would be lost. It is done only with --apply.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NdtsError, timeText } from '@ndts/protocol';
import {
  type RepairAmount,
  type RepairFinding,
  type RepairReport,
  repairDatabase,
} from '@ndts/storage';
import { numberText, tableText } from '../screen/table.js';

export interface RepairFlags {
  readonly apply: boolean;
  readonly json: boolean;
  /** Of an engine whose manifest is lost; only the tick engine has more than one. */
  readonly shards?: number;
}

interface EngineReport extends RepairReport {
  readonly dir: string;
}

const parts = ['MANIFEST', 'tables', 'wal'] as const;

/** Returns the exit code: 0 when nothing is wrong any more, 1 when something is. */
export function repair(folder: string, flags: RepairFlags, print: (text: string) => void): number {
  const reports = enginesOf(folder).map((dir) => ({ dir, ...repairEngine(dir, flags) }));
  if (flags.json) print(JSON.stringify(reports));
  else for (const report of reports) print(reportText(report, flags.apply));
  const wrong = reports.some((report) => report.findings.length > 0);
  return wrong && !flags.apply ? 1 : 0;
}

function repairEngine(dir: string, flags: RepairFlags): RepairReport {
  const shardCount = dir.endsWith('journal') ? 1 : flags.shards;
  return repairDatabase(dir, {
    apply: flags.apply,
    ...(shardCount === undefined ? {} : { shardCount }),
  });
}

function isEngine(dir: string): boolean {
  return parts.some((name) => existsSync(join(dir, name)));
}

/** The folder itself, or the engines of a data folder. */
function enginesOf(folder: string): string[] {
  if (isEngine(folder)) return [folder];
  const engines = ['ticks', 'journal'].map((name) => join(folder, name)).filter(isEngine);
  if (engines.length > 0) return engines;
  throw new NdtsError('NOT_FOUND', `no database in ${folder}`);
}

function reportText(report: EngineReport, apply: boolean): string {
  const { dir, findings, notes, movedTo } = report;
  if (findings.length === 0) return [`${dir}: nothing is wrong`, ...notes].join('\n');
  const table = tableText(
    [
      { title: 'file' },
      { title: 'at', right: true },
      { title: 'what is wrong' },
      { title: apply ? 'saved' : 'can be saved' },
      { title: apply ? 'lost' : 'would be lost' },
    ],
    findings.map((finding) => [
      nameOf(finding.file, dir),
      String(finding.offset),
      finding.what,
      amountText(finding.saved) || '-',
      lostText(finding) || '-',
    ]),
  );
  const details = findings.flatMap((finding) => detailLines(finding, dir));
  const end = apply
    ? `It is repaired. What was damaged lies in ${movedTo}`
    : 'Nothing was changed. ndts repair --apply does it, and keeps what is damaged.';
  return [`${dir}:`, '', table, '', ...details, ...notes, end].join('\n');
}

function nameOf(file: string, dir: string): string {
  return file.startsWith(`${dir}/`) ? file.slice(dir.length + 1) : file;
}

function amountText(amount: RepairAmount): string {
  const kinds = [
    [amount.rows, 'row', 'rows'],
    [amount.keys, 'key', 'keys'],
    [amount.entries, 'log entry', 'log entries'],
    [amount.symbols, 'symbol', 'symbols'],
  ] as const;
  return kinds
    .filter(([count]) => count > 0)
    .map(([count, one, many]) => `${numberText(count)} ${count === 1 ? one : many}`)
    .join(', ');
}

function lostText(finding: RepairFinding): string {
  const counted = amountText(finding.lost);
  if (!finding.lostUnknown) return counted;
  return counted === '' ? 'not known' : `${counted}, perhaps more`;
}

function detailLines(finding: RepairFinding, dir: string): string[] {
  const name = nameOf(finding.file, dir);
  const lines: string[] = [];
  if (finding.lost.rows > 0) {
    const some = finding.symbols.length > 0 ? ` of ${finding.symbols.join(', ')}` : '';
    lines.push(
      `${name}: rows${some} in table ${finding.table}, shard ${finding.shard}, ` +
        `from ${timeText(finding.fromTime)} to ${timeText(finding.toTime)}`,
    );
  }
  if (finding.lost.keys > 0)
    lines.push(`${name}: keys from '${finding.fromKey}' to '${finding.toKey}'`);
  if (finding.note !== '') lines.push(`${name}: ${finding.note}`);
  return lines;
}
