/**
 * What refined compositions keep of each specialist's gain, on all text that no specialist was trained on. Held-out and reporting
 * text are cut into folds by clusters of documents. For each fold, rows are refined and chosen on the others, and measured on it.
 * `train.ts` makes the specialists.
 *
 *     npx node bench/composition/cross-fit.ts [--work DIR] [--folds 3] [--threads 1] [--out PATH]
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  beginnings,
  buildComposition,
  fewOfEachCluster,
  jointRows,
  placeSpecialists,
  REFINEMENT,
  refineComposition,
  refinementTexts,
  specialistModel,
  spread,
} from '@connito/composition';
import {
  type Checkpoint,
  type CorpusDocument,
  type CorpusParts,
  type Domain,
  loadCorpusParts,
  loadTokenizer,
  type Sequences,
} from '@connito/model';
import { describeMachine, otherLoad } from '../support/machine.ts';
import {
  type CrossFit,
  type CrossFitAbout,
  crossFitReport,
  crossFitTable,
  type MeasuredDocument,
} from './cross-fit-report.ts';
import { DOMAINS, GENERAL, openSetting, SEQUENCE_TOKENS } from './setting.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/foundation' },
    work: { type: 'string', default: 'bench/composition/work' },
    folds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    steps: { type: 'string', default: `${REFINEMENT.steps}` },
    out: {
      type: 'string',
      default: `bench/results/${new Date().toISOString().slice(0, 10)}-composition-cross-fit`,
    },
  },
});
/** Documents of a domain that one fold measures at most. Math has a cluster for each document, and so many. */
const MAX_MEASURED = 240;
const folds = Number(values.folds);
if (!(Number.isInteger(folds) && folds >= 2)) {
  throw new RangeError(`--folds must be a whole number from 2 on, not "${values.folds}"`);
}
const series = new Set<number>();
for (const domain of DOMAINS) {
  const about = await readFile(join(values.work, domain, 'specialist.json'), 'utf8').catch(() => {
    const message = `there is no specialist of ${domain} in ${values.work}; make them: npx node bench/composition/train.ts --work ${values.work}`;
    throw new RangeError(message);
  });
  series.add(JSON.parse(about).series);
}
const started = process.cpuUsage();

const setting = await openSetting(values.model, values.work, Number(values.threads));
const { backend, base, baseStatistics, specialists } = setting;
const tokenizer = await loadTokenizer(join(values.model, 'tokenizer.json'));
const corpora = new Map<Domain, CorpusParts>();
for (const domain of [...DOMAINS, GENERAL]) corpora.set(domain, await loadCorpusParts(domain));
const placement = placeSpecialists(specialists, base.config, 'added', 'all');
const start = buildComposition(base, specialists, placement, jointRows(base, baseStatistics, specialists));

const measured: MeasuredDocument[] = [];
const refinements: CrossFit['refinements'][number][] = [];
for (let fold = 0; fold < folds; fold++) {
  const others = new Map<string, Pick<CorpusParts, 'parts'>>();
  for (const [domain, { parts }] of corpora) {
    others.set(domain, {
      parts: {
        ...parts,
        heldout: unseen(domain)
          .filter(({ at }) => at !== fold)
          .map(({ document }) => document),
      },
    });
  }
  const checks: { step: number; shares: Record<string, number> }[] = [];
  const texts = refinementTexts(others, tokenizer, SEQUENCE_TOKENS);
  const { model, step } = await refineComposition(backend, base, specialists, placement, start, texts, {
    steps: Number(values.steps),
    onCheck: (at, shares) => {
      checks.push({ step: at, shares: Object.fromEntries(shares) });
      console.error(`fold ${fold}`, JSON.stringify(checks.at(-1)));
    },
  });
  refinements.push({ fold, step, checks });
  for (const domain of [...DOMAINS, GENERAL]) await measureFold(fold, domain, model);
  console.error(crossFitTable(crossFit()));
}

async function measureFold(fold: number, domain: Domain, composed: Checkpoint): Promise<void> {
  const all = unseen(domain)
    .filter(({ at }) => at === fold)
    .map(({ document }) => document);
  const long = fewOfEachCluster(all).filter((document) => beginningsOf([document]).count === 1);
  const documents = spread(long, MAX_MEASURED);
  const sequences = beginningsOf(documents);
  const own = specialists.find((specialist) => specialist.domain === domain);
  const before = await setting.measure(base, sequences);
  const alone = own === undefined ? before : await setting.measure(specialistModel(base, own), sequences);
  const after = await setting.measure(composed, sequences);
  const unrefined = await setting.measure(start, sequences);
  documents.forEach(({ cluster }, i) => {
    measured.push({
      domain,
      fold,
      cluster,
      base: before[i]!,
      alone: alone[i]!,
      start: unrefined[i]!,
      composed: after[i]!,
    });
  });
}

/** Of each document that is long enough. */
function beginningsOf(documents: readonly CorpusDocument[]): Sequences {
  return beginnings(documents, tokenizer, { limit: documents.length, tokens: SEQUENCE_TOKENS });
}

/** Held-out and reporting documents of a domain, each with the fold of its cluster. */
function unseen(domain: Domain): { readonly document: CorpusDocument; readonly at: number }[] {
  const { heldout, reporting } = corpora.get(domain)!.parts;
  const clusters = Map.groupBy([...heldout, ...reporting], ({ cluster }) => cluster);
  // In turn, and not by halves: a fold has clusters of both parts.
  return [...clusters.values()].flatMap((documents, i) =>
    documents.map((document) => ({ document, at: i % folds })),
  );
}

function crossFit(): CrossFit {
  return { folds, steps: Number(values.steps), refinements, measured };
}

const { user, system } = process.cpuUsage(started);
const about: CrossFitAbout = {
  date: new Date().toISOString(),
  machine: await describeMachine(),
  cpuSeconds: (user + system) / 1e6,
  refinement: REFINEMENT,
  series: [...series],
};
const data = { ...about, load: await otherLoad(), ...crossFit() };
await writeFile(`${values.out}.json`, `${JSON.stringify(data)}\n`);
await writeFile(`${values.out}.md`, crossFitReport(crossFit(), about));
console.log(crossFitTable(crossFit()));
