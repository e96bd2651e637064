import type { RoundAnswer } from '../../api/schemas/rounds.ts';
import type { RunAnswer } from '../../api/schemas/run.ts';
import { billionths, bytes, milli, percent, seconds, shortHash, withSign, words } from '../data/format.ts';
import { pin } from '../data/preferences.ts';
import { useResource } from '../data/resource.ts';
import { linkTo } from '../data/route.ts';
import { Figure } from '../parts/figure.tsx';
import { Interval } from '../parts/interval.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { Person } from '../parts/person.tsx';
import { Reason } from '../parts/reason.tsx';
import { Table } from '../parts/table.tsx';

type Miner = RoundAnswer['miners'][number];
type Validator = RoundAnswer['validators'][number];
type Place = { readonly block: number; readonly index: number };

/** One round's whole story. */
export function RoundView({ round }: { round: number }) {
  const story = useResource<RoundAnswer>(`/rounds/${round}`, ['measured']);
  return <Loaded resource={story.value}>{(data) => <Story story={data} />}</Loaded>;
}

function Story({ story }: { story: RoundAnswer }) {
  const { round, miners, validators } = story;
  const sorted = [...miners].sort(
    (a, b) =>
      Number(b.hotkey === pin.value) - Number(a.hotkey === pin.value) ||
      (b.scoreNanoNats ?? -1) - (a.scoreNanoNats ?? -1),
  );
  return (
    <div class="stack">
      <Summary story={story} />
      <Panel title="Windows" note={<Figure of="seconds">by block timestamps</Figure>}>
        <ol class="timeline">
          {story.windows.map(({ name, firstBlock, lastBlock, startedAtMs, endedAtMs }) => (
            <li key={name}>
              <b>{name}</b>
              <span>
                {firstBlock === lastBlock ? `block ${firstBlock}` : `blocks ${firstBlock}–${lastBlock}`}
              </span>
              <Figure of="seconds" at={`blocks ${firstBlock - 1} to ${lastBlock}`}>
                {seconds((endedAtMs - startedAtMs) / 1000)}
              </Figure>
            </li>
          ))}
        </ol>
      </Panel>
      <Gains story={story} />
      <Panel title="Miners" note={`${miners.length} in round ${round}`}>
        <div class="cards">
          {sorted.map((miner) => (
            <MinerCard key={miner.hotkey} miner={miner} story={story} />
          ))}
        </div>
      </Panel>
      <Panel
        title="Merge"
        note={<Figure of="merge">votes on the step, and what each validator measured</Figure>}
      >
        <Merge story={story} />
      </Panel>
      <Panel title="Validators">
        <Validators validators={validators} story={story} />
      </Panel>
    </div>
  );
}

function nameIn({ names }: RoundAnswer, hotkey: string): string | null {
  return Object.hasOwn(names, hotkey) ? (names[hotkey] ?? null) : null;
}

function Summary({ story }: { story: RoundAnswer }) {
  const run = useResource<RunAnswer>('/run').value.data;
  const { round, outcome, agreed, state, parent, seed } = story;
  const command = run?.command.verify.replace('{round}', `${round}`);
  return (
    <Panel
      title={`Round ${round}`}
      note={
        <nav aria-label="Neighbouring rounds">
          {round > 0 && <a href={linkTo('rounds', round - 1)}>← {round - 1}</a>}{' '}
          <a href={linkTo('rounds')}>all</a> <a href={linkTo('rounds', round + 1)}>{round + 1} →</a>
        </nav>
      }
    >
      <dl class="facts wide-facts">
        <dt>outcome</dt>
        <dd class={outcome === 'canonical' ? 'good' : 'bad'}>
          {outcome === 'void'
            ? 'void: no state found a majority of stake; the one before stands'
            : agreed
              ? 'merged; all validators posted the same state'
              : 'merged; a majority of stake posted the same state'}
        </dd>
        <dt>state before</dt>
        <dd>
          <code class="break">{parent}</code>
        </dd>
        <dt>state after</dt>
        <dd>
          <Figure of="state" at={`round ${round}`} focusable>
            <code class="break">{state}</code>
          </Figure>
        </dd>
        <dt>evaluation seed</dt>
        <dd>
          hash of block {seed.block}: <code class="break">{seed.hash}</code>
        </dd>
        {command !== undefined && (
          <>
            <dt>check it yourself</dt>
            <dd>
              <code class="command">{command}</code>
            </dd>
          </>
        )}
      </dl>
    </Panel>
  );
}

