// The table of rejects as a folder has it. Always: a folder from before the column of samples goes
// on with the columns it has; columns are not added to a table.

import { NdtsError, rejectsSchema, type TableSchema } from '@ndts/protocol';
import type { Database, TableBatch } from '@ndts/storage';

export interface RejectDatabase {
  createTable(schema: TableSchema): number;
  tables(): ReturnType<Database['tables']>;
  appendRows(table: number, batch: TableBatch): number;
}

export interface RejectsTable {
  readonly id: number;
  readonly schema: TableSchema;
}

/** Makes it where there is none. */
export function rejectsTable(database: RejectDatabase): RejectsTable {
  const known = database.tables().find(({ name }) => name === rejectsSchema.name);
  if (known !== undefined && !hasSamples(known) && isFromBefore(known))
    return { id: known.id, schema: known };
  return { id: database.createTable(rejectsSchema), schema: rejectsSchema };
}

export function hasSamples({ columns }: TableSchema): boolean {
  return columns.some(({ name }) => name === 'sample');
}

function isFromBefore({ name, columns }: TableSchema): boolean {
  const wanted = rejectsSchema.columns.filter((one) => one.name !== 'sample');
  if (columns.length === wanted.length && columns.every((one, at) => one.name === wanted[at]?.name))
    return true;
  throw new NdtsError('ALREADY_EXISTS', `there is a table ${name} with other columns`);
}
