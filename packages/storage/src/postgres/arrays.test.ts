// Arrays as PostgreSQL writes them: text and binary, what is malformed, and in statements.

import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '@ndts/runtime';
import { arrayEdits, itemsOfBinary, itemsOfText, withoutAny } from './arrays.js';
import { EditedText } from '../sql/edits.js';
import { tokensOf } from '../sql/tokens.js';
import { valueOfBinary, valueOfText } from './bind-values.js';
import { TestServer } from './postgres-test-kit.js';
import { arrayOf, types } from './types.js';
import { type Answer, int32, messages as m, rowFields, utf8 } from './wire-test-client.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 7);
const texts = arrayOf(types.text)!;

function rows(answers: readonly Answer[]): (string | null)[][] {
  deepEqual(
    answers.filter(({ letter }) => letter === 'E').map(({ body }) => body.toString()),
    [],
  );
  return answers
    .filter(({ letter }) => letter === 'D')
    .map((answer) => rowFields(answer).map((field) => field?.toString() ?? null));
}

function words(text: string): (string | null)[] {
  return itemsOfText(text).map((item) => item?.toString() ?? null);
}

/** As array_out of PostgreSQL writes it. */
function written(items: readonly (string | null)[]): string {
  const item = (one: string | null): string =>
    one === null ? 'NULL' : `"${one.replace(/[\x22\\]/g, (sign) => `\\${sign}`)}"`;
  return `{${items.map(item).join(',')}}`;
}

function binary(element: number, items: readonly (Buffer | null)[]): Buffer {
  const head = [items.length === 0 ? 0 : 1, 0, element].map(int32);
  const dimension = items.length === 0 ? [] : [int32(items.length), int32(1)];
  const all = items.map((one) =>
    one === null ? int32(-1) : Buffer.concat([int32(one.length), one]),
  );
  return Buffer.concat([...head, ...dimension, ...all]);
}

test('text: quotes, nulls, bounds, blanks, and whatever was written', () => {
  deepEqual(words('{}'), []);
  deepEqual(words(' { } '), []);
  deepEqual(words('{1,2,NULL,null,"NULL"}'), ['1', '2', null, null, 'NULL']);
  deepEqual(words('{a b , "c,d" ,"","\\"q\\\\",x\\,y}'), ['a b', 'c,d', '', '"q\\', 'x,y']);
  deepEqual(words('[0:1]={5,6}'), ['5', '6']);
  const random = new SeededRandom(seed);
  const letters = ['a', '"', '\\', ',', '{', '}', ' ', 'ä', '\n', "'", 'NULL'];
  for (let round = 0; round < 500; round += 1) {
    const items = Array.from({ length: Math.floor(random.next() * 5) }, () =>
      random.next() < 0.2
        ? null
        : Array.from(
            { length: Math.floor(random.next() * 6) },
            () => letters[Math.floor(random.next() * letters.length)],
          ).join(''),
    );
    deepEqual(words(written(items)), items, written(items));
  }
  for (const wrong of ['', 'a', '{', '{a', 'a}', '{a,}', '{,a}', '{a"b}', '{"a}', '{"a"b}', '{a}x'])
    throws(() => words(wrong), { sqlState: '22P02' }, wrong);
  throws(() => words('{{1,2},{3,4}}'), { sqlState: '0A000' });
});

test('binary: as text has it, and what is cut or of another type', () => {
  const items = [utf8('a'), null, utf8(''), utf8('ä')];
  const whole = binary(types.text.oid, items);
  deepEqual(itemsOfBinary(whole, texts), items);
  deepEqual(itemsOfBinary(binary(types.text.oid, []), texts), []);
  for (let length = 0; length < whole.length; length += 1)
    throws(() => itemsOfBinary(whole.subarray(0, length), texts), { sqlState: '22P03' });
  throws(() => itemsOfBinary(Buffer.concat([whole, int32(0)]), texts), { sqlState: '22P03' });
  throws(() => itemsOfBinary(binary(types.int4.oid, []), texts), { sqlState: '42804' });
  const two = Buffer.from(whole);
  two.writeInt32BE(2, 0);
  throws(() => itemsOfBinary(two, texts), { sqlState: '0A000' });
  const lies = Buffer.from(whole);
  lies.writeInt32BE(0x7fffffff, 12);
  throws(() => itemsOfBinary(lies, texts), { sqlState: '22P03' });
});

test('values: of each type, in both forms', () => {
  const eight = Buffer.alloc(8);
  eight.writeBigInt64BE(2n ** 62n);
  deepEqual(valueOfBinary(binary(types.int8.oid, [eight, null]), arrayOf(types.int8)!), [
    2n ** 62n,
    null,
  ]);
  const text = (value: string, type: (typeof types)[keyof typeof types]) =>
    valueOfText(Buffer.from(value), arrayOf(type)!);
  deepEqual(text('{1,-2,NULL}', types.int4), [1n, -2n, null]);
  deepEqual(text('{1.5,NaN,-Infinity}', types.float8), [1.5, Number.NaN, -Infinity]);
  deepEqual(text('{t,f}', types.bool), [true, false]);
  deepEqual(text('{"1970-01-02 00:00:01+00"}', types.timestamptz), [{ day: 1, nsOfDay: 1e9 }]);
  deepEqual(text('{1.5,12345678901234567890.5}', types.numeric), ['1.5', '12345678901234567890.5']);
  throws(() => text('{1,x}', types.int4), { sqlState: '22P02' });
});