/** What the round gave on the reporting texts, and what a sub-model would have made of it. */
function Gains({ story: { gains, round } }: { story: RoundAnswer }) {
  return (
    <Panel
      title="What the round gave"
      note={<Figure of="gain">millinats per token on the reporting texts, with 95 % intervals</Figure>}
    >
      <Table<RoundAnswer['gains'][number]>
        caption="Gain of the round by domain, of the whole model and of the sub-model"
        rows={[...gains].sort((a, b) => Number(b.trained) - Number(a.trained))}
        keyOf={({ domain }) => domain}
        empty="The states before and after this round were not both measured here."
        columns={[
          {
            title: 'domain',
            cell: ({ domain, trained }) => (trained ? domain : `${domain} (general)`),
          },
          {
            title: 'whole model',
            of: 'gain',
            align: 'right',
            cell: (step) => (
              <Figure of="gain" at={`round ${round}, ${step.domain}`}>
                <Interval step={step} />
              </Figure>
            ),
          },
          {
            title: 'sub-model',
            of: 'subModel',
            align: 'right',
            cell: ({ subModel }) => (subModel === null ? '–' : withSign(1000 * subModel.gain, 1)),
          },
          {
            title: 'gap',
            of: 'subModel',
            align: 'right',
            cell: ({ subModel }) =>
              subModel === null
                ? '–'
                : `${withSign(1000 * subModel.gap, 1)} (${withSign(1000 * subModel.low, 1)} to ${withSign(1000 * subModel.high, 1)})`,
          },
        ]}
      />
    </Panel>
  );
}

function Document({ hash, kind }: { hash: string; kind: string }) {
  return (
    <a href={`/api/v1/artifacts/${hash}`} title={`${kind} ${hash}`} rel="noopener">
      <code>{shortHash(hash)}</code>
    </a>
  );
}

function At({ place, what }: { place: Place | null; what: string }) {
  return place === null ? (
    <span class="bad">no {what}</span>
  ) : (
    <Figure of="note" at={`${what}: note ${place.index} of block ${place.block}`}>
      {what} in block {place.block}
    </Figure>
  );
}

function MinerCard({ miner, story }: { miner: Miner; story: RoundAnswer }) {
  const { uid, hotkey, domain, scoreNanoNats, reason, detail, commit, reveal, outcomes } = miner;
  const paid = (scoreNanoNats ?? 0) > 0;
  return (
    <details class={`card ${hotkey === pin.value ? 'own' : ''}`} open={hotkey === pin.value}>
      <summary>
        <span class="card-who">
          uid {uid} <Person hotkey={hotkey} name={nameIn(story, hotkey)} />
        </span>
        <span class="quiet">{domain}</span>
        <Figure
          of="score"
          at={`round ${story.round}, ${outcomes.length} reports`}
          class={`card-score ${paid ? 'good' : 'bad'}`}
        >
          <b>{milli(scoreNanoNats)}</b>
        </Figure>
        <span class="card-why">
          {reason === null ? `merged, ${percent(miner.mergeWeight, 0)} of its group` : words(reason)}
        </span>
      </summary>
      <p class="chain">
        <At place={commit} what="commitment" /> → <At place={reveal} what="reveal" />
        {reveal !== null && (
          <>
            {' '}
            <Document hash={reveal.document} kind="reveal document" />
          </>
        )}{' '}
        · <Figure of="bytes">{bytes(miner.bytesSent)}</Figure> ·{' '}
        <Figure of="incentive">incentive {billionths(miner.incentive)}</Figure> ·{' '}
        <Figure of="marginal">marginal {milli(miner.marginalNanoNats, true)}</Figure>
      </p>
      {reason !== null && <Reason code={reason} detail={detail} />}
      <Table
        caption={`What each validator measured of uid ${uid}`}
        rows={outcomes}
        keyOf={({ validator }) => validator}
        empty="No counted report speaks of it."
        columns={[
          { title: 'validator', cell: ({ validator }) => `uid ${validator}` },
          {
            title: 'found',
            of: 'measured',
            cell: (row) => `${row.kind}${row.reason === null ? '' : `: ${words(row.reason)}`}`,
          },
          {
            title: 'reduction',
            of: 'measured',
            align: 'right',
            cell: (row) => milli(row.meanNanoNats, true),
          },
          {
            title: 'bounds',
            of: 'measured',
            align: 'right',
            wide: true,
            cell: (row) =>
              row.lowerNanoNats === null
                ? '–'
                : `${milli(row.lowerNanoNats, true)} to ${milli(row.upperNanoNats, true)}`,
          },
          {
            title: 'general rise',
            of: 'measured',
            align: 'right',
            wide: true,
            cell: (row) => milli(row.generalRiseNanoNats, true),
          },
          {
            title: 'worst',
            of: 'measured',
            align: 'right',
            wide: true,
            cell: (row) => milli(row.worstRiseNanoNats, true),
          },
          {
            title: 'charge',
            of: 'measured',
            align: 'right',
            wide: true,
            cell: (row) => milli(row.chargeNanoNats),
          },
          { title: 'score', of: 'measured', align: 'right', cell: (row) => milli(row.scoreNanoNats) },
          {
            title: 'copy of',
            wide: true,
            cell: ({ copyOf }) =>
              copyOf === null ? '' : <Person hotkey={copyOf} name={nameIn(story, copyOf)} />,
          },
        ]}
      />
    </details>
  );
}

