// Types as PostgreSQL numbers them, and which of SQL's types is told as which. Always: a type that
// is told can be sent, as text and binary (encode.ts), and taken as a parameter (bind-values.ts).

export interface PostgresType {
  readonly oid: number;
  /** As pg_type names it. */
  readonly name: string;
  /** As SQL names it. */
  readonly sqlName: string;
  /** Bytes; -1: of any length. */
  readonly size: number;
  /** Of pg_type: A array, B boolean, D date and time, N number, S text, U anything, X unknown. */
  readonly category: string;
  /** Of an array: what it is of. */
  readonly element?: PostgresType;
}

function type(
  oid: number,
  name: string,
  size: number,
  category: string,
  sqlName = name,
): PostgresType {
  return { oid, name, sqlName, size, category };
}

export const types = {
  bool: type(16, 'bool', 1, 'B', 'boolean'),
  bytea: type(17, 'bytea', -1, 'U'),
  char: type(18, 'char', 1, 'Z', '"char"'),
  name: type(19, 'name', 64, 'S'),
  int8: type(20, 'int8', 8, 'N', 'bigint'),
  int2: type(21, 'int2', 2, 'N', 'smallint'),
  int4: type(23, 'int4', 4, 'N', 'integer'),
  text: type(25, 'text', -1, 'S'),
  oid: type(26, 'oid', 4, 'N'),
  json: type(114, 'json', -1, 'U'),
  float4: type(700, 'float4', 4, 'N', 'real'),
  float8: type(701, 'float8', 8, 'N', 'double precision'),
  unknown: type(705, 'unknown', -2, 'X'),
  bpchar: type(1042, 'bpchar', -1, 'S', 'character'),
  varchar: type(1043, 'varchar', -1, 'S', 'character varying'),
  date: type(1082, 'date', 4, 'D'),
  time: type(1083, 'time', 8, 'D', 'time without time zone'),
  timestamp: type(1114, 'timestamp', 8, 'D', 'timestamp without time zone'),
  timestamptz: type(1184, 'timestamptz', 8, 'D', 'timestamp with time zone'),
  interval: type(1186, 'interval', 16, 'T'),
  numeric: type(1700, 'numeric', -1, 'N'),
  uuid: type(2950, 'uuid', 16, 'U'),
} as const;

const arrayOids: readonly (readonly [PostgresType, number])[] = [
  [types.bool, 1000],
  [types.bytea, 1001],
  [types.char, 1002],
  [types.name, 1003],
  [types.int2, 1005],
  [types.int4, 1007],
  [types.text, 1009],
  [types.bpchar, 1014],
  [types.varchar, 1015],
  [types.int8, 1016],
  [types.float4, 1021],
  [types.float8, 1022],
  [types.oid, 1028],
  [types.timestamp, 1115],
  [types.date, 1182],
  [types.time, 1183],
  [types.timestamptz, 1185],
  [types.interval, 1187],
  [types.numeric, 1231],
  [types.json, 199],
  [types.uuid, 2951],
];

/** Only parameters are of them. */
export const arrayTypes: readonly PostgresType[] = arrayOids.map(([element, oid]) => ({
  ...type(oid, `_${element.name}`, -1, 'A', `${element.sqlName}[]`),
  element,
}));

const arraysByElement = new Map(arrayTypes.map((one) => [one.element!, one]));

export function arrayOf(element: PostgresType): PostgresType | undefined {
  return arraysByElement.get(element);
}

const byOid = new Map<number, PostgresType>(
  [...Object.values(types), ...arrayTypes].map((one) => [one.oid, one]),
);

export function typeOfOid(oid: number): PostgresType | undefined {
  return byOid.get(oid);
}

/** Every instant is UTC and told so: drivers that read a timestamp without a zone as local time
 * would be hours off. Whole numbers without a sign take the next larger type that has one. */
const bySqlType: Readonly<Record<string, PostgresType>> = {
  BOOLEAN: types.bool,
  TINYINT: types.int2,
  UTINYINT: types.int2,
  SMALLINT: types.int2,
  USMALLINT: types.int4,
  INTEGER: types.int4,
  UINTEGER: types.int8,
  BIGINT: types.int8,
  UBIGINT: types.numeric,
  HUGEINT: types.numeric,
  UHUGEINT: types.numeric,
  DECIMAL: types.numeric,
  FLOAT: types.float4,
  DOUBLE: types.float8,
  VARCHAR: types.text,
  ENUM: types.text,
  NULL: types.text,
  INTERVAL: types.text,
  UUID: types.uuid,
  BLOB: types.bytea,
  DATE: types.date,
  TIME: types.time,
  TIMESTAMP: types.timestamptz,
  TIMESTAMP_S: types.timestamptz,
  TIMESTAMP_MS: types.timestamptz,
  TIMESTAMP_NS: types.timestamptz,
  'TIMESTAMP WITH TIME ZONE': types.timestamptz,
};

/** undefined: it is not known. */
export function typeOfSql(sqlType: string): PostgresType | undefined {
  if (!sqlType.endsWith('[]')) return bySqlType[sqlType];
  const element = bySqlType[sqlType.slice(0, -2)];
  return element === undefined ? undefined : arrayOf(element);
}

const whole: ReadonlySet<PostgresType> = new Set([
  types.int2,
  types.int4,
  types.int8,
  types.oid,
  types.numeric,
]);

/** Whether a value that came as `found` can be sent as `told`, each value checked. */
export function canSendAs(found: PostgresType, told: PostgresType): boolean {
  if (found === told || told === types.text) return true;
  if (whole.has(told)) return found !== types.numeric && whole.has(found);
  return told === types.float8 && (found === types.float4 || whole.has(found));
}
