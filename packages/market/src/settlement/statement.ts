import {
  type CanonicalValue,
  decodeCanonical,
  differingFields,
  encodeCanonical,
  type Hotkey,
  hotkeySchema,
  isSignedBy,
  type Sign,
  signatureSchema,
  signDocument,
  taggedHashHex,
  type Verify,
  verifySr25519,
} from '@connito/protocol';
import { z } from 'zod';
import { marketError } from '../errors.ts';
import { largestRemainder } from '../largest-remainder.ts';
import {
  type ExpertManifest,
  type PackageId,
  packageIdOf,
  packageIdSchema,
} from '../package/expert-manifest.ts';
import { packageNameSchema, packageVersionSchema } from '../package/package-name.ts';
import { type SignedReceipt, verifyReceipts } from '../receipt/receipt.ts';

const STATEMENT_FORMAT = 'connito/1/statement';
const MAX_STATEMENT_BYTES = 16 << 20;
/** What a signature and the names around it add, rounded up. */
const SIGNATURE_BYTES = 256;
/** Packages of a statement, and payees of a package or of all. */
const MAX_ROWS = 65_536;
/** Prices are for so many tokens. */
const TOKENS_PER_PRICE = 1_000_000n;

const count = z.int().min(0);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const payee = z.strictObject({ hotkey: hotkeySchema, amount: z.int().min(1) });

const statementSchema = z.strictObject({
  format: z.literal(STATEMENT_FORMAT),
  /** Whose receipts these are, and who owes the sums. */
  server: hotkeySchema,
  /** From 0 for the server's first statement. */
  number: count,
  /** Hash of the statement before, or null. */
  previous: digest.nullable(),
  /** Receipts `first..end`, the end excluded, of the server's log; `head` is the last one's hash. */
  receipts: z.strictObject({ first: count, end: count, head: digest }),
  /** What was owed before in parts of a unit that no payment could hold: millionths of the smallest unit. */
  broughtMillionths: count.max(999_999),
  carriedMillionths: count.max(999_999),
  /** All tokens of the answers, prompts included, and those that the base model's own experts took part in. */
  tokens: count,
  baseTokens: count,
  /** By package id. */
  packages: z
    .array(
      z.strictObject({
        id: packageIdSchema,
        name: packageNameSchema,
        version: packageVersionSchema,
        tokens: count,
        pricePerMillionTokens: count,
        amount: count,
        /** By hotkey; those whose part is less than a unit are absent. */
        payees: z.array(payee),
      }),
    )
    .max(MAX_ROWS),
  /** The same, summed over packages, by hotkey. */
  payees: z.array(payee).max(MAX_ROWS),
  total: count,
});

/** What a server owes for a range of its receipts, to the last unit. Anybody with the receipts computes the same bytes. */
export type Statement = z.infer<typeof statementSchema>;

const signedSchema = z.strictObject({ statement: statementSchema, signature: signatureSchema });
export type SignedStatement = z.infer<typeof signedSchema>;

/** The packages whose terms a statement needs, by id: verified manifests. */
export type Terms = ReadonlyMap<PackageId, ExpertManifest>;

export function termsOf(manifests: Iterable<ExpertManifest>): Terms {
  return new Map([...manifests].map((manifest) => [packageIdOf(manifest), manifest]));
}

/**
 * The statement that follows from a server's receipts, all of them from the first one, and from the statement before. A package
 * earns its price for the tokens it took part in; the sum is split over the packages, and each package's part over the miners
 * of its lineage by their shares, both by largest remainder. Fails with `receipts_corrupt`, or with `document_refused` where a
 * package's terms are not known or nothing is new.
 */
export function statementOf(
  receipts: readonly SignedReceipt[],
  terms: Terms,
  previous: Statement | null,
  server: Hotkey,
  verify: Verify = verifySr25519,
): Statement {
  const head = verifyReceipts(receipts, server, verify);
  const first = previous?.receipts.end ?? 0;
  requireContinuation(receipts, previous, server);
  if (head.length <= first) throw refuse(`there is no receipt after number ${first - 1}`);

  const used = new Map<PackageId, bigint>();
  let tokens = 0n;
  let baseTokens = 0n;
  for (const { receipt } of receipts.slice(first)) {
    const { promptTokens, completionTokens, experts } = receipt.usage;
    tokens += BigInt(promptTokens) + BigInt(completionTokens);
    for (const [id, answered] of Object.entries(experts)) {
      if (id === 'base') baseTokens += BigInt(answered);
      else used.set(id as PackageId, (used.get(id as PackageId) ?? 0n) + BigInt(answered));
    }
  }
  const claims = [...used]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, answered]) => {
      const manifest = terms.get(id);
      if (manifest === undefined) {
        throw refuse(`the terms of package ${id} are not known; name a folder that has it with --packages`);
      }
      return { key: { id, manifest, answered }, weight: answered * BigInt(manifest.pricePerMillionTokens) };
    });
  const brought = BigInt(previous?.carriedMillionths ?? 0);
  const owed = brought + claims.reduce((sum, { weight }) => sum + weight, 0n);
  // With nothing sold there is nobody to pay what was carried to; it waits.
  const total = claims.some(({ weight }) => weight > 0n) ? owed / TOKENS_PER_PRICE : 0n;
  const sums = new Map<Hotkey, bigint>();
  const packages = [...largestRemainder(total, claims)].map(([{ id, manifest, answered }, amount]) => {
    const shares = manifest.lineage.miners.map(({ hotkey, share }) => ({
      key: hotkey,
      weight: BigInt(share),
    }));
    const parts = [...largestRemainder(amount, shares)].filter(([, part]) => part > 0n);
    for (const [hotkey, part] of parts) sums.set(hotkey, (sums.get(hotkey) ?? 0n) + part);
    return {
      id,
      name: manifest.name,
      version: manifest.version,
      tokens: exact(answered),
      pricePerMillionTokens: manifest.pricePerMillionTokens,
      amount: exact(amount),
      payees: parts.map(([hotkey, part]) => ({ hotkey, amount: exact(part) })),
    };
  });
  return {
    format: STATEMENT_FORMAT,
    server,
    number: previous === null ? 0 : previous.number + 1,
    previous: previous === null ? null : statementHashOf(previous),
    receipts: { first, end: head.length, head: head.hash },
    broughtMillionths: Number(brought),
    carriedMillionths: Number(owed - total * TOKENS_PER_PRICE),
    tokens: exact(tokens),
    baseTokens: exact(baseTokens),
    packages,
    payees: [...sums]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([hotkey, amount]) => ({ hotkey, amount: exact(amount) })),
    total: exact(total),
  };
}

