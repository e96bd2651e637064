import { type CompositionManifest, verifyComposition } from '@connito/composition';
import type { ExpertOwners, ExpertRestriction, ExpertUsage, ModelSource } from '@connito/model';
import { type ChatTemplate, loadChatTemplate } from '../chat/chat-template.ts';
import type { InferenceEngine } from '../engine/inference-engine.ts';
import { badRequest } from '../errors.ts';
import type { ExpertWishes } from '../openai/request-fields.ts';

/** Opens an engine for a model; given to the server, so that tests and other engines can stand in. */
export type OpenEngine = (source: ModelSource, owners: ExpertOwners | undefined) => Promise<InferenceEngine>;

/** Package `base` and the composition's packages, in the order of `ExpertUsage`'s owners. */
type Owner = { readonly id: string; readonly contentHash: string };
const BASE_OWNER: Owner = { id: 'base', contentHash: 'base' };

/** One set of parameters being served under a model's id. */
export class ModelVersion {
  readonly number: number;
  readonly source: ModelSource;
  readonly engine: InferenceEngine;
  readonly template: ChatTemplate;
  readonly #owners: readonly Owner[];
  /** Owner of each expert, `[layer][expert]`; null where the folder is no composition. */
  readonly #ownerOf: ExpertOwners | null;

  private constructor(
    number: number,
    source: ModelSource,
    parts: {
      readonly engine: InferenceEngine;
      readonly template: ChatTemplate;
      readonly owners: readonly Owner[];
      readonly ownerOf: ExpertOwners | null;
    },
  ) {
    this.number = number;
    this.source = source;
    this.engine = parts.engine;
    this.template = parts.template;
    this.#owners = parts.owners;
    this.#ownerOf = parts.ownerOf;
  }

  /** Reads everything but the parameters first, so that what is wrong with a folder is known soon. */
  static async open(number: number, source: ModelSource, openEngine: OpenEngine): Promise<ModelVersion> {
    const template = await loadChatTemplate(source.folder);
    const composition = await verifyComposition(source.folder);
    const ownerOf = composition === null ? null : ownersOf(composition);
    const engine = await openEngine(source, ownerOf ?? undefined);
    const packages = composition?.packages ?? [];
    return new ModelVersion(number, source, { engine, template, owners: [BASE_OWNER, ...packages], ownerOf });
  }

  /** Ids of the packages this version is composed of. */
  get packages(): readonly string[] {
    return this.#owners.slice(1).map(({ id }) => id);
  }

  /** What a request wishes of the routing. Fails with 400 where the model has no such layer, expert or package. */
  restriction({ allow, deny, deny_packages: packages = [] }: ExpertWishes): ExpertRestriction {
    if (this.engine.routing === null)
      throw badRequest(`The engine ${this.engine.name} cannot restrict experts.`, 'connito.experts');
    const { layers, experts } = this.engine.routing;
    // Sets: a peer may name one expert any number of times.
    const setsOf = (given: Readonly<Record<string, readonly number[]>> | undefined, field: string) => {
      const sets = new Map<number, Set<number>>();
      for (const [layer, numbers] of Object.entries(given ?? {})) {
        const unknown = Number(layer) >= layers || numbers.some((expert) => expert >= experts);
        if (unknown) {
          throw badRequest(
            `The model has ${layers} layers of ${experts} experts, counted from 0.`,
            `connito.experts.${field}`,
          );
        }
        const layerSet = sets.get(Number(layer)) ?? new Set();
        sets.set(Number(layer), layerSet);
        for (const expert of numbers) layerSet.add(expert);
      }
      return sets;
    };
    const allowed = setsOf(allow, 'allow');
    const denied = setsOf(deny, 'deny');
    for (const name of packages) {
      const owner = this.#owners.findIndex(
        ({ id, contentHash }, i) => i > 0 && (id === name || contentHash === name),
      );
      if (owner < 0) throw badRequest(`The model holds no package ${name}.`, 'connito.experts.deny_packages');
      this.#ownerOf!.forEach((row, layer) => {
        const layerSet = denied.get(layer) ?? new Set();
        denied.set(layer, layerSet);
        row.forEach((of, expert) => {
          if (of === owner) layerSet.add(expert);
        });
      });
    }
    for (let layer = 0; layer < layers; layer++) {
      const free = [...(allowed.get(layer) ?? Array.from({ length: experts }, (_, expert) => expert))].filter(
        (expert) => !denied.get(layer)?.has(expert),
      );
      if (free.length === 0)
        throw badRequest(`No expert of layer ${layer} is left to answer.`, 'connito.experts');
    }
    const listed = (sets: ReadonlyMap<number, ReadonlySet<number>>) =>
      new Map([...sets].map(([layer, set]) => [layer, [...set]]));
    return { ...(allow === undefined ? {} : { allow: listed(allowed) }), deny: listed(denied) };
  }

  /**
   * Tokens by package of one request's answers, in the order of its choices, null where one has not been begun: each prompt
   * counts once, however many choices were written to it. Keys: `id`, or `contentHash` as receipts want.
   */
  tokensByPackage(
    choices: readonly (ExpertUsage | null)[],
    choicesPerPrompt: number,
    key: keyof Owner,
  ): Record<string, number> {
    const tokens: Record<string, number> = {};
    const prompts = Map.groupBy(choices.entries(), ([index]) => Math.floor(index / choicesPerPrompt));
    const perPrompt = [...prompts.values()].map((own) =>
      own.flatMap(([, usage]) => (usage === null ? [] : [usage])),
    );
    this.#owners.forEach((owner, i) => {
      let count = 0;
      for (const usages of perPrompt) {
        count += usages[0]?.promptOwners[i] ?? 0;
        for (const { answerOwners } of usages) count += answerOwners[i] ?? 0;
      }
      if (count > 0) tokens[owner[key]] = (tokens[owner[key]] ?? 0) + count;
    });
    return tokens;
  }
}

/** Trained experts belong to their package; all others are the base model's, wherever they were put. */
function ownersOf({ layers }: CompositionManifest): number[][] {
  return layers.map((experts) =>
    experts.map((origin) => (origin.kind === 'trained' ? origin.package + 1 : 0)),
  );
}
