import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  type Hotkey,
  type PlacedNote,
  pairedDifferences,
  pairedStatistics,
  type RunId,
} from '@connito/protocol';
import type { DeclarationLog, DomainMeasurement, StateMeasurement } from '@connito/run';
import { dashboardError } from '../errors.ts';
import type { RoundUpdateNorms } from '../live/update-norms.ts';
import { type MinerStory, type RoundStory, roundStorySchema } from '../story/round-story.ts';
import { ARCHIVE_FORMAT, ARCHIVE_TABLES } from './archive-schema.ts';

/** A row of SQLite as the queries here read them. */
export type Row = Readonly<Record<string, string | number | bigint | Uint8Array | null>>;

/** A two-sided 95 % interval leaves 2.5 % on each side. */
const TAIL = 0.025;
/** More than the story of 256 validators and 4096 miners takes. */
const MAX_STORY_BYTES = 1 << 30;

/**
 * Finished rounds in one SQLite file: an index that can be lost, since all of it follows from ledger and store. Several
 * processes may have it open; a round that is already there is not added twice.
 */
export class Archive implements Disposable {
  readonly database: DatabaseSync;
  readonly #hotkeys = new Map<string, number>();
  /** By text. A statement's memory is SQLite's: the collector does not see it, and would let them pile up. */
  readonly #statements = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync) {
    this.database = database;
  }

  /** `:memory:` keeps nothing. An archive of another run or format is emptied. Fails with `archive_unusable`. */
  static open(path: string, run: RunId): Archive {
    try {
      const database = new DatabaseSync(path);
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 10000;');
      const wanted = `${ARCHIVE_FORMAT}/${run}`;
      if (archiveIdentity(database) !== wanted) {
        database.exec('BEGIN IMMEDIATE');
        dropTables(database);
        database.exec(ARCHIVE_TABLES);
        database.prepare("INSERT INTO meta VALUES ('identity', ?)").run(wanted);
        database.exec('COMMIT');
      }
      return new Archive(database);
    } catch (cause) {
      const message = `The dashboard's archive ${path} cannot be used: ${(cause as Error).message}. Delete it; it is made anew.`;
      throw dashboardError('archive_unusable', message, { path }, cause);
    }
  }

  /** All rows of a query, prepared once for each text: texts must be few, and values go into `parameters`. */
  rows(sql: string, ...parameters: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...parameters) as Row[];
  }

  row(sql: string, ...parameters: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...parameters) as Row | undefined;
  }

  run(sql: string, ...parameters: SQLInputValue[]): number | bigint {
    return this.#prepare(sql).run(...parameters).changes;
  }

  get nextRound(): number {
    return Number(this.row('SELECT max(round) AS last FROM round')?.last ?? -1) + 1;
  }

  getMeta(key: string): string | null {
    const row = this.row('SELECT value FROM meta WHERE key = ?', key);
    return (row?.value as string | undefined) ?? null;
  }

  setMeta(key: string, value: string): void {
    this.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', key, value);
  }

  /** Adds rounds, all or none. Rounds come in order; one that is there is passed over. */
  addRounds(stories: readonly RoundStory[]): void {
    this.#atomically(() => {
      for (const story of stories) this.#addRound(story);
    });
  }

  story(round: number): RoundStory | null {
    const row = this.row('SELECT story FROM round WHERE round = ?', round);
    return row === undefined ? null : roundStorySchema.parse(unpack(row.story as Uint8Array));
  }

  /** When each window of a round began and ended. */
  windows(round: number): RoundStory['windows'] {
    const row = this.row('SELECT windows FROM round WHERE round = ?', round);
    return row === undefined ? [] : (JSON.parse(String(row.windows)) as RoundStory['windows']);
  }

  /** Keeps a state's measurement under the round that starts from it, with its figures against the base model. */
  addMeasurement(beforeRound: number, measurement: StateMeasurement): void {
    const base = beforeRound === 0 ? measurement : this.measurement(0);
    if (base === null) throw new RangeError('the first state must be measured first');
    this.#atomically(() => {
      this.run(
        'INSERT OR REPLACE INTO measurement VALUES (?, ?, ?)',
        beforeRound,
        measurement.state,
        pack(measurement),
      );
      const insert = this.#prepare('INSERT OR REPLACE INTO loss VALUES (?, ?, ?, ?, ?, ?, ?)');
      for (const { domain, losses, bytesPerToken } of measurement.domains) {
        const before = base.domains.find((candidate) => candidate.domain === domain);
        if (before === undefined) continue;
        const fall = pairedFall(before.losses, losses);
        const loss = losses.reduce((sum, value) => sum + value, 0) / losses.length;
        const bits = bytesPerToken === null ? null : loss / Math.LN2 / bytesPerToken;
        insert.run(beforeRound, domain, loss, bits, fall.mean, fall.lower, fall.upper);
      }
      this.#addStep(beforeRound, this.measurement(beforeRound - 1), measurement);
      this.#addStep(beforeRound + 1, measurement, this.measurement(beforeRound + 1));
    });
  }

  measurement(beforeRound: number): StateMeasurement | null {
    const row = this.row('SELECT body FROM measurement WHERE before_round = ?', beforeRound);
    return row === undefined ? null : (unpack(row.body as Uint8Array) as StateMeasurement);
  }

  /** Keeps the norms of a round's updates. */
  addUpdateNorms(norms: RoundUpdateNorms): void {
    this.run('INSERT OR REPLACE INTO update_norms VALUES (?, ?)', norms.round, pack(norms));
  }

  /** Of the newest round before `before` whose updates were measured. */
  updateNormsBefore(before: number): RoundUpdateNorms | null {
    const row = this.row('SELECT body FROM update_norms WHERE round < ? ORDER BY round DESC LIMIT 1', before);
    return row === undefined ? null : (unpack(row.body as Uint8Array) as RoundUpdateNorms);
  }

  /** What is remembered of a run's declarations, so that a restart does not read the ledger from its start. */
  declarationLog(): DeclarationLog {
    let readUpTo = Number(this.getMeta('declarations_read') ?? -1);
    const declarations = this.rows('SELECT * FROM declaration ORDER BY block, idx').map(
      (row): PlacedNote<'declare'> => ({
        hotkey: String(row.hotkey) as Hotkey,
        block: Number(row.block),
        index: Number(row.idx),
        note: JSON.parse(String(row.note)),
      }),
    );
    return {
      declarations,
      // Ours: another process may have read further than what is in memory here.
      get readUpTo() {
        return readUpTo;
      },
      add: (found, upTo) => {
        this.#atomically(() => {
          for (const { block, index, hotkey, note } of found) {
            this.run(
              'INSERT OR IGNORE INTO declaration VALUES (?, ?, ?, ?)',
              block,
              index,
              hotkey,
              JSON.stringify(note),
            );
          }
          const known = Number(this.getMeta('declarations_read') ?? -1);
          this.setMeta('declarations_read', `${Math.max(known, upTo)}`);
        });
        declarations.push(...found);
        readUpTo = upTo;
      },
    };
  }

  [Symbol.dispose](): void {
    this.database.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.database.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }

  #atomically(work: () => void): void {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.database.exec('COMMIT');
    } catch (error) {
      this.database.exec('ROLLBACK');
      // What was numbered within is not there.
      this.#hotkeys.clear();
      throw error;
    }
  }

  /** What one round gave: of the whole model, and what the sub-model would have claimed. States may be measured in any order. */
  #addStep(beforeRound: number, before: StateMeasurement | null, after: StateMeasurement | null): void {
    if (before === null || after === null) return;
    for (const { domain, losses, subModelLosses } of after.domains) {
      const earlier = before.domains.find((candidate) => candidate.domain === domain);
      if (earlier === undefined) continue;
      const gain = pairedFall(earlier.losses, losses);
      const sub = subModelGap(earlier, { losses, subModelLosses });
      this.run(
        'INSERT OR REPLACE INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        beforeRound,
        domain,
        gain.mean,
        gain.lower,
        gain.upper,
        sub?.gain ?? null,
        sub?.gap.mean ?? null,
        sub?.gap.lower ?? null,
        sub?.gap.upper ?? null,
      );
    }
  }

  #addRound(story: RoundStory): void {
    const { round, outcome, state, parent, agreed, firstBlock, lastBlock, windows, groups, miners } = story;
    const added = this.#prepare(
      'INSERT OR IGNORE INTO round VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ).run(
      round,
      outcome,
      state,
      parent,
      agreed ? 1 : 0,
      firstBlock,
      lastBlock,
      windows[0]?.startedAtMs ?? 0,
      windows.at(-1)?.endedAtMs ?? 0,
      miners.length,
      miners.filter(({ scoreNanoNats }) => (scoreNanoNats ?? 0) > 0).length,
      outcome === 'canonical' ? miners.filter(({ mergeWeight }) => mergeWeight > 0).length : 0,
      JSON.stringify(
        groups.map(({ group, mergedUpdates, scale }) => ({
          group,
          mergedUpdates: outcome === 'canonical' ? mergedUpdates : 0,
          scale: outcome === 'canonical' ? scale : 0,
        })),
      ),
      JSON.stringify(windows),
      pack(story),
    );
    if (added.changes === 0) return;
    this.#addMiners(story);
    this.#addValidators(story);
    const artifact = this.#prepare('INSERT OR IGNORE INTO artifact VALUES (?, ?, ?)');
    for (const { report, vote, state: posted } of story.validators) {
      if (report.document !== null) artifact.run(report.document, 'report', round);
      if (vote !== null) artifact.run(vote.mergeReport, 'merge report', round);
      if (posted !== null) artifact.run(posted.document, 'state document', round);
    }
    for (const { reveal } of miners) if (reveal !== null) artifact.run(reveal.document, 'reveal', round);
  }

  #addMiners({ round, outcome, groups, miners }: RoundStory): void {
    const prepare = (sql: string): StatementSync => this.#prepare(sql);
    const row = prepare('INSERT INTO miner_round VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    const total = prepare(
      'INSERT INTO miner_total VALUES (?, 1, ?, ?, ?) ON CONFLICT (miner) DO UPDATE SET rounds = rounds + 1, paid = paid + excluded.paid, incentive = incentive + excluded.incentive, bytes = bytes + excluded.bytes',
    );
    const reasons = prepare(
      'INSERT INTO reason_total VALUES (?, ?, 1, ?) ON CONFLICT (miner, reason) DO UPDATE SET count = count + 1, last_round = excluded.last_round',
    );
    const contribution = prepare(
      'INSERT INTO contribution VALUES (?, ?, 1, ?, ?) ON CONFLICT (grp, miner) DO UPDATE SET rounds = rounds + 1, weight = weight + excluded.weight, last_round = excluded.last_round',
    );
    for (const miner of miners) {
      const id = this.#hotkeyId(miner.hotkey);
      const { uid, group, scoreNanoNats: score, reason, incentive, mergeWeight, bytesSent } = miner;
      const { lowerNanoNats: lower, upperNanoNats: upper, marginalNanoNats: marginal } = miner;
      row.run(
        round,
        id,
        uid,
        group,
        score,
        reason,
        lower,
        upper,
        marginal,
        incentive,
        mergeWeight,
        bytesSent,
      );
      total.run(id, (score ?? 0) > 0 ? 1 : 0, incentive, bytesSent);
      if (reason !== null) reasons.run(id, reason, round);
      const part = outcome === 'canonical' ? contributed(miner, groups) : 0;
      if (part > 0) contribution.run(group, id, part, round);
    }
  }

  #addValidators({ round, windows, validators }: RoundStory): void {
    const row = this.#prepare('INSERT INTO validator_round VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    const window = windows.find(({ name }) => name === 'evaluate');
    const evaluateMs = window === undefined ? null : window.endedAtMs - window.startedAtMs;
    for (const { uid, hotkey, stake, dividends, report, state, agreement, sequencesMeasured } of validators) {
      row.run(
        round,
        this.#hotkeyId(hotkey),
        uid,
        stake,
        dividends,
        report.status,
        report.blocksUsed,
        state?.state ?? null,
        agreement.judged,
        agreement.same,
        agreement.meanDeviationNanoNats,
        sequencesMeasured,
        evaluateMs,
      );
    }
  }

  #hotkeyId(hotkey: string): number {
    const known = this.#hotkeys.get(hotkey);
    if (known !== undefined) return known;
    this.#prepare('INSERT OR IGNORE INTO hotkey (hotkey) VALUES (?)').run(hotkey);
    const { id } = this.#prepare('SELECT id FROM hotkey WHERE hotkey = ?').get(hotkey) as {
      id: number;
    };
    this.#hotkeys.set(hotkey, id);
    return id;
  }
}

