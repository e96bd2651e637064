import { access } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  baseHashOfFolder,
  type Composed,
  composeFolder,
  excerpts,
  refinementTexts,
  requireFreeFolder,
  requireSameBase,
  specialistOfPackage,
  specialistStatistics,
} from '@connito/composition';
import { type ExpertPackage, InstalledPackages, parsePackageSpec, readExpertPackage } from '@connito/market';
import {
  type CorpusPart,
  type CorpusParts,
  DOMAINS,
  loadCheckpoint,
  loadCorpusParts,
  loadTokenizer,
} from '@connito/model';
import { loadHotkey } from '@connito/node';
import { type CommandContext, stopSignal } from '../../command/context.ts';
import { formatTable } from '../../command/table.ts';
import { cliError } from '../../errors.ts';
import { requireModelFiles, SHIPPED_MODEL } from '../../network/base-model.ts';
import type { ComposeCommandOptions } from './options.ts';

/** Sequences of each domain that routing statistics come from, and tokens of every sequence. */
const STATISTICS_SEQUENCES = 96;
const SEQUENCE_TOKENS = 128;

export async function compose(options: ComposeCommandOptions, context: CommandContext): Promise<void> {
  const { out, threads } = options;
  const base = options.base ?? SHIPPED_MODEL;
  const signal = stopSignal(context);
  const note = (text: string) => options.json === true || context.stderr.write(`${text}\n`);
  await requireModelFiles(base);
  await requireFreeFolder(out);
  const keypair = await loadHotkey(options);
  const packages = [];
  for (const named of options.with) packages.push(await packageOf(named, options.packages));
  // Before the texts are read, which takes a while.
  const baseHash = await baseHashOfFolder(base);
  for (const { manifest } of packages) {
    const { name, version } = manifest;
    requireSameBase({ id: `${name}@${version}`, baseHash: manifest.base.hash }, baseHash);
  }

  note('Reading the texts');
  const tokenizer = await loadTokenizer(join(base, 'tokenizer.json'));
  const corpora = new Map<string, CorpusParts>();
  for (const domain of DOMAINS) corpora.set(domain, await loadCorpusParts(domain));
  const textOf = (domain: string, part: CorpusPart, limit: number) =>
    excerpts(corpora.get(domain)!, part, tokenizer, { limit, tokens: SEQUENCE_TOKENS });

  const textsOf = (part: CorpusPart, limit: number) =>
    new Map(DOMAINS.map((domain) => [domain, textOf(domain, part, limit)]));

  const checkpoint = await loadCheckpoint(base);
  const specialists = [];
  for (const found of packages) {
    const specialist = specialistOfPackage(found, checkpoint.config);
    const { id, domain } = specialist;
    if (!(DOMAINS as readonly string[]).includes(domain)) {
      const message = `--with: ${id} is for domain "${domain}", of which this build has no text to measure it on; it has ${DOMAINS.join(', ')}`;
      throw cliError('invalid_option', message);
    }
    if (specialist.statistics === null)
      note(`${id} has no router statistics; collecting them from its domain's text`);
    const statistics =
      specialist.statistics ??
      (await specialistStatistics(
        checkpoint,
        specialist,
        textOf(domain, 'adapt', STATISTICS_SEQUENCES),
        threads,
      ));
    specialists.push({ ...specialist, statistics });
  }
  note('Composing and measuring');
  const composed = await composeFolder(
    {
      name: options.name ?? nameOf(out),
      base,
      out,
      mode: options.placement,
      companions: options.companions,
      refineSteps: options.refine,
      bounds: { minOracleRatio: options.minOracleRatio, maxGeneralRise: options.maxGeneralRise },
      acceptWorse: options.acceptWorse === true,
      type: options.type,
      gguf: options.gguf === undefined ? null : { path: options.gguf, type: options.ggufType },
    },
    specialists,
    {
      base: textsOf('pretrain', STATISTICS_SEQUENCES),
      measured: textsOf('reporting', options.sequences),
      measuredPart: 'reporting',
      refinement: {
        ...refinementTexts(corpora, tokenizer, SEQUENCE_TOKENS),
        fitPart: 'adapt-and-heldout',
        choicePart: 'heldout',
      },
    },
    {
      threads,
      keypair,
      signal,
      onRefined(step, shares) {
        const [kind, share] = [...shares].reduce((worst, one) => (one[1] > worst[1] ? one : worst));
        note(
          `Refining: step ${step} of ${options.refine}; ${kind} uses most of what it may lose, ${(100 * share).toFixed(0)} %`,
        );
      },
    },
  );
  if (options.json === true) {
    const { manifest, placement, verdict } = composed;
    const object = {
      type: 'composition',
      out,
      experts: placement.experts,
      inPlace: placement.inPlace,
      added: placement.added,
      router: manifest.router,
      oracleRatios: Object.fromEntries(verdict.oracleRatios),
      generalRises: Object.fromEntries(verdict.generalRises),
      failures: verdict.failures,
      evaluation: manifest.evaluation,
    };
    context.stdout.write(`${JSON.stringify(object)}\n`);
    return;
  }
  context.stdout.write(`${composedLines(composed, out).join('\n')}\n`);
}

/** A package in a folder or `.tgz`, or an installed one by name and range. */
async function packageOf(named: string, installed: string): Promise<ExpertPackage> {
  const isPath = await access(named).then(
    () => true,
    () => false,
  );
  return isPath ? readExpertPackage(named) : new InstalledPackages(installed).read(parsePackageSpec(named));
}

/** A folder's name as a composition's. */
function nameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 64)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'composition' : name;
}

/** The forgetting matrix: a row for each model, a column for each domain, in nats per token. */
function composedLines({ manifest, placement, table, verdict }: Composed, out: string): string[] {
  const rows = [
    { name: 'base', losses: table.base },
    ...[...table.alone].map(([id, losses]) => ({ name: `${id} alone`, losses })),
    { name: 'average of all', losses: table.average },
    { name: 'composition', losses: table.composition },
  ];
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  return [
    ...formatTable(
      [
        { title: 'loss, nats/token', value: ({ name }: (typeof rows)[number]) => name },
        ...[...table.base.keys()].map((domain) => ({
          title: domain,
          value: ({ losses }: (typeof rows)[number]) => losses.get(domain)!.toFixed(4),
          align: 'right' as const,
        })),
      ],
      rows,
    ),
    '',
    ...[...verdict.oracleRatios].map(([id, ratio]) => `${id} keeps ${percent(ratio)} of its gain`),
    ...[...verdict.generalRises].map(([domain, rise]) => `${domain}: loss ${percent(rise)} above the base's`),
    ...verdict.failures.map((failure) => `beyond its bounds: ${failure}`),
    ...routerLines(manifest.router),
    `${placement.experts} experts a layer; in place: ${placement.inPlace.join(', ') || 'none'}; added: ${placement.added.join(', ') || 'none'}. Written to ${out}`,
  ];
}

function routerLines({ refinement }: Composed['manifest']['router']): string[] {
  if (refinement === null) return [];
  const { steps, chosen } = refinement;
  return chosen === 0
    ? [
        `router rows in closed form, solved together: none of ${steps} gradient steps was better on held-out text`,
      ]
    : [`router rows refined: step ${chosen} of ${steps}, chosen on held-out text`];
}