test('statements: what stands in ANY, and literals', () => {
  const found = withoutAny('SELECT 1 WHERE a = ANY($1) AND b <> all ( $2 ) AND $3');
  equal(found.text, 'SELECT 1 WHERE a =    ($1) AND b <>     ( $2 ) AND $3');
  deepEqual([...found.lists], [1, 2]);
  const edited = (text: string) => new EditedText(text, arrayEdits(tokensOf(text))).text;
  equal(edited(`a = ANY('{x,"y''z"}')`), `a IN ('x','y''z')`);
  equal(edited(`a <> ALL ('{}')`), 'a NOT IN (SELECT NULL WHERE false)');
  equal(edited(`'{1,NULL}'::int8[]`), `['1',NULL]::int8[]`);
  equal(edited(`'{1}'::double precision[]`), `['1']::double precision[]`);
  for (const kept of [`a >= ANY('{1}')`, `'{"a":1}'::json`, `f('{1}')`, `a = ANY(ARRAY[1])`])
    equal(edited(kept), kept);
});

test('on the wire: both protocols, text and binary, declared or not', async (context) => {
  const server = await TestServer.start(context, 1);
  const client = await server.login();
  const extended = async (sql: string, values: readonly (Buffer | null)[], oid = 0, format = 0) => {
    const answers = await client.ask(
      m.parse('', sql, oid === 0 ? [] : [oid]),
      m.bind('', '', values, [format]),
      m.execute(''),
      m.sync(),
    );
    return rows(answers);
  };
  const of = (text: string) => [Buffer.from(text)];
  const numbers = 'SELECT range FROM range(5) WHERE range = ANY($1) ORDER BY 1';
  deepEqual(await extended(numbers, of('{1,3,NULL,9}')), [['1'], ['3']]);
  deepEqual(await extended(numbers, of('{}')), []);
  deepEqual(await extended(numbers, of('{NULL}')), []);
  const four = Buffer.alloc(4, 0);
  four[3] = 4;
  const binaryFour = binary(types.int4.oid, [four]);
  deepEqual(await extended(numbers, [binaryFour], 1007, 1), [['4']]);
  const others = 'SELECT range FROM range(5) WHERE range <> ALL($1) ORDER BY 1';
  deepEqual(await extended(others, of('{0,1,2}'), 1016), [['3'], ['4']]);
  const cast = 'SELECT x FROM unnest($1::text[]) AS t(x)';
  deepEqual(await extended(cast, of('{"a, b",NULL,"\\""}')), [['a, b'], [null], ['"']]);
  for (const sql of [
    `SELECT range FROM range(5) WHERE range = ANY('{1,3}') ORDER BY 1`,
    `SELECT range FROM range(5) WHERE range = ANY('{1,3}'::int[]) ORDER BY 1`,
    'SELECT range FROM range(5) WHERE range = ANY(ARRAY[1,3]) ORDER BY 1',
  ])
    deepEqual(rows(await client.ask(m.query(sql))), [['1'], ['3']], sql);
});

test('a parameter that was declared a span of time is one', async (context) => {
  const client = await (await TestServer.start(context, 1)).login();
  const span = Buffer.alloc(16);
  span.writeBigInt64BE(1_500_000n);
  span.writeInt32BE(1, 8);
  const uuid = Buffer.alloc(16, 7);
  const text = utf8('1 day 0:00:01.5');
  const cases: [string, number, Buffer, number, string][] = [
    ["SELECT TIMESTAMP '2026-01-02' - $1", 1186, text, 0, '2025-12-31 23:59:58.5+00'],
    ["SELECT TIMESTAMP '2026-01-02' - $1", 1186, span, 1, '2025-12-31 23:59:58.5+00'],
    ['SELECT typeof($1)', 2950, uuid, 1, 'UUID'],
    ['SELECT typeof($1)', 1083, utf8('09:30:00.5'), 0, 'TIME'],
  ];
  for (const [sql, oid, value, format, wanted] of cases) {
    const bound = m.bind('', '', [value], [format]);
    const answers = await client.ask(m.parse('', sql, [oid]), bound, m.execute(''), m.sync());
    deepEqual(rows(answers), [[wanted]], sql);
  }
  deepEqual(rows(await client.ask(m.query("SELECT '-0'::DOUBLE, '-0'::FLOAT"))), [['-0', '-0']]);
});

test('a parameter beside a sign of arithmetic is a number, or an instant', async (context) => {
  const client = await (await TestServer.start(context, 1)).login();
  const cases: [string, string[], string][] = [
    ['SELECT d.x * $1 FROM (SELECT 1.5::DOUBLE AS x) d WHERE 1 = ANY($2)', ['2', '{1}'], '3'],
    [
      'SELECT count(*) FROM range(9) WHERE range::DOUBLE / $1 > 2 AND range = ANY($2)',
      ['2', '{5,6}'],
      '2',
    ],
    ['SELECT -$1 - 1.5::DOUBLE', ['1'], '-2.5'],
    ["SELECT TIMESTAMP '2026-01-02' > $1 - INTERVAL '1 day'", ['2026-01-02 12:00:00Z'], 't'],
    ['SELECT 2::BIGINT + $1', ['9007199254740993'], '9007199254740995'],
  ];
  for (const [sql, values, wanted] of cases) {
    const bound = m.bind(
      '',
      '',
      values.map((value) => Buffer.from(value)),
    );
    const answers = await client.ask(m.parse('', sql), bound, m.execute(''), m.sync());
    deepEqual(rows(answers), [[wanted]], sql);
  }
});
