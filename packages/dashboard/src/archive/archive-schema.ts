/** Raised when tables or stories change; an archive of another format is made anew from ledger and store. */
export const ARCHIVE_FORMAT = 2;

/**
 * One row for each figure that is listed over many rounds; all else of a round is in its compressed story. Miners are
 * numbered by hotkey, since a uid may pass to another. Totals are kept as rounds are added: summing millions of rows for
 * each request would not be quick.
 */
export const ARCHIVE_TABLES = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE hotkey (id INTEGER PRIMARY KEY, hotkey TEXT NOT NULL UNIQUE);
CREATE TABLE round (
  round INTEGER PRIMARY KEY, outcome TEXT NOT NULL, state TEXT NOT NULL, parent TEXT NOT NULL, agreed INTEGER NOT NULL,
  first_block INTEGER NOT NULL, last_block INTEGER NOT NULL, started_ms REAL NOT NULL, ended_ms REAL NOT NULL,
  miners INTEGER NOT NULL, paid INTEGER NOT NULL, merged INTEGER NOT NULL, groups TEXT NOT NULL,
  windows TEXT NOT NULL, story BLOB NOT NULL
);
CREATE TABLE miner_round (
  round INTEGER NOT NULL, miner INTEGER NOT NULL, uid INTEGER NOT NULL, grp TEXT NOT NULL, score INTEGER, reason TEXT,
  lower INTEGER, upper INTEGER, marginal INTEGER, incentive REAL NOT NULL, weight REAL NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (round, miner)
) WITHOUT ROWID;
CREATE INDEX miner_history ON miner_round (miner, round);
CREATE INDEX miner_reason ON miner_round (reason, round) WHERE reason IS NOT NULL;
CREATE TABLE miner_total (
  miner INTEGER PRIMARY KEY, rounds INTEGER NOT NULL, paid INTEGER NOT NULL, incentive REAL NOT NULL, bytes INTEGER NOT NULL
);
CREATE TABLE reason_total (
  miner INTEGER NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL, last_round INTEGER NOT NULL,
  PRIMARY KEY (miner, reason)
) WITHOUT ROWID;
CREATE TABLE contribution (
  grp TEXT NOT NULL, miner INTEGER NOT NULL, rounds INTEGER NOT NULL, weight REAL NOT NULL, last_round INTEGER NOT NULL,
  PRIMARY KEY (grp, miner)
) WITHOUT ROWID;
CREATE TABLE validator_round (
  round INTEGER NOT NULL, validator INTEGER NOT NULL, uid INTEGER NOT NULL, stake TEXT NOT NULL, dividends REAL NOT NULL,
  status TEXT NOT NULL, blocks_used INTEGER, state TEXT, judged INTEGER NOT NULL, same INTEGER NOT NULL, deviation REAL,
  sequences INTEGER NOT NULL, evaluate_ms REAL, PRIMARY KEY (round, validator)
) WITHOUT ROWID;
CREATE TABLE artifact (hash TEXT PRIMARY KEY, kind TEXT NOT NULL, round INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE measurement (
  before_round INTEGER PRIMARY KEY, state TEXT NOT NULL, body BLOB NOT NULL
);
CREATE TABLE declaration (
  block INTEGER NOT NULL, idx INTEGER NOT NULL, hotkey TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (block, idx)
) WITHOUT ROWID;
CREATE TABLE update_norms (round INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE step (
  before_round INTEGER NOT NULL, domain TEXT NOT NULL, gain REAL NOT NULL, gain_low REAL NOT NULL, gain_high REAL NOT NULL,
  sub_gain REAL, gap REAL, gap_low REAL, gap_high REAL, PRIMARY KEY (before_round, domain)
) WITHOUT ROWID;
CREATE TABLE loss (
  before_round INTEGER NOT NULL, domain TEXT NOT NULL, loss REAL NOT NULL, bits_per_byte REAL,
  fall REAL NOT NULL, fall_low REAL NOT NULL, fall_high REAL NOT NULL, PRIMARY KEY (before_round, domain)
) WITHOUT ROWID;
`;
