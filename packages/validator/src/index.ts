/**
 * One validator: fetches and checks reveals, scores them by Proof-of-Loss, reports, votes on the merge, posts the next
 * state and sets chain weights.
 *
 * @example
 * await runValidator({ definitionPath, modelFolder, ledgerUrl, storeUrl, wallet, stateFolder, threads: 1, log }, signal);
 */
export { DuplicateCheck, RevealHistory } from './duplicate-check.ts';
export { type DrawnExam, drawExam, type ExamPurpose, type GroupBaseline, groupBaseline } from './exams.ts';
export { leaveOneOut } from './leave-one-out.ts';
export { type MergeMeasurement, measureMerge } from './measure-merge.ts';
export { createValidatorMetrics, VALIDATOR_METRICS, type ValidatorMetrics } from './metrics.ts';
export { runValidator, type ValidatorRunOptions } from './run-validator.ts';
export { duplicateVerdict, type ScoringDependencies, type ScoringInput, scoreRound } from './score-round.ts';
export { honestValidator, type ValidatorStrategy, type ValidatorTask } from './strategy.ts';
export { Validator, type ValidatorDependencies, type ValidatorOptions } from './validator.ts';
