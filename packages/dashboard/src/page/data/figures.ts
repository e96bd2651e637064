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
  gain: {
    title: 'Gain of one round',
    how: 'Mean paired difference to the state before the round over the reporting sequences, with its 95 % interval. Millinats per token; positive is better.',
    field: '/learning → domains[].points[].step',
  },
  subModel: {
    title: 'Sub-model and gap',
    how: 'The same measured on a model whose routers may choose the group’s experts only; the gap is that less the whole model’s gain. Nothing is paid by it.',
    field: '/rounds/{round} → gains[].subModel',
  },
  norm: {
    title: 'Norm of an update',
    how: '‖local − global‖ of the decoded update: of one expert’s three matrices, or of all. From the revealed bytes, checked as validators check them.',
    field: '/experts → updates.rows[]',
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
  package: {
    title: 'Package',
    how: 'From the market’s index, where it follows from the package’s signed manifest. An index is not signed as a whole and may leave packages out.',
    field: '/market → packages[]',
  },
  packageGain: {
    title: 'Gain of a package',
    how: 'Loss of the base model less the package’s on its own domain’s reporting texts, paired by sequence, with the 95 % interval. Measured by its publisher, who signed it. Millinats per token.',
    field: '/market → packages[].gain',
  },
  packageCost: {
    title: 'Forgetting of a package',
    how: 'The same on the general text that it costs most; negative is worse than the base model.',
    field: '/market → packages[].worstGeneral',
  },
  packageStatus: {
    title: 'Status',
    how: 'What the publisher’s latest notice says; its signature was checked. A revocation is final.',
    field: '/market → packages[].status, notice',
  },
  price: {
    title: 'Price',
    how: 'For a million tokens that its experts take part in, in the ledger’s smallest unit.',
    field: '/market → packages[].pricePerMillionTokens',
  },
  lineage: {
    title: 'Lineage',
    how: 'Merged rounds and paid miners of the run it was trained in. “connito package verify --dir” computes it anew from that run’s record.',
    field: '/market → packages[].run, mergedRounds, miners',
  },
  statement: {
    title: 'Statement',
    how: 'What a server says it owes for a range of its receipts; its signature was checked here. “connito market check” computes it anew from the receipts.',
    field: '/market → statements[]',
  },
  payment: {
    title: 'Payment',
    how: 'A payment on the ledger by the server itself, under the statement’s hash, of exactly its payees’ amounts.',
    field: '/market → statements[].payment',
  },
  served: {
    title: 'What is served',
    how: 'As the server says at /v1/models.',
    field: '/serving → models[]',
  },
  servingLoad: {
    title: 'Load',
    how: 'Gauges and counters of the server’s /metrics, since it started.',
    field: '/serving → models[]',
  },
  servingSpeed: {
    title: 'Tokens per second',
    how: 'Difference of the server’s counter of written tokens over the seconds between two scrapes, at most a minute apart.',
    field: '/serving → models[].tokensPerSecond',
  },
  servingLatency: {
    title: 'Latency',
    how: 'From the server’s histograms since it started: the mean, and bounds of the buckets that the median and the 99th percentile are in.',
    field: '/serving → models[].firstToken, answer',
  },
  servingExperts: {
    title: 'Whose experts answered',
    how: 'Tokens that at least one expert of the package served; “base” are the base model’s own. One token may count for several.',
    field: '/serving → models[].packageTokens',
  },
  seconds: { title: 'Duration', how: 'Difference of block timestamps.', field: '/rounds → rows[].seconds' },
  count: { title: 'Count', how: 'Counted over the archive of finished rounds.', field: '/rounds' },
} as const satisfies Record<string, { title: string; how: string; field: string }>;

export type FigureKind = keyof typeof FIGURES;
