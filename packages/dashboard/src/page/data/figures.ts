/** Where each kind of figure comes from: shown on hover and focus. `field` is its place in the API's answer. */
export const FIGURES = {
  phase: {
    title: 'Phase',
    how: 'A function of the open block’s number and the run definition’s schedule. Blocks are the only clock.',
    field: '/now → point',
  },
  blocks: { title: 'Blocks', how: 'From the ledger’s head and the schedule.', field: '/now → point' },
  expected: {
    title: 'Expected time',
    how: 'Median duration of this window over the last finished rounds, by block timestamps. An expectation, not a promise.',
    field: '/now → windows[].secondsExpected',
  },
  note: {
    title: 'Note on the ledger',
    how: 'Whether this hotkey’s note is included in its window. Late notes do not count.',
    field: '/now → miners[], validators[]',
  },
  score: {
    title: 'Agreed score',
    how: 'Lower stake-weighted median of the scores in the attested reports: the 95 % lower bound of the paired loss reduction, less the charge for general loss. Millinats per token.',
    field: '/miners → rows[].scoreNanoNats',
  },
  interval: {
    title: 'Interval',
    how: 'One-sided 95 % bounds of the paired loss reduction on the domain, from the first counted report. Millinats per token.',
    field: '/miners → rows[].lowerNanoNats, upperNanoNats',
  },
  marginal: {
    title: 'Marginal contribution',
    how: 'What the merged step would lose without this update: lower stake-weighted median of the leave-one-out measurements in the merge reports. Millinats per token.',
    field: '/miners → rows[].marginalNanoNats',
  },
  incentive: {
    title: 'Incentive',
    how: 'Share of all miners’ incentive in the ledger’s payouts as of the round’s last block.',
    field: '/miners → rows[].incentive',
  },
  weight: {
    title: 'Merge weight',
    how: 'Agreed score over the sum of agreed scores of the merged updates of the group.',
    field: '/miners → rows[].mergeWeight',
  },
  bytes: {
    title: 'Bytes sent',
    how: 'Size of the reveal document and of the bundle it describes.',
    field: '/miners → rows[].bytesSent',
  },
  rank: {
    title: 'Rank',
    how: 'By agreed score within the round; equal scores have equal ranks.',
    field: '/miners → rows[].rank',
  },
  reason: {
    title: 'Reason',
    how: 'The reason with the most stake among the counted reports; every honest validator finds the same for a failed check.',
    field: '/miners → rows[].reason',
  },
  loss: {
    title: 'Held-out loss',
    how: 'Mean cross-entropy of the reporting sequences under the whole model. Measured by this dashboard’s own model on texts that no score, choice or training touches. Nats per token.',
    field: '/learning → domains[].points[].loss',
  },
  fall: {
    title: 'Fall since the base model',
    how: 'Mean paired difference over the reporting sequences, with its 95 % interval. Millinats per token; positive is better.',
    field: '/learning → domains[].points[].fall',
  },
  bits: {
    title: 'Bits per byte',
    how: 'The loss in bits, over the mean bytes of a token of the same sequences.',
    field: '/learning → domains[].points[].bitsPerByte',
  },
  merge: {
    title: 'Merge',
    how: 'Updates merged and the step scale, by the reports and votes on the ledger.',
    field: '/learning → merges[]',
  },
  stake: {
    title: 'Stake',
    how: 'From the ledger, at the block before the round.',
    field: '/validators → rows[].stake',
  },
  agreement: {
    title: 'Agreement',
    how: 'Updates it paid where the agreed score pays, or refused where it does not, of all it judged.',
    field: '/validators → rows[].same, judged',
  },
  deviation: {
    title: 'Distance from the agreed score',
    how: 'Mean over updates that either pays. Millinats per token.',
    field: '/validators → rows[].meanDeviationNanoNats',
  },
  lateness: {
    title: 'Reports',
    how: 'Reports included within the evaluation window and counted, of all rounds shown; mean blocks of the window used.',
    field: '/validators → rows[].inTime, meanBlocksUsed',
  },
  states: {
    title: 'State hashes',
    how: 'Posted state hashes that became canonical, of all posted.',
    field: '/validators → rows[].statesCanonical',
  },
  speed: {
    title: 'Throughput',
    how: 'Sequences in its counted reports over the seconds of the evaluation windows: a lower bound of its speed.',
    field: '/validators → rows[].sequencesPerSecond',
  },
  dividends: {
    title: 'Dividends',
    how: 'From the ledger’s payouts.',
    field: '/validators → rows[].dividends',
  },
  load: {
    title: 'Routing load',
    how: 'Share of the chosen (token, expert) pairs of a layer on the domain’s reporting text, measured by this dashboard’s own model.',
    field: '/experts → domains[].after',
  },
  drift: {
    title: 'Delta norm',
    how: '‖θ − θ base‖ over ‖θ base‖ of the expert’s three matrices, from the state’s bytes.',
    field: '/experts → drifts[]',
  },
  overlap: {
    title: 'Common load',
    how: 'Sum of the smaller of both domains’ shares, mean over layers.',
    field: '/experts → overlap[]',
  },
  state: {
    title: 'State hash',
    how: 'Posted by validators; canonical with more than half of the total active stake.',
    field: '/rounds → rows[].state',
  },
  contribution: {
    title: 'Part in the model',
    how: 'Sum over canonical rounds of merge weight times step scale, as a share of the group’s sum.',
    field: '/provenance → groups[].contributors[]',
  },
  rejected: {
    title: 'Rejected',
    how: 'Miner places of the shown rounds whose zero has a reason that belongs to this check.',
    field: '/security → checks[].rejected',
  },
  measured: {
    title: 'Measured by a validator',
    how: 'From its signed report, whose hash is on the ledger. Millinats per token.',
    field: '/rounds/{round} → miners[].outcomes[]',
  },
  seconds: { title: 'Duration', how: 'Difference of block timestamps.', field: '/rounds → rows[].seconds' },
  count: { title: 'Count', how: 'Counted over the archive of finished rounds.', field: '/rounds' },
} as const satisfies Record<string, { title: string; how: string; field: string }>;

export type FigureKind = keyof typeof FIGURES;
