import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

/** Makes what most objects are, dead at once, and some that live a while, up to the first growth
 * beyond the 2 MB that all begin with. Says how many MB there are then. */
const program = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { growYoungGenerationAtOnce } from ${JSON.stringify(
    new URL('./young-generation.js', import.meta.url).href,
  )};
  if (process.argv[1] === 'large') growYoungGenerationAtOnce();
  const isNew = ({ space_name }) => space_name === 'new_space';
  const megabytes = () => getHeapSpaceStatistics().find(isNew).space_size / 2 ** 20;
  const kept = [];
  for (let made = 0; megabytes() <= 2; made += 1) kept[made % 100_000] = { made };
  console.log(megabytes());
`;

function grown(word: string): number {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program, '--', word],
    { encoding: 'utf8' },
  );
  assert.equal(stderr, '', 'a flag that this Node does not know is told there');
  return Number(stdout);
}

test('the young generation becomes large at once', () => {
  const [small, large] = [grown('as it is'), grown('large')];
  assert.ok(large >= 4 * small, `${large} MB, by itself ${small} MB`); // each V8 has its own sizes
});