function pairedFall(before: readonly number[], after: readonly number[]) {
  return pairedStatistics(pairedDifferences(Float64Array.from(before), Float64Array.from(after)), TAIL);
}

type Losses = Pick<DomainMeasurement, 'losses' | 'subModelLosses'>;

/** Fall of the sub-model's loss, and that less the whole model's; null where no group trains on the domain. */
function subModelGap(before: Losses, after: Losses) {
  if (before.subModelLosses === null || after.subModelLosses === null) return null;
  const falls = (from: readonly number[], to: readonly number[]): Float64Array =>
    pairedDifferences(Float64Array.from(from), Float64Array.from(to));
  const own = falls(before.subModelLosses, after.subModelLosses);
  const whole = falls(before.losses, after.losses);
  const gain = own.reduce((sum, value) => sum + value, 0) / own.length;
  return { gain, gap: pairedStatistics(pairedDifferences(own, whole), TAIL) };
}

/** A miner's part in its group's step of one round: its weight in the merge times the step's scale. */
function contributed({ group, mergeWeight }: MinerStory, groups: RoundStory['groups']): number {
  return mergeWeight * (groups.find((candidate) => candidate.group === group)?.scale ?? 0);
}

/** Null where nothing is there yet. Throws where the file is a database of something else. */
function archiveIdentity(database: DatabaseSync): string | null {
  const names = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  if (names.length === 0) return null;
  if (!names.some(({ name }) => name === 'meta')) throw new Error('it is a database of something else');
  const row = database.prepare("SELECT value FROM meta WHERE key = 'identity'").get();
  return (row?.value as string | undefined) ?? null;
}

function dropTables(database: DatabaseSync): void {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  for (const { name } of tables) database.exec(`DROP TABLE "${String(name).replaceAll('"', '""')}"`);
}

function pack(value: unknown): Uint8Array {
  return zstdCompressSync(JSON.stringify(value));
}

function unpack(bytes: Uint8Array): unknown {
  return JSON.parse(zstdDecompressSync(bytes, { maxOutputLength: MAX_STORY_BYTES }).toString('utf8'));
}
