import type { Difference, Finding, LossAgreement, RoundReplay } from '@connito/replay';
import { shortHash } from '../../view/text.ts';
import type { Verification } from './handler.ts';

/** Differences and findings can hold whole lists; a line shows where they begin to differ. */
const MAX_VALUE_LENGTH = 80;

export function roundLines({ round, outcome, state, losses, differences, findings }: RoundReplay): string[] {
  const result = state === null ? outcome : `${outcome}, state ${shortHash(state)}`;
  const verdict = differences.length === 0 ? 'as recorded' : counted(differences.length, 'DIFFERENCE');
  return [
    `Round ${round}: ${verdict}; ${result}; ${lossText(losses)}`,
    ...differences.map(differenceLine),
    ...findings.map(findingLine),
  ];
}

function lossText(losses: LossAgreement): string {
  if (losses.kind === 'not_measured') return 'losses not measured';
  const { compared, exact, largestNanoNats, toleranceNanoNats } = losses;
  if (compared === exact) return `${compared} reported losses equal to the last digit`;
  const largest = (largestNanoNats / 1e6).toFixed(3);
  const tolerance = (toleranceNanoNats / 1e6).toFixed(3);
  return `${compared} reported losses within ${tolerance} millinats (largest ${largest}, ${exact} equal)`;
}

export function differenceLine({ artefact, field, expected, found }: Difference): string {
  return `  DIFFERENCE  ${artefact}, ${field}: ${expectation(expected, found)}`;
}

function findingLine({ artefact, field, expected, found }: Finding): string {
  return `  finding     ${artefact}, ${field}: ${expectation(expected, found)}`;
}

function expectation(expected: string, found: string): string {
  return `expected ${shortened(expected)}, found ${shortened(found)}`;
}

function shortened(text: string): string {
  return text.length <= MAX_VALUE_LENGTH ? text : `${text.slice(0, MAX_VALUE_LENGTH)}…`;
}

export function summaryLine({ ok, rounds, losses, head, differences, findings }: Verification): string {
  const measured =
    losses === 'measured' ? '' : ' Losses were NOT measured: scores and votes stand as reported.';
  const last = head === null ? '' : ` Last block ${head.number}, ${head.hash}.`;
  const found =
    findings.length === 0 ? '' : ` ${counted(findings.length, 'finding')} about single validators.`;
  const verdict = ok ? 'nothing differs.' : `${counted(differences.length, 'difference')}.`;
  return `Verified ${counted(rounds, 'round')}: ${verdict}${found}${measured}${last}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : what === what.toUpperCase() ? 'S' : 's'}`;
}
