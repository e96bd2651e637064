import type { ReplayResult, ScenarioResult, Verdict } from './result.ts';
import type { Scenario } from './scenario.ts';

/** What a lab run stored. */
export type LabResults = {
  /** The model of the networks, in words. */
  readonly model: string;
  readonly results: readonly (ScenarioResult | ReplayResult)[];
};

const FAMILIES: Readonly<Record<Scenario['family'], string>> = {
  scoring: 'Scoring',
  copying: 'Copying',
  credit: 'Credit',
  integrity: 'Integrity',
  validators: 'Validators',
};

const WORDS: Readonly<Record<Verdict, string>> = {
  withstood: 'withstood',
  failed: '**not withstood**',
  open: '**not withstood, known**',
  measured: 'measured',
};

/** Results with the file that holds them. */
export type StoredResults = LabResults & { readonly source: string };

/**
 * The matrix page, as Markdown, from what `connito lab --out` stored. `scenarios` are all there are, run or not. Of a rehearsal
 * on another model, what was not run on the first one is shown.
 */
export function attackMatrix(
  { model, results, source }: StoredResults,
  scenarios: readonly Scenario[],
  rehearsal: StoredResults | null = null,
): string {
  const live = results.filter((result) => result.kind === 'live');
  const replays = results.filter((result) => result.kind === 'replay');
  const isRun = (name: string): boolean => live.some((result) => result.name === name);
  const rehearsed = (rehearsal?.results ?? []).filter(
    (result): result is ScenarioResult => result.kind === 'live' && !isRun(result.name),
  );
  const missing = scenarios.filter(
    ({ name }) => !isRun(name) && !rehearsed.some((result) => result.name === name),
  );
  const dates = results.map(({ finishedAt }) => finishedAt.slice(0, 10)).sort();
  const when = dates[0] === dates.at(-1) ? `on ${dates[0]}` : `from ${dates[0]} to ${dates.at(-1)}`;
  return [
    '# Attack matrix',
    '',
    'This page is for anybody who wants to know what attackers earned in the lab, what they did to the model, and what stopped them.',
    `It is written by \`npm run docs:attacks\` from \`${source}\`. The networks trained ${model}, those marked *tiny* a tiny random model over made-up texts, where what is learned does not matter to the attack. ${live.length} of ${scenarios.length} scenarios were run, ${when}; ${replays.length} replays.`,
    '',
    'Pay is a part of all miners’ pay, as a mean for each miner and round. *Per training* is the pay of the hostile miners together, for',
    'each honest training they paid for, over an honest miner’s pay. *Loss shift* is the final loss on the reporting text less that of a',
    'network with the same honest miners in which the hostile ones do nothing, in millinats per token: positive is worse. All networks of the',
    'lab draw the same exams, so a shift of 0.0 means that the attack changed nothing.',
    '',
    ...(Object.keys(FAMILIES) as Scenario['family'][]).flatMap((family) =>
      familySection(
        FAMILIES[family],
        live.filter((result) => result.family === family),
      ),
    ),
    ...replaySection(replays),
    ...(rehearsed.length === 0
      ? []
      : [
          `## On ${rehearsal!.model} only`,
          '',
          `From \`${rehearsal!.source}\`, with fewer honest miners: it shows who is caught and how, and little about losses and pay.`,
          '',
          ...resultRows(rehearsed),
        ]),
    ...(missing.length === 0
      ? []
      : ['## Not run yet', '', ...missing.map(({ name, attack }) => `- \`${name}\`: ${attack}`), '']),
  ].join('\n');
}

function familySection(title: string, results: readonly ScenarioResult[]): string[] {
  return results.length === 0 ? [] : [`## ${title}`, '', ...resultRows(results)];
}

function resultRows(results: readonly ScenarioResult[]): string[] {
  return [
    '| scenario | attack | hostile | pay: hostile, honest | per training | loss shift | caught by | outcome |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...results.map((result) => {
      const { name, attack, model, miners, hostileShare, validators, outcome, dividends, verdict } = result;
      const lying = outcome.validators.filter(({ hostile }) => hostile).length;
      const who = [
        ...(hostileShare > 0 ? [`${Math.round(hostileShare * miners)} of ${miners} miners`] : []),
        ...(lying > 0 ? [`${lying} of ${validators} validators`] : []),
      ].join(', ');
      const pay =
        hostileShare > 0
          ? `${percent(result.hostileEarned)}, ${percent(result.honestEarned)}`
          : `dividends ${percent(dividends!.hostile)}, ${percent(dividends!.honest)}`;
      const perTraining = hostileShare > 0 ? result.relativePay.toFixed(2) : '–';
      const shift = `${millinats(result.lossShift)} (${percent(result.lostShare)})`;
      const cells = [
        `\`${name}\`${model === 'tiny' ? ' (tiny)' : ''}`,
        attack,
        who,
        pay,
        perTraining,
        shift,
        result.caughtBy ?? '–',
        WORDS[verdict],
      ];
      return `| ${cells.join(' | ')} |`;
    }),
    '',
    ...results.flatMap(({ name, checks, verdict, notWithstood }) =>
      verdict === 'withstood'
        ? []
        : [
            `\`${name}\`: not met: ${checks
              .filter(({ met }) => !met)
              .map(({ says }) => says)
              .join('; ')}.${notWithstood === null ? '' : ` ${notWithstood}`}`,
            '',
          ],
    ),
  ];
}

function replaySection(replays: readonly ReplayResult[]): string[] {
  const rules = [...new Set(replays.map(({ rule }) => rule))];
  const attacks = [...new Set(replays.flatMap(({ attack }) => (attack === null ? [] : [attack])))];
  if (attacks.length === 0) return [];
  const shares = [...new Set(replays.map(({ hostileShare }) => hostileShare))].filter((share) => share > 0);
  return [
    '## Other merge rules',
    '',
    'On the tiny model: recorded honest updates of 20 miners and two rounds, some turned into attacks, replayed through the real scoring, merge, measurement and',
    'credit of one validator. All accepted updates are merged; robust rules assume 40 % hostile. Each cell: part of what the rule learns',
    'without an attack that is lost, and pay of a hostile over an honest miner.',
    '',
    ...attacks.flatMap((attack) => [
      `### ${attack}`,
      '',
      `| rule | ${shares.map((share) => `${Math.round(100 * share)} % hostile`).join(' | ')} |`,
      `| --- | ${shares.map(() => '---').join(' | ')} |`,
      ...rules.map((rule) => {
        const cells = shares.map((share) => {
          const cell = replays.find(
            (replay) => replay.attack === attack && replay.rule === rule && replay.hostileShare === share,
          );
          if (cell === undefined) return '–';
          const pay = cell.honestEarned === 0 ? '–' : (cell.hostileEarned / cell.honestEarned).toFixed(2);
          return `${percent(cell.lostShare)}, ${pay}`;
        });
        return `| ${rule} | ${cells.join(' | ')} |`;
      }),
      '',
    ]),
  ];
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1).replace('-', '−')} %`;
}

function millinats(nats: number): string {
  const value = (1000 * nats).toFixed(1);
  return value === '-0.0' ? '0.0' : value.replace('-', '−');
}
