/**
 * Compares ways to put the same three specialists into one model, on text that neither statistics, nor training, nor the choice of
 * the constants has seen. `train.ts` makes the specialists.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import {
  averageSpecialists,
  baselineRows,
  buildComposition,
  type Companions,
  JOINT,
  jointRows,
  overlapShare,
  placeSpecialists,
  REFINEMENT,
  RIDGE,
  type RowOf,
  refineComposition,
  ridgeRows,
  specialistModel,
} from '@connito/composition';
import { type Checkpoint, type Domain, parameterCount } from '@connito/model';
import { describeMachine, otherLoad } from '../support/machine.ts';
import { mixedLosses, mixedText } from './mixed.ts';
import { DOMAINS, GENERAL, openSetting, SEQUENCE_TOKENS, type Setting } from './setting.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/foundation' },
    work: { type: 'string', default: 'bench/composition/work' },
    threads: { type: 'string', default: '1' },
    part: { type: 'string', default: 'reporting' },
    sequences: { type: 'string', default: '128' },
    steps: { type: 'string', default: `${REFINEMENT.steps}` },
    out: { type: 'string', default: `bench/results/${new Date().toISOString().slice(0, 10)}-composition` },
  },
});

type Row = {
  readonly method: string;
  readonly experts: number;
  readonly parameters: number;
  readonly cpuSeconds: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly mixed: number;
};

const setting = await openSetting(values.model, values.work, Number(values.threads));
const { base, specialists, baseStatistics } = setting;
const texts = await setting.sequences(
  values.part === 'heldout' ? 'heldout' : 'reporting',
  Number(values.sequences),
);
const mixed = mixedText(texts, Math.min(Number(values.sequences), 96));
const mixedOf = await mixedLosses(setting, mixed);

const rows: Row[] = [];
async function measure(method: string, make: () => Checkpoint | Promise<Checkpoint>): Promise<Row> {
  const started = process.cpuUsage();
  const model = await make();
  const { user, system } = process.cpuUsage(started);
  const losses: Record<string, number> = {};
  for (const [domain, sequences] of texts) {
    const each = await setting.measure(model, sequences);
    losses[domain] = each.reduce((sum, loss) => sum + loss, 0) / each.length;
  }
  const row = {
    method,
    experts: model.config.experts,
    parameters: parameterCount(model.config),
    cpuSeconds: (user + system) / 1e6,
    losses,
    mixed: await mixedOf.of(model),
  };
  console.error(JSON.stringify(row));
  rows.push(row);
  return row;
}

function composed(companions: Companions, rowOf: RowOf): Checkpoint {
  const placement = placeSpecialists(specialists, base.config, 'added', companions);
  return buildComposition(base, specialists, placement, rowOf);
}
const ridge = (): RowOf => ridgeRows(base, baseStatistics, specialists);
const joint = (): RowOf => jointRows(base, baseStatistics, specialists);

const placement = placeSpecialists(specialists, base.config, 'added', 'all');
const composition = composed('all', joint());
// Of training and held-out text; nothing of it is what the table is measured on.
const refinement = await setting.refinementTexts();
const checks: { readonly step: number; readonly shares: Readonly<Record<string, number>> }[] = [];
const worstOf = (shares: Readonly<Record<string, number>>): number => Math.max(...Object.values(shares));
let refinedStep = 0;
await measure(`joint ridge + ${values.steps} gradient steps`, async () => {
  const { model, step } = await refineComposition(
    setting.backend,
    base,
    specialists,
    placement,
    composition,
    refinement,
    {
      steps: Number(values.steps),
      onCheck: (at, shares) => {
        checks.push({ step: at, shares: Object.fromEntries(shares) });
        console.error(JSON.stringify(checks.at(-1)));
      },
    },
  );
  refinedStep = step;
  return model;
});

const before = await measure('base', () => base);
const alone = new Map<Domain, Row>();
for (const specialist of specialists) {
  const domain = specialist.domain as Domain;
  alone.set(domain, await measure(`${domain} alone`, () => specialistModel(base, specialist)));
}
const oracles = new Map<Domain, Checkpoint>([[GENERAL, base]]);
for (const specialist of specialists) {
  oracles.set(specialist.domain as Domain, specialistModel(base, specialist));
}
const mixedOracle = await mixedOf.oracle(oracles);

await measure('in place, the last one wins', () => overwritten(setting));
await measure('average of the models', () => averageSpecialists(base, specialists, 'models'));
await measure('average of the owners', () => averageSpecialists(base, specialists, 'owners'));
for (const kind of ['embedding', 'arrow'] as const) {
  const rowsOf = () => baselineRows(kind, base, baseStatistics, specialists, RIDGE.sharpness);
  await measure(kind === 'arrow' ? 'Arrow' : 'domain embedding', () => composed('all', rowsOf()));
}
await measure('ridge, no companions', () => composed(0, ridge()));
await measure('ridge, 4 companions', () => composed(4, ridge()));
await measure('ridge', () => composed('all', ridge()));
await measure('joint ridge', () => composed('all', joint()));
// It came first, and is reported last.
rows.push(rows.shift()!);

const overlaps: Record<string, number> = {};
for (const [i, one] of specialists.entries()) {
  for (const other of specialists.slice(i + 1)) {
    overlaps[`${one.domain}, ${other.domain}`] = overlapShare(one.experts, other.experts);
  }
}
const ratioOf = (row: Row, domain: Domain): number =>
  (before.losses[domain]! - row.losses[domain]!) /
  (before.losses[domain]! - alone.get(domain)!.losses[domain]!);
const mixedRatio = (row: Row): number => (before.mixed - row.mixed) / (before.mixed - mixedOracle);
const generalRise = (row: Row): number => row.losses[GENERAL]! / before.losses[GENERAL]! - 1;

const holdsFor = (row: Row): boolean =>
  DOMAINS.every((domain) => ratioOf(row, domain) >= 0.95) && generalRise(row) <= 0.005;
const holding = rows.filter(({ method }) => method.includes('ridge')).filter(holdsFor);
const holds =
  holding.length > 0 &&
  DOMAINS.every((domain) => before.losses[domain]! - alone.get(domain)!.losses[domain]! >= 0.05) &&
  Object.values(overlaps).some((share) => share >= 0.5);
const load = await otherLoad();
const data = {
  machine: await describeMachine(),
  load,
  part: values.part,
  sequences: Object.fromEntries([...texts].map(([domain, { count }]) => [domain, count])),
  mixedSequences: mixed.sequences.count,
  overlaps,
  ridge: RIDGE,
  joint: JOINT,
  refinement: { ...REFINEMENT, steps: Number(values.steps), checks, chosen: refinedStep },
  mixedOracle,
  rows: rows.map((row) => ({
    ...row,
    ratios: Object.fromEntries(DOMAINS.map((domain) => [domain, ratioOf(row, domain)])),
    mixedRatio: mixedRatio(row),
    generalRise: generalRise(row),
  })),
  holds,
};
await writeFile(`${values.out}.json`, `${JSON.stringify(data, null, 2)}\n`);
await writeFile(`${values.out}.md`, report());
process.stdout.write(report());
process.exitCode = holds ? 0 : 1;

/** Every specialist in the place of the base's experts, one after the other: no routing change. */
function overwritten({ base: from, specialists: all }: Setting): Checkpoint {
  return all.reduce((model, specialist) => specialistModel(model, specialist), from);
}

