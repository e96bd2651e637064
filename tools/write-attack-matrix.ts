/**
 * Writes docs/understand/attack-matrix.md from the newest results of `connito lab --out bench/results/DATE-lab.json`, and what only
 * a rehearsal on a tiny model shows from the newest DATE-lab-tiny.json.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { attackMatrix, type LabResults, SCENARIOS, type StoredResults } from '../packages/lab/src/index.ts';

const FOLDER = 'bench/results';

function newest(ending: string): StoredResults | null {
  const names = readdirSync(FOLDER).filter(
    (name) => /^\d{4}-\d{2}-\d{2}-/.test(name) && name.slice(11) === ending,
  );
  const name = names.sort().at(-1);
  if (name === undefined) return null;
  const source = `${FOLDER}/${name}`;
  const stored: LabResults = JSON.parse(readFileSync(source, 'utf8'));
  return { ...stored, source };
}

const stored = newest('lab.json');
if (stored === null) {
  console.error(
    `${FOLDER} has no DATE-lab.json. Make one: npm run connito -- lab --out ${FOLDER}/DATE-lab.json`,
  );
  process.exitCode = 1;
} else {
  writeFileSync('docs/understand/attack-matrix.md', attackMatrix(stored, SCENARIOS, newest('lab-tiny.json')));
}