function Merge({ story }: { story: RoundAnswer }) {
  const { groups, miners } = story;
  return (
    <div class="grid three">
      {groups.map(({ group, mergedUpdates, scale, votes }, color) => {
        const merged = miners.filter((miner) => miner.group === group && miner.mergeWeight > 0);
        return (
          <div key={group}>
            <h3>
              {group}: {mergedUpdates} {mergedUpdates === 1 ? 'update' : 'updates'},{' '}
              {scale === 0 ? 'no step' : `step × ${scale}`}
            </h3>
            <ul class="weights">
              {merged.map(({ uid, hotkey, mergeWeight }) => (
                <li key={uid}>
                  <Person hotkey={hotkey} name={nameIn(story, hotkey)} />
                  <meter class={`series-${color}`} min={0} max={1} value={mergeWeight} aria-hidden="true" />
                  <Figure of="weight" at={`round ${story.round}, group ${group}`}>
                    {percent(mergeWeight)}
                  </Figure>
                </li>
              ))}
            </ul>
            <Table
              caption={`Votes on the step of ${group}`}
              rows={votes}
              keyOf={({ validator }) => validator}
              empty="No vote."
              columns={[
                { title: 'validator', cell: ({ validator }) => `uid ${validator}` },
                {
                  title: 'vote',
                  of: 'merge',
                  align: 'right',
                  cell: (vote) => (vote.scale === null ? 'no step' : `× ${vote.scale}`),
                },
                {
                  title: 'gain measured',
                  of: 'measured',
                  align: 'right',
                  cell: (vote) =>
                    milli(vote.measured.find((row) => row.scale === vote.scale)?.gainNanoNats ?? null, true),
                },
              ]}
            />
          </div>
        );
      })}
    </div>
  );
}

function Validators({ validators, story }: { validators: readonly Validator[]; story: RoundAnswer }) {
  return (
    <Table<Validator>
      caption="What each validator posted in this round"
      rows={validators}
      keyOf={({ hotkey }) => hotkey}
      columns={[
        { title: 'uid', align: 'right', cell: ({ uid }) => uid },
        {
          title: 'validator',
          cell: ({ hotkey }) => <Person hotkey={hotkey} name={nameIn(story, hotkey)} link={false} />,
        },
        {
          title: 'report',
          of: 'lateness',
          cell: ({ report }) => (
            <>
              <Figure
                of="lateness"
                at={
                  report.place === null
                    ? undefined
                    : `note ${report.place.index} of block ${report.place.block}`
                }
              >
                {words(report.status)}
              </Figure>{' '}
              {report.document !== null && <Document hash={report.document} kind="report" />}
            </>
          ),
        },
        {
          title: 'merge report',
          wide: true,
          cell: ({ vote }) =>
            vote === null ? (
              <span class="bad">no vote</span>
            ) : (
              <Document hash={vote.mergeReport} kind="merge report" />
            ),
        },
        {
          title: 'state',
          of: 'state',
          cell: ({ state }) =>
            state === null ? (
              <span class="bad">none</span>
            ) : (
              <Figure
                of="state"
                at={`${state.state}, note ${state.index} of block ${state.block}`}
                class={state.state === story.state ? 'good' : 'bad'}
              >
                <code>{shortHash(state.state)}</code>
              </Figure>
            ),
        },
        {
          title: 'agreement',
          of: 'agreement',
          align: 'right',
          cell: ({ agreement: { same, judged } }) => `${same} of ${judged}`,
        },
        {
          title: 'distance',
          of: 'deviation',
          align: 'right',
          wide: true,
          cell: ({ agreement }) => milli(agreement.meanDeviationNanoNats),
        },
        {
          title: 'dividends',
          of: 'dividends',
          align: 'right',
          wide: true,
          cell: ({ dividends }) => billionths(dividends),
        },
      ]}
    />
  );
}
