import { signal } from '@preact/signals';
import type { MarketAnswer } from '../../api/schemas/market.ts';
import { bytes, clockTime, gainWithInterval, integer, shortHash } from '../data/format.ts';
import { useResource } from '../data/resource.ts';
import { linkTo } from '../data/route.ts';
import { Figure } from '../parts/figure.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { Person } from '../parts/person.tsx';
import { type Column, Table } from '../parts/table.tsx';

type Package = MarketAnswer['packages'][number];
type Statement = MarketAnswer['statements'][number];

const search = signal('');
/** Ids of the packages beside each other, in the order they were chosen. */
const compared = signal<readonly string[]>([]);

export function MarketView() {
  const market = useResource<MarketAnswer>('/market', ['market']);
  return (
    <Loaded resource={market.value}>
      {(data) =>
        data.readAtMs === null ? (
          <Panel title="Market">
            <p class="quiet">
              {data.configured
                ? 'The market could not be read yet.'
                : 'No market is shown here: start the dashboard with --market INDEX.'}
            </p>
          </Panel>
        ) : (
          <div class="stack">
            <Packages market={data} />
            <Comparison packages={data.packages} />
            <Statements statements={data.statements} />
          </div>
        )
      }
    </Loaded>
  );
}

function specOf({ name, version }: Pick<Package, 'name' | 'version'>): string {
  return `${name}@${version}`;
}

