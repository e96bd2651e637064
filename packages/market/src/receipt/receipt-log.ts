import { createReadStream } from 'node:fs';
import { constants, type FileHandle, mkdir, open, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError, type Keypair, lockFile, syncDirectory, systemCode } from '@connito/node';
import { concatBytes, type Hotkey, type Verify, verifySr25519 } from '@connito/protocol';
import { marketError } from '../errors.ts';
import {
  type ChainHead,
  decodeReceipt,
  EMPTY_CHAIN,
  encodeReceipt,
  isReceiptSigned,
  MAX_RECEIPT_BYTES,
  nextHead,
  parseUsage,
  type SignedReceipt,
  signReceipt,
  type Usage,
} from './receipt.ts';

const NEWLINE = 0x0a;

type Waiting = {
  readonly usage: Usage;
  readonly resolve: (signed: SignedReceipt) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * A server's receipts in one file, one line of canonical JSON each, only ever appended to. What `append` resolves with is on
 * the disk. Receipts that come together are synced together.
 *
 * @example
 * await using receipts = await ReceiptLog.open('receipts.jsonl', keypair);
 * await receipts.append({ requestId, model, promptTokens, completionTokens, experts, issuedAtMs });
 */
export class ReceiptLog implements AsyncDisposable {
  readonly path: string;
  readonly #keypair: Keypair;
  readonly #file: FileHandle;
  readonly #lock: Disposable;
  #head: ChainHead;
  #sizeBytes: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #failure: unknown = null;

  private constructor(
    opened: { readonly path: string; readonly file: FileHandle; readonly lock: Disposable },
    keypair: Keypair,
    written: { readonly head: ChainHead; readonly sizeBytes: number },
  ) {
    this.path = opened.path;
    this.#file = opened.file;
    this.#lock = opened.lock;
    this.#keypair = keypair;
    this.#head = written.head;
    this.#sizeBytes = written.sizeBytes;
  }

  /**
   * Opens or begins a log for this process alone, checking all of it. A last line that a crash cut short is dropped: nobody was
   * told of it. Fails with `receipts_in_use` where another server has it open, and with `receipts_corrupt` where the log was
   * changed or is another server's.
   */
  static async open(path: string, keypair: Keypair, verify: Verify = verifySr25519): Promise<ReceiptLog> {
    await using opening = new AsyncDisposableStack();
    await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
      throw fileError(error, dirname(path));
    });
    const file = opening.use(await openForWriting(path));
    // By its one true name, and before anything is read: another server's log goes on growing.
    const lock = lockFile(await realpath(path));
    if (lock === null) throw inUse(path);
    opening.use(lock);
    const { size } = await file.stat();
    let head = EMPTY_CHAIN;
    let last: SignedReceipt | null = null;
    let sizeBytes = 0;
    for await (const { signed, endsAt } of readLines(path)) {
      head = nextHead(head, signed, keypair.hotkey);
      last = signed;
      sizeBytes = endsAt;
    }
    if (last !== null) requireSigned(last, verify);
    if (size !== (await file.stat()).size || size < sizeBytes) throw inUse(path);
    await file.truncate(sizeBytes);
    await file.sync();
    await syncDirectory(dirname(path));
    opening.move();
    return new ReceiptLog({ path, file, lock }, keypair, { head, sizeBytes });
  }

  /** How many receipts there are on the disk, and the last one's hash. */
  get head(): ChainHead {
    return this.#head;
  }

  /**
   * Signs a usage and appends it. Fails with `document_refused` for a malformed usage, with `disk_full`, or with
   * `receipts_in_use` where somebody else wrote to the file; after either of these two the log takes nothing more.
   */
  append(usage: Usage): Promise<SignedReceipt> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ usage, resolve, reject });
      if (!this.#isWriting) this.#writing = this.#writeAll();
    });
  }

  /** Waits for what is being written, then lets go of the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    await this.#file.close();
    this.#lock[Symbol.dispose]();
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      const signed: { readonly entry: Waiting; readonly receipt: SignedReceipt }[] = [];
      let head = this.#head;
      try {
        if (this.#failure !== null) throw this.#failure;
        for (const entry of batch) {
          let usage: ReturnType<typeof parseUsage>;
          try {
            usage = parseUsage(entry.usage);
          } catch (error) {
            entry.reject(error);
            continue;
          }
          const { length, hash } = head;
          const receipt = { sequence: length, previous: hash, server: this.#keypair.hotkey, usage };
          const made = await signReceipt(receipt, this.#keypair.sign);
          signed.push({ entry, receipt: made });
          head = nextHead(head, made, this.#keypair.hotkey);
        }
        await this.#write(signed.map(({ receipt }) => receipt));
        this.#head = head;
        for (const { entry, receipt } of signed) entry.resolve(receipt);
      } catch (error) {
        // Half a batch may be on the disk: only opening the log anew can tell.
        this.#failure = error;
        for (const { reject } of batch) reject(error);
      }
    }
    // In the same step that found nobody waiting: whoever comes now starts anew.
    this.#isWriting = false;
  }

  async #write(receipts: readonly SignedReceipt[]): Promise<void> {
    const lines = concatBytes(receipts.flatMap((signed) => [encodeReceipt(signed), Uint8Array.of(NEWLINE)]));
    if ((await this.#file.stat()).size !== this.#sizeBytes) throw inUse(this.path);
    try {
      for (let offset = 0; offset < lines.length; ) {
        const place = this.#sizeBytes + offset;
        offset += (await this.#file.write(lines, offset, lines.length - offset, place)).bytesWritten;
      }
      await this.#file.datasync();
    } catch (error) {
      throw fileError(error, this.path);
    }
    this.#sizeBytes += lines.length;
  }
}

/** Made where it is missing. Without the append flag: every write names its place, so that another writer is noticed. */
async function openForWriting(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * A log's receipts, each checked to follow the one before it, and the last one's signature. Fails with `receipts_corrupt`;
 * a last line without its end is not read.
 */
export async function readReceipts(
  path: string,
  server: Hotkey | null = null,
  verify: Verify = verifySr25519,
): Promise<SignedReceipt[]> {
  const receipts: SignedReceipt[] = [];
  let head = EMPTY_CHAIN;
  for await (const { signed } of readLines(path)) {
    head = nextHead(head, signed, server ?? receipts[0]?.receipt.server ?? signed.receipt.server);
    receipts.push(signed);
  }
  const last = receipts.at(-1);
  if (last !== undefined) requireSigned(last, verify);
  return receipts;
}

function requireSigned(signed: SignedReceipt, verify: Verify): void {
  if (isReceiptSigned(signed, verify)) return;
  const { sequence, server } = signed.receipt;
  const message = `Receipt ${sequence} carries no signature of ${server} that fits: it was changed.`;
  throw marketError('receipts_corrupt', message, { sequence });
}

/** Whole lines of a log and where each ends, in bytes; none where there is no file. */
async function* readLines(
  path: string,
): AsyncGenerator<{ readonly signed: SignedReceipt; readonly endsAt: number }> {
  let rest = new Uint8Array(0);
  let endsAt = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
      let bytes = rest.length === 0 ? chunk : concatBytes([rest, chunk]);
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
        endsAt += end + 1;
        yield { signed: lineOf(bytes.subarray(0, end), path), endsAt };
        bytes = bytes.subarray(end + 1);
      }
      if (bytes.length > MAX_RECEIPT_BYTES) throw corrupt(path, 'a line is longer than any receipt');
      rest = bytes.slice();
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

function inUse(path: string) {
  const message = `Another process writes to ${path}. One server keeps one log: stop the other, or give this one a log of its own.`;
  return marketError('receipts_in_use', message, { path });
}

function lineOf(bytes: Uint8Array, path: string): SignedReceipt {
  try {
    return decodeReceipt(bytes);
  } catch (cause) {
    throw corrupt(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function corrupt(path: string, why: string, cause?: unknown) {
  return marketError('receipts_corrupt', `${path} holds a line that is no receipt: ${why}`, { path }, cause);
}
