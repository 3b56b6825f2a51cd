// What the splitter must tell apart, each seen by what is left of it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { lineOf, splitSource } from './source-text.mjs';

const bareOf = (text, path = 'x.ts') => splitSource(path, text).bare;

test('comments go, line breaks stay', () => {
  const source = splitSource('x.ts', 'a // one\nb /* two\nthree */ c\n');
  assert.equal(source.code, 'a       \nb       \n         c\n');
  assert.equal(source.code.length, source.text.length);
  assert.equal(lineOf(source, source.text.indexOf('c\n')), 3);
});

test('strings keep their quotes only, also with escapes and comment signs inside', () => {
  assert.equal(bareOf("x = 'a//b\\'c' + y"), "x = '       ' + y");
  assert.equal(splitSource('x.ts', "x = '//'; // z").code, "x = '//';     ");
});

test('templates: the text goes, the code inside stays', () => {
  const bare = bareOf('x = `a ${b + `c ${d} }` } e` + f');
  assert.match(bare, /b \+/);
  assert.match(bare, /d/);
  assert.match(bare, /\+ f$/);
  assert.doesNotMatch(bare, /[ace]/);
});

test('an object inside a template does not end it', () => {
  assert.match(bareOf('x = `a ${f({ g: 1 })} b` ; process'), /f\(\{ g: 1 \}\).*process/);
});

test('regular expressions are literals, divisions are not', () => {
  assert.doesNotMatch(bareOf('x = /quote"/.test(y); Date'), /"/);
  assert.match(bareOf('x = /[/"]/; Date'), /Date/);
  assert.equal(bareOf('x = a / b / c'), 'x = a / b / c');
  assert.equal(bareOf('return /ab/g.exec(c)'), 'return /   g.exec(c)');
});

test('C++: digit separators, characters and raw strings', () => {
  assert.equal(bareOf("int x = 1'000; f();", 'x.cc'), "int x = 1'000; f();");
  assert.equal(bareOf("char c = '\"'; f();", 'x.cc'), "char c = ' '; f();");
  assert.match(bareOf('auto s = R"x(a")b)x"; rand();', 'x.cc'), /rand\(\);$/);
  assert.doesNotMatch(bareOf('auto s = R"x(rand()")x";', 'x.cc'), /rand/);
});