function fits({ name, domain, description }: Package): boolean {
  const text = `${name} ${domain} ${description}`.toLowerCase();
  return search.value
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function Packages({ market: { packages, index, readAtMs } }: { market: MarketAnswer }) {
  return (
    <Panel
      title="Packages"
      note={
        <Figure of="package" at={index ?? undefined}>
          {integer(packages.length)} in the index, read at {clockTime(readAtMs ?? 0)}; the surest gain first
        </Figure>
      }
    >
      <form class="controls" onSubmit={(event) => event.preventDefault()}>
        <label>
          Search
          <input
            type="search"
            maxLength={64}
            value={search.value}
            placeholder="name, domain or description"
            onInput={(event) => {
              search.value = event.currentTarget.value;
            }}
          />
        </label>
      </form>
      <Table<Package>
        caption="Packages on offer"
        rows={packages.filter(fits)}
        keyOf={({ id }) => id}
        rowClass={({ status }) => (status === 'active' ? '' : 'faded')}
        empty="No package fits."
        columns={[{ title: 'compare', cell: (each) => <Choose each={each} /> }, ...PROPERTIES]}
      />
    </Panel>
  );
}

function Choose({ each }: { each: Package }) {
  const chosen = compared.value.includes(each.id);
  return (
    <input
      type="checkbox"
      checked={chosen}
      aria-label={`Compare ${specOf(each)}`}
      onChange={() => {
        compared.value = chosen
          ? compared.value.filter((id) => id !== each.id)
          : [...compared.value, each.id];
      }}
    />
  );
}

/** What packages are compared by. */
const PROPERTIES: readonly Column<Package>[] = [
  {
    title: 'package',
    of: 'package',
    cell: (each) => (
      <Figure of="package" at={`package id ${each.id}`}>
        <b class="stranger">{specOf(each)}</b>
      </Figure>
    ),
  },
  { title: 'status', of: 'packageStatus', cell: (each) => <Status each={each} /> },
  { title: 'domain', cell: ({ domain }) => <span class="stranger">{domain}</span> },
  {
    title: 'gain (95 %)',
    of: 'packageGain',
    align: 'right',
    cell: ({ gain }) => (
      <Figure of="packageGain" class={(gain?.lowerNanoNats ?? 0) > 0 ? 'good' : ''}>
        {gainWithInterval(gain)}
      </Figure>
    ),
  },
  {
    title: 'worst general',
    of: 'packageCost',
    align: 'right',
    cell: ({ worstGeneral }) => (
      <Figure
        of="packageCost"
        at={worstGeneral?.domain}
        class={(worstGeneral?.upperNanoNats ?? 0) < 0 ? 'bad' : ''}
      >
        {gainWithInterval(worstGeneral)}
      </Figure>
    ),
  },
  {
    title: 'base',
    of: 'package',
    wide: true,
    cell: ({ base, architecture }) => (
      <span title={`${architecture}, base model ${base}`}>
        <code>{shortHash(base)}</code>
      </span>
    ),
  },
  {
    title: 'experts',
    of: 'package',
    align: 'right',
    wide: true,
    cell: ({ experts, parameters }) => (
      <Figure of="package" at={`${integer(parameters)} parameters`}>
        {experts}
      </Figure>
    ),
  },
  { title: 'size', of: 'package', align: 'right', wide: true, cell: ({ sizeBytes }) => bytes(sizeBytes) },
  { title: 'licence', wide: true, cell: ({ licence }) => <span class="stranger">{licence}</span> },
  {
    title: 'price / M tokens',
    of: 'price',
    align: 'right',
    cell: ({ pricePerMillionTokens }) => integer(pricePerMillionTokens),
  },
  { title: 'lineage', of: 'lineage', wide: true, cell: (each) => <Lineage each={each} /> },
  {
    title: 'signed by',
    of: 'package',
    wide: true,
    cell: ({ signers, publisher }) => (
      <ul class="plain">
        {signers.map(({ hotkey, name }) => (
          <li key={hotkey}>
            <Person hotkey={hotkey} name={name} link={false} />
            {hotkey === publisher.hotkey && ' (publisher)'}
          </li>
        ))}
      </ul>
    ),
  },
];

function Status({ each: { status, notice } }: { each: Package }) {
  const kind = status === 'active' ? 'good' : status === 'revoked' ? 'bad' : '';
  const at = notice === null ? 'no notice' : `notice ${notice.sequence}, ${notice.kind}`;
  return (
    <>
      <Figure of="packageStatus" at={at} class={kind}>
        {status}
      </Figure>
      {notice !== null && status !== 'active' && (
        <>
          <br />
          <span class="stranger">
            {notice.reason}
            {notice.replacement !== null && ` Instead: ${notice.replacement}`}
          </span>
        </>
      )}
    </>
  );
}

function Lineage({ each: { mergedRounds, miners, run, ofThisRun } }: { each: Package }) {
  const says = `${mergedRounds} rounds, ${miners} miners`;
  return (
    <Figure of="lineage" at={`run ${run}`}>
      {says}, {ofThisRun ? <a href={linkTo('rounds')}>this run</a> : <code>{shortHash(run)}</code>}
    </Figure>
  );
}

/** A column for each chosen package, so that one property's values stand beside each other. */
function Comparison({ packages }: { packages: readonly Package[] }) {
  const chosen = compared.value.flatMap((id) => packages.find((each) => each.id === id) ?? []);
  const rows = [
    ...PROPERTIES.slice(1),
    { title: 'description', cell: ({ description }: Package) => <span class="stranger">{description}</span> },
    {
      title: 'channels',
      cell: ({ channels }: Package) => <span class="stranger">{channels.join(', ')}</span>,
    },
    { title: 'package id', cell: ({ id }: Package) => <code class="break">{id}</code> },
  ];
  if (chosen.length === 0) return null;
  return (
    <Panel
      title="Comparison"
      note={
        <button
          type="button"
          onClick={() => {
            compared.value = [];
          }}
        >
          Clear
        </button>
      }
    >
      <div class="table-box">
        <table class="data">
          <caption class="sr-only">Chosen packages beside each other</caption>
          <thead>
            <tr>
              <th scope="col">property</th>
              {chosen.map((each) => (
                <th key={each.id} scope="col">
                  <span class="stranger">{specOf(each)}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ title, cell }) => (
              <tr key={title}>
                <th scope="row">{title}</th>
                {chosen.map((each) => (
                  <td key={each.id}>{cell(each)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Statements({ statements }: { statements: readonly Statement[] }) {
  return (
    <Panel title="Settlement" note={<Figure of="statement">amounts in the ledger’s smallest unit</Figure>}>
      <Table<Statement>
        caption="Statements of what servers owe"
        rows={statements}
        keyOf={({ hash }) => hash}
        empty="No statement is shown here: name some with --statements."
        columns={[
          {
            title: 'server',
            cell: ({ server }) => <Person hotkey={server.hotkey} name={server.name} link={false} />,
          },
          {
            title: 'no.',
            of: 'statement',
            align: 'right',
            cell: ({ number, hash, file }) => (
              <Figure of="statement" at={`${file}, hash ${hash}`}>
                {number}
              </Figure>
            ),
          },
          {
            title: 'receipts',
            of: 'statement',
            align: 'right',
            wide: true,
            cell: ({ receipts: { first, end, head } }) => (
              <Figure of="statement" at={`last receipt ${head}`}>
                {first}–{end - 1}
              </Figure>
            ),
          },
          {
            title: 'tokens',
            of: 'statement',
            align: 'right',
            cell: ({ tokens, baseTokens }) => (
              <Figure of="statement" at={`the base model’s own experts took part in ${integer(baseTokens)}`}>
                {integer(tokens)}
              </Figure>
            ),
          },
          { title: 'owed', of: 'statement', align: 'right', cell: ({ total }) => <b>{integer(total)}</b> },
          { title: 'payment', of: 'payment', cell: ({ payment }) => <Payment payment={payment} /> },
          { title: 'for whose work', cell: (statement) => <Shares statement={statement} /> },
        ]}
      />
    </Panel>
  );
}

function Payment({ payment }: { payment: Statement['payment'] }) {
  switch (payment.kind) {
    case 'paid':
      return (
        <Figure of="payment" at={`block ${payment.block}`} class="good">
          paid in block {payment.block}
        </Figure>
      );
    case 'unpaid':
      return (
        <Figure of="payment" at={`none up to block ${payment.upToBlock}`} class="bad">
          not paid
        </Figure>
      );
    case 'nothing':
      return (
        <Figure of="payment" class="quiet">
          less than a unit, carried
        </Figure>
      );
    case 'unknown':
      return <span class="quiet">not on this ledger</span>;
  }
}

function Shares({ statement: { packages, payees, number } }: { statement: Statement }) {
  return (
    <details>
      <summary>
        {packages.length} packages, {payees.length} payees
      </summary>
      <Table
        caption={`Packages of statement ${number}`}
        rows={packages}
        keyOf={({ id }) => id}
        columns={[
          { title: 'package', cell: (each) => <span class="stranger">{specOf(each)}</span> },
          { title: 'tokens', of: 'statement', align: 'right', cell: ({ tokens }) => integer(tokens) },
          { title: 'amount', of: 'statement', align: 'right', cell: ({ amount }) => integer(amount) },
        ]}
      />
      <Table
        caption={`Payees of statement ${number}`}
        rows={payees}
        keyOf={({ hotkey }) => hotkey}
        columns={[
          { title: 'miner', cell: ({ hotkey, name }) => <Person hotkey={hotkey} name={name} /> },
          { title: 'amount', of: 'statement', align: 'right', cell: ({ amount }) => integer(amount) },
        ]}
      />
    </details>
  );
}
