// Every tidy rule is seen failing once. Offending text is put together from parts, so that this
// file does not offend.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeTree } from './lib/test-tree.mjs';
import { splitSource } from './lib/source-text.mjs';
import { checkTidy } from './tidy.mjs';
import { cppFunctions, scriptFunctions } from './tidy/functions.mjs';

const opening = '// A file that says what it is for.\n';

function messagesFor(context, path, text) {
  return checkTidy(makeTree(context, { [path]: text }))
    .violations.map((one) => `${one.line}: ${one.message}`)
    .join('\n');
}

const offending = [
  ['a long file', 'packages/a/src/a.ts', `${opening}${'f();\n'.repeat(500)}`, /501: 501 lines/],
  ['a long line', 'apps/a/src/a.ts', `${opening}${'x'.repeat(101)}\n`, /2: a line has at most 100/],
  ['a space at the end', 'apps/a/src/a.ts', `${opening}f(); \n`, /2: space at the end/],
  ['a tab', 'packages/a/engine/a.cc', `${opening}\tf();\n`, /2: a tab/],
  ['no last line break', 'apps/a/src/a.ts', `${opening}f();`, /not ended/],
  ['unfinished', 'apps/a/src/a.ts', `${opening}// ${'TO'}${'DO'}: later\n`, /2: unfinished/],
  ['a path', 'docs/a.md', `see ${'/ho'}${'me'}/someone/x\n`, /1: a path of somebody/],
  ['a name', 'apps/a/src/camelCase.ts', opening, /camelCase.ts is not kebab-case/],
  ['a name in C++', 'packages/a/engine/some-thing.cc', opening, /not snake_case/],
  ['no opening', 'apps/a/src/a.ts', 'f();\n', /1: the file does not open/],
  ['an empty opening', 'apps/a/src/a.ts', '// file\nf();\n', /1: the file does not open/],
  ['no opening in a page', 'apps/a/web/a.html', '<!doctype html>\n<p>x</p>\n', /1: the file does/],
  ['a default export', 'apps/a/src/a.ts', `${opening}export default f;\n`, /2: a default export/],
  ['any', 'apps/a/src/a.ts', `${opening}let x: any;\n`, /2: the type any/],
  ['any in a type', 'apps/a/src/a.ts', `${opening}let x: Map<string, any>;\n`, /2: the type any/],
  ['any by force', 'apps/a/src/a.ts', `${opening}f(x as any);\n`, /2: the type any/],
  ['an enum', 'apps/a/src/a.ts', `${opening}export enum Side { buy }\n`, /2: an enum/],
];

for (const [name, path, text, message] of offending)
  test(`refused: ${name}`, (context) => {
    assert.match(messagesFor(context, path, text), message);
  });

test('what only looks like it is fine', (context) => {
  const code = "const any = { any: 1, enum: 'enum X {' };\nf(any);\n";
  const text = `${opening}// any of these is fine\n${code}`;
  assert.equal(messagesFor(context, 'apps/a/src/a.ts', text), '');
  const generated = `${'x'.repeat(300)}\n`;
  assert.equal(messagesFor(context, 'packages/a/src/generated/a.ts', generated), '');
});

test('tests and implementations are explained by what stands beside them', (context) => {
  const files = {
    'packages/a/src/a.ts': opening,
    'packages/a/src/a.test.ts': 'f();\n',
    'packages/a/engine/b.h': opening,
    'packages/a/engine/b.cc': 'void f();\n',
    'packages/a/engine/b_test.cc': 'void f();\n',
    'packages/a/engine/c_test.cc': 'void f();\n',
  };
  const { violations } = checkTidy(makeTree(context, files));
  assert.deepEqual(
    violations.map((one) => one.path),
    ['packages/a/engine/c_test.cc'],
  );
});

function sizes(text, path = 'a.ts') {
  const read = path.endsWith('.ts') ? scriptFunctions : cppFunctions;
  return read(splitSource(path, text))
    .sort((a, b) => a.line - b.line)
    .map((one) => `${one.line}+${one.lines}`);
}

const body = '\n  x();\n  y();\n';

test('functions of TypeScript, by their shapes', () => {
  assert.deepEqual(sizes(`function f(a: { b: number }): void {${body}}`), ['1+4']);
  assert.deepEqual(sizes(`const f = async <T>(a: T): Promise<T[]> => {${body}};`), ['1+4']);
  assert.deepEqual(sizes(`const f = (a) => {${body}};`), ['1+4']);
  assert.deepEqual(sizes(`const f = a => {${body}};`), ['1+4']);
  assert.deepEqual(sizes(`class A {\n  get x(): number {${body}}\n}`), ['2+4']);
  assert.deepEqual(sizes(`function f(): { a: number } {${body}}`), ['1+4']);
  assert.deepEqual(sizes(`function f(\n  a: number,\n): a is 1 {${body}}`), ['1+6']);
});

test('blocks, types and objects are not functions', () => {
  assert.deepEqual(sizes(`if (a) {${body}} else {${body}}`), []);
  assert.deepEqual(sizes(`for (const a of b) {${body}}\nwhile (x) {${body}}`), []);
  assert.deepEqual(
    sizes(`switch (a) {\n}\ntry {${body}} catch (e) {${body}} finally {${body}}`),
    [],
  );
  assert.deepEqual(sizes('interface A {\n  f(): void;\n}\nconst b = {\n  c: 1,\n};\n'), []);
  assert.deepEqual(sizes(`describe('x', () => {${body}});`), []);
  const both = `function f(): number {${body}}\nclass A<B> extends C {${body}}`;
  assert.deepEqual(sizes(both), ['1+4']);
});

test('functions of C++, by their shapes', () => {
  const cc = (text) => sizes(text, 'a.cc');
  assert.deepEqual(cc(`namespace a {\nint f(int b) {${body}}\n}`), ['2+4']);
  assert.deepEqual(cc(`class A {\n  void f() const noexcept {${body}}\n};`), ['2+4']);
  assert.deepEqual(cc(`A::A(int x)\n    : a_{x},\n      b_(x) {${body}}`).at(-1), '1+6');
  assert.deepEqual(cc(`TEST(Ring, wraps) {\n  if (a) {${body}}\n}`), ['1+6']);
  assert.deepEqual(cc(`template <typename T>\nstd::vector<T> f(T a) {${body}}`), ['1+5']);
  assert.deepEqual(cc('struct A {\n  int b;\n};\nenum class B {\n  kC,\n};\nint c[] = {\n};'), []);
  assert.deepEqual(cc('#define F(x) do { x; } while (0)\nint a;'), []);
});

test('a function of 71 lines is refused, one of 70 is not', (context) => {
  const make = (lines) => `${opening}function f() {\n${'  x();\n'.repeat(lines - 2)}}\n`;
  assert.match(messagesFor(context, 'apps/a/src/a.ts', make(71)), /2: a function of 71 lines/);
  assert.equal(messagesFor(context, 'apps/a/src/a.ts', make(70)), '');
});