/** The receipts that the statement before covered must be the ones these begin with. */
function requireContinuation(
  receipts: readonly SignedReceipt[],
  previous: Statement | null,
  server: Hotkey,
): void {
  if (previous === null) return;
  const { end, head } = previous.receipts;
  if (previous.server !== server) throw refuse(`the statement before is one of ${previous.server}`);
  // The receipt after the covered ones names the last of them, and so all.
  const next = receipts[end];
  if (next === undefined || next.receipt.previous === head) return;
  throw marketError('receipts_corrupt', 'These are not the receipts that the statement before covers.', {
    end,
  });
}

function exact(amount: bigint): number {
  if (amount <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(amount);
  throw refuse(`a sum of ${amount} is more than any ledger holds; make statements of fewer receipts`);
}

/** Names a statement; the reference of the payment that settles it. */
export function statementHashOf(statement: Statement): string {
  return taggedHashHex(STATEMENT_FORMAT, encodeCanonical(statement as CanonicalValue));
}

/** Fails with `document_refused` where the statement is larger than anybody would read. */
export async function signStatement(statement: Statement, sign: Sign): Promise<SignedStatement> {
  const isReadable =
    statementSchema.safeParse(statement).success &&
    encodeCanonical(statement as CanonicalValue).length + SIGNATURE_BYTES <= MAX_STATEMENT_BYTES;
  if (!isReadable) {
    const { packages, payees } = statement;
    throw refuse(
      `${packages.length} packages and ${payees.length} payees do not fit one; serve packages of fewer miners from one server`,
    );
  }
  return { statement, signature: await signDocument(STATEMENT_FORMAT, statement as CanonicalValue, sign) };
}

export function encodeStatement(signed: SignedStatement): Uint8Array {
  return encodeCanonical(signed as CanonicalValue);
}

/** Reads a statement, its server's signature checked, and not yet whether it is right. Fails with `document_refused`. */
export function decodeStatement(bytes: Uint8Array, verify: Verify = verifySr25519): SignedStatement {
  let value: unknown;
  try {
    value = decodeCanonical(bytes, { maxBytes: MAX_STATEMENT_BYTES });
  } catch (cause) {
    throw refuse('it is not canonical JSON', cause);
  }
  const parsed = signedSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(`${issue?.path.join('.') || 'it'}: ${issue?.message}`);
  }
  const { statement, signature } = parsed.data;
  if (isSignedBy(statement.server, STATEMENT_FORMAT, statement as CanonicalValue, signature, verify)) {
    return parsed.data;
  }
  throw refuse(`it is not signed by ${statement.server}`);
}

/** Computes a statement anew from the receipts. Fails with `statement_differs`, naming the fields. */
export function requireStatement(
  statement: Statement,
  receipts: readonly SignedReceipt[],
  terms: Terms,
  previous: Statement | null,
  verify: Verify = verifySr25519,
): void {
  // The log may have grown since.
  const covered = receipts.slice(0, statement.receipts.end);
  const last = covered.at(-1);
  if (covered.length < statement.receipts.end || last === undefined) {
    const message = `The statement covers ${statement.receipts.end} receipts; the log has ${receipts.length}.`;
    throw marketError('statement_differs', message);
  }
  // The whole log's last signature vouches for all of it, these included.
  verifyReceipts(receipts, statement.server, verify);
  const own = statementOf(covered, terms, previous, statement.server, verify);
  const differing = differingFields(own, statement);
  if (differing.length === 0) return;
  const message = `The statement does not follow from the receipts; these fields differ: ${differing.slice(0, 10).join(', ')}.`;
  throw marketError('statement_differs', message, { fields: differing.length });
}

function refuse(why: string, cause?: unknown) {
  return marketError('document_refused', `The statement is refused: ${why}.`, {}, cause);
}
