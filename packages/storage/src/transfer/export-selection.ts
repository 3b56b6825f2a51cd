// What is exported: a query as it stands, or a table in the order of time, symbol and sequence. A
// table is read span by span of time, each of some million rows, so that sorting takes bounded
// memory.

import type { Database } from '@ndts/native/db';
import { addNs, NdtsError, nsPerDay, type TableSchema, type Time } from '@ndts/protocol';
import type { ParameterValue } from '../sql/parameters.js';
import { symbolIds } from '../replay/symbol-ids.js';
import type { Sql } from '../sql/query.js';
import { quoted } from '../sql/tokens.js';

export interface TableSelection {
  readonly table: string;
  /** Default: all. */
  readonly symbols?: readonly string[] | undefined;
  /** Inclusive; default: from the first row. */
  readonly from?: Time | undefined;
  /** Exclusive; default: to the last. */
  readonly to?: Time | undefined;
}

/** One query of those that make up an export. */
export interface SelectionStep {
  readonly sql: string;
  readonly parameters: readonly ParameterValue[];
}

export interface Selection {
  readonly steps: readonly SelectionStep[];
  /** Of a table: all of it, in no order. */
  readonly unordered?: SelectionStep;
  /** undefined: not known before. */
  readonly rows: number | undefined;
}

const rowsOfStep = 4_000_000;
const nsPerHour = 3600e9;

class Conditions {
  readonly parameters: ParameterValue[] = [];
  readonly #parts: string[] = [];

  add(text: (parameter: string) => string, value: ParameterValue): void {
    this.parameters.push(value);
    this.#parts.push(text(`$${this.parameters.length}`));
  }

  symbols(names: readonly string[] | undefined): void {
    if (names === undefined) return;
    const places = names.map((name) => {
      this.parameters.push(name);
      return `$${this.parameters.length}`;
    });
    this.#parts.push(`symbol IN (${places.join(', ')})`);
  }

  get where(): string {
    return this.#parts.length === 0 ? '' : ` WHERE ${this.#parts.join(' AND ')}`;
  }
}

function conditions(selection: TableSelection, from?: Time, to?: Time): Conditions {
  const made = new Conditions();
  if (from !== undefined) made.add((parameter) => `time >= ${parameter}`, from);
  if (to !== undefined) made.add((parameter) => `time < ${parameter}`, to);
  made.symbols(selection.symbols);
  return made;
}

/** Of a table that is there; throws NOT_FOUND. */
export function tableSchema(database: Database, table: string): TableSchema {
  const schema = database.tables().find((one) => one.name === table);
  if (schema === undefined) throw new NdtsError('NOT_FOUND', `there is no table ${table}`);
  return schema;
}

export async function tableSteps(
  sql: Sql,
  database: Database,
  selection: TableSelection,
  stepRows = rowsOfStep,
): Promise<Selection> {
  const schema = tableSchema(database, selection.table);
  if (selection.symbols !== undefined) symbolIds(database, selection.symbols);
  const name = quoted(schema.name);
  const list = ['time', 'symbol', ...schema.columns.map((column) => column.name)];
  const all = conditions(selection, selection.from, selection.to);
  const counts = await sql.query(
    `SELECT epoch_ns(time) // ${nsPerHour} AS hour, count(*) AS rows FROM ${name}${all.where} ` +
      'GROUP BY hour ORDER BY hour',
    { parameters: all.parameters, timeoutMs: 0 },
  );
  const steps: SelectionStep[] = [];
  const columns = list.map(quoted).join(', ');
  const step = (from: Time | undefined, to: Time | undefined): void => {
    const some = conditions(selection, from, to);
    steps.push({
      sql: `SELECT ${columns} FROM ${name}${some.where} ORDER BY time, symbol, sequence`,
      parameters: some.parameters,
    });
  };
  let rows = 0;
  let ofStep = 0;
  let from = selection.from;
  for (const { hour, rows: count } of await counts.rows()) {
    if (ofStep > 0 && ofStep + Number(count) > stepRows) {
      const next = timeOfHour(Number(hour));
      step(from, next);
      from = next;
      ofStep = 0;
    }
    ofStep += Number(count);
    rows += Number(count);
  }
  step(from, selection.to);
  const sqlOfAll = `SELECT ${columns} FROM ${name}${all.where}`;
  return { steps, rows, unordered: { sql: sqlOfAll, parameters: all.parameters } };
}

/** As one query: in order where one step has them all, else as they come. */
export function wholeTable(selection: Selection): SelectionStep {
  const [first] = selection.steps;
  if (first === undefined) throw new NdtsError('INTERNAL', 'an export has no steps');
  return selection.steps.length === 1 ? first : (selection.unordered ?? first);
}

function timeOfHour(hour: number): Time {
  const day = Math.floor((hour * nsPerHour) / nsPerDay);
  return addNs({ day, nsOfDay: 0 }, (hour - day * 24) * nsPerHour);
}
