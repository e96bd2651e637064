/** Writes docs/understand/attack-matrix.md from the newest results of `connito lab --out bench/results/DATE-lab.json`. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { attackMatrix, SCENARIOS } from '../packages/lab/src/index.ts';

const FOLDER = 'bench/results';

const newest = readdirSync(FOLDER)
  .filter((name) => /^\d{4}-\d{2}-\d{2}-lab\.json$/.test(name))
  .sort()
  .at(-1);
if (newest === undefined) {
  console.error(
    `${FOLDER} has no DATE-lab.json. Make one: npm run connito -- lab --out ${FOLDER}/DATE-lab.json`,
  );
  process.exitCode = 1;
} else {
  const source = `${FOLDER}/${newest}`;
  const { results } = JSON.parse(readFileSync(source, 'utf8'));
  writeFileSync('docs/understand/attack-matrix.md', attackMatrix(results, SCENARIOS, source));
}