function report(): string {
  const nats = (value: number) => value.toFixed(4);
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const matrix = rows.map(
    ({ method, losses, mixed: loss }) =>
      `| ${method} | ${[...DOMAINS, GENERAL].map((domain) => nats(losses[domain]!)).join(' | ')} | ${nats(loss)} |`,
  );
  const ratios = rows
    .filter(({ method }) => method !== 'base' && !method.endsWith(' alone'))
    .map(
      (row) =>
        `| ${row.method} | ${DOMAINS.map((domain) => percent(ratioOf(row, domain))).join(' | ')} | ${percent(mixedRatio(row))} | ${(100 * generalRise(row)).toFixed(2)} % | ${row.experts} | ${(row.parameters / 1e6).toFixed(1)} M | ${row.cpuSeconds.toFixed(2)} |`,
    );
  return `# Composing three specialists, ${new Date().toISOString().slice(0, 10)}

\`npx node bench/composition/run.ts --sequences ${values.sequences}\` on the shipped foundation. Three runs of their own, one for each of code, law and
math, each training 8 of 16 experts in each of the upper two layers. Shared by two groups: ${Object.entries(
    overlaps,
  )
    .map(([pair, share]) => `${pair} ${percent(share)}`)
    .join('; ')}.
Losses are of the full model with its native routing on the ${values.part} part of the texts (${[...texts].map(([domain, { count }]) => `${domain} ${count}`).join(', ')} sequences of
${SEQUENCE_TOKENS} tokens), which nothing was trained, collected or chosen on. Mixed: ${mixed.sequences.count} sequences of two halves from two domains.

## Loss, nats per token: every model on every text

| model | ${[...DOMAINS, GENERAL].join(' | ')} | mixed |
| --- | --- | --- | --- | --- | --- |
${matrix.join('\n')}
| oracle: for each half, its domain's specialist | | | | | ${nats(mixedOracle)} |

## Share of the specialist's own gain that a method keeps

| method | ${DOMAINS.join(' | ')} | mixed | rise of the general loss | experts a layer | parameters | CPU s to make |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${ratios.join('\n')}

Gradient steps: ${values.steps} on training text and half of the held-out text, on rows of added experts alone; step ${refinedStep} was chosen on the other half (share of its
allowance that the worst text used: ${checks.map(({ step, shares }) => `step ${step} ${worstOf(shares).toFixed(2)}`).join(', ')}), before anything here was measured.

All specialists gain at least 0.05 nats per token alone, two groups overlap by half or more, and a ridge composition keeps 95 % of each
gain with the general loss at most 0.5 % above the base's: ${holds ? `yes (${holding.map(({ method }) => method).join('; ')})` : 'no'}.
`;
}
