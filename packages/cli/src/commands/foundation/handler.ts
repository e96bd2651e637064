import { access, appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createTokenizer,
  type Domain,
  FOUNDATION_RECIPE,
  FOUNDATION_TOKENIZER,
  type FoundationProgress,
  type FoundationRecipe,
  loadCorpusParts,
  loadTokenizer,
  type Tokenizer,
  tokenizerConfig,
  trainFoundation,
  trainTokenizer,
} from '@connito/model';
import { fileError, writeDurably } from '@connito/node';
import { utf8 } from '@connito/protocol';
import { type CommandContext, stopSignal } from '../../command/context.ts';
import { cliError } from '../../errors.ts';
import { EXIT_CODES, type ExitCode } from '../../exit-codes.ts';
import { formatLoss, formatSeconds } from '../../view/text.ts';
import { modelCard } from './model-card.ts';
import type { TrainFoundationOptions } from './options.ts';

const SAVE_EVERY_STEPS = 100;
const EVALUATE_EVERY_STEPS = 100;

/** Pretrains a foundation model; asked to stop, it saves its state and ends in order. */
export async function trainFoundationModel(
  options: TrainFoundationOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { out, threads, steps = FOUNDATION_RECIPE.steps } = options;
  const recipe: FoundationRecipe = { ...FOUNDATION_RECIPE, steps };
  if (recipe.sequencesPerStep % threads !== 0) {
    const message = `--threads: ${threads} does not divide the ${recipe.sequencesPerStep} sequences of a step`;
    throw cliError('invalid_option', message);
  }
  await requireFolder(out, options.resume === true);
  const write = progressWriter(options, context);
  const signal = stopSignal(context);
  const tokenizer = await tokenizerOf(out, recipe, write.note);
  write.note('Reading the texts');
  const logFile = join(out, 'training.jsonl');
  let logging: Promise<void> = Promise.resolve();
  const result = await trainFoundation({
    recipe,
    tokenizer,
    folder: out,
    replicas: threads,
    saveEverySteps: SAVE_EVERY_STEPS,
    evaluateEverySteps: EVALUATE_EVERY_STEPS,
    now: () => performance.now(),
    signal,
    onProgress: (progress) => {
      const line = { ...progress, heldOut: lossesOf(progress.heldOut) };
      logging = logging.then(() => appendFile(logFile, `${JSON.stringify(line)}\n`));
      write.progress(progress);
    },
  });
  await logging.catch((error: unknown) => {
    throw fileError(error, logFile);
  });
  const heldOut = lossesOf(result.heldOut) ?? {};
  if (result.finished) {
    write.note('Writing the model card');
    await writeDurably(join(out, 'README.md'), utf8(await modelCard(recipe, { ...result, heldOut })));
  }
  write.result(result.finished, result.step, heldOut);
  return EXIT_CODES.ok;
}

async function requireFolder(folder: string, resume: boolean): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw fileError(error, folder);
  }
  const isStarted = await access(join(folder, 'training-state.safetensors')).then(
    () => true,
    () => false,
  );
  if (isStarted && !resume) {
    throw cliError(
      'invalid_option',
      `${folder} holds a training that was started; go on with --resume, or use another --out`,
    );
  }
  if (!isStarted && resume) {
    throw cliError('invalid_option', `--resume: ${folder} holds no training state`);
  }
}

/** The folder's tokenizer, trained and written first if there is none. */
async function tokenizerOf(
  folder: string,
  recipe: FoundationRecipe,
  note: (text: string) => void,
): Promise<Tokenizer> {
  const path = join(folder, 'tokenizer.json');
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists) return loadTokenizer(path);
  note('Training the tokenizer');
  const domains = Object.keys(recipe.mixture) as Domain[];
  const corpora = await Promise.all(domains.map((domain) => loadCorpusParts(domain)));
  const { vocabularySize } = recipe.config;
  const json = trainTokenizer(corpora, { ...FOUNDATION_TOKENIZER, vocabularySize });
  const settings = tokenizerConfig(recipe.config.contextSize);
  await writeDurably(join(folder, 'tokenizer_config.json'), utf8(`${JSON.stringify(settings, null, 2)}\n`));
  await writeDurably(path, utf8(`${JSON.stringify(json, null, 1)}\n`));
  return createTokenizer(json);
}

type ProgressWriter = {
  note(text: string): void;
  progress(progress: FoundationProgress): void;
  result(finished: boolean, step: number, heldOut: Readonly<Record<string, number>>): void;
};

/** Plain lines are written this often; a terminal's line is renewed at each step. */
const PLAIN_EVERY_STEPS = 10;

function progressWriter({ json, out }: TrainFoundationOptions, { stdout }: CommandContext): ProgressWriter {
  if (json === true) {
    const write = (object: unknown) => stdout.write(`${JSON.stringify(object)}\n`);
    return {
      note: (text) => write({ type: 'progress', text }),
      progress: (progress) => write({ type: 'step', ...progress, heldOut: lossesOf(progress.heldOut) }),
      result: (finished, step, heldOut) => write({ type: 'summary', finished, step, heldOut, out }),
    };
  }
  const inPlace = stdout.isTTY === true;
  return {
    note: (text) => stdout.write(`${text}\n`),
    progress: (progress) => {
      const { step, steps, heldOut } = progress;
      const line = stepLine(progress);
      if (heldOut !== null) {
        stdout.write(
          `${inPlace ? '\r\u001b[K' : ''}${line}\n  held out: ${lossText(lossesOf(heldOut) ?? {})}\n`,
        );
      } else if (inPlace) {
        stdout.write(`\r\u001b[K${line.slice(0, (stdout.columns ?? 80) - 1)}`);
      } else if (step % PLAIN_EVERY_STEPS === 0 || step === steps) {
        stdout.write(`${line}\n`);
      }
    },
    result: (finished, step, heldOut) => {
      const state = finished ? 'Finished' : `Stopped after step ${step}; "--resume" goes on`;
      stdout.write(
        `${inPlace ? '\n' : ''}${state}. Held-out loss: ${lossText(heldOut)}. Checkpoint in ${out}\n`,
      );
    },
  };
}

function stepLine({
  step,
  steps,
  loss,
  tokensPerSecond,
  secondsLeft,
  expertLoad,
}: FoundationProgress): string {
  const load = expertLoad.map((share) => `${(100 * share).toFixed(1)} %`).join(' to ');
  return `step ${step} of ${steps}  loss ${formatLoss(loss)}  ${Math.round(tokensPerSecond)} tokens/s  expert load ${load}  ${formatSeconds(secondsLeft)} left`;
}

function lossesOf(heldOut: ReadonlyMap<string, number> | null): Readonly<Record<string, number>> | null {
  return heldOut === null ? null : Object.fromEntries(heldOut);
}

function lossText(losses: Readonly<Record<string, number>>): string {
  return Object.entries(losses)
    .map(([domain, loss]) => `${domain} ${formatLoss(loss)}`)
    .join(', ');
}
