// What comes from the other side, checked by zod/mini: manifests, devices, capabilities, Programs. Sections are built on
// first use. Facts of plugins are read loosely (unknown keys, ops and dtypes are dropped: a newer plugin may state them);
// a Program strictly, because nothing in it may be skipped in silence.
import * as z from "zod/mini";
import { isDType } from "../dtype.ts";
import { deepFreeze } from "../freeze.ts";
import { isOpName } from "../opset.ts";
import type { Capabilities, DeviceDescription, OpSupport, PluginManifest } from "../plugin.ts";
import type { DType, OpName } from "../program.ts";
import { count, irVersion, lazily, name, parse, why } from "./parse.ts";

export { attrsSchema, readProgramHeader } from "./program.ts";

const version = lazily(() => z.looseObject({ major: count(), minor: count() }));
/** Schema of a manifest. */
export const manifestSchema: () => z.ZodMiniType<PluginManifest> = lazily(
  () =>
    z.looseObject({
      name: name(),
      version: name(),
      platforms: z.array(name()).check(z.minLength(1)),
      abi: version(),
      needs: z.optional(z.looseObject({ abiMinor: z.optional(count()) })),
      ir: z.looseObject({ min: irVersion(), max: irVersion() }),
    }) as unknown as z.ZodMiniType<PluginManifest>,
);

/** Schema of what discovery says about one device. */
export const deviceDescriptionSchema: () => z.ZodMiniType<DeviceDescription> = lazily(
  () =>
    z
      .looseObject({
        id: count(),
        platform: name(),
        kind: z.string(),
        available: z.boolean(),
        why: z.optional(z.string()),
        memoryBytes: z.optional(z.number()),
        coords: z.optional(z.array(z.number())),
        attributes: z.optional(z.record(z.string(), z.unknown())),
      })
      .check(
        z.refine((d) => d.available || (d.why ?? "") !== "", why("an unavailable device says why")),
      ) as unknown as z.ZodMiniType<DeviceDescription>,
);

const opSupport = lazily(() =>
  z.looseObject({
    dtypes: z.optional(z.array(z.string())),
    operands: z.optional(
      z.array(
        z.looseObject({
          dtypes: z.optional(z.array(z.string())),
          rank: z.optional(z.tuple([count(), z.number().check(z.nonnegative())])),
        }),
      ),
    ),
    attrs: z.optional(
      z.record(
        z.string(),
        z.looseObject({
          oneOf: z.optional(z.array(z.unknown())),
          min: z.optional(z.number()),
          max: z.optional(z.number()),
        }),
      ),
    ),
    standalone: z.optional(z.literal(true)),
    deviates: z.optional(z.array(z.string())),
    decomposed: z.optional(z.array(z.string())),
  }),
);
const FLAGS = [
  "donation",
  "hostAliasing",
  "immediates",
  "symbolicDims",
  "partitioner",
  "multiDevice",
  "callbacks",
] as const;

/** Schema of capabilities as a plugin states them; open vocabularies are plain strings here. */
export const capabilitiesSchema = lazily(() =>
  z.looseObject({
    dtypes: z.array(z.string()),
    ops: z.record(z.string(), z.optional(opSupport())),
    composites: z.optional(z.array(z.string())),
    customCalls: z.optional(z.array(z.string())),
    limits: z.optional(
      z.looseObject({
        maxBufferBytes: z.optional(z.number()),
        maxRank: z.optional(z.number()),
        maxParams: z.optional(z.number()),
      }),
    ),
    ...(Object.fromEntries(FLAGS.map((f) => [f, z.optional(z.boolean())])) as {
      [F in (typeof FLAGS)[number]]: z.ZodMiniOptional<z.ZodMiniBoolean>;
    }),
  }),
);

const deviceSchema = lazily(() => {
  const memory = z.looseObject({ id: count(), kind: z.string(), deviceIds: z.array(count()) });
  return z.looseObject({
    id: count(),
    processIndex: count(),
    description: deviceDescriptionSchema(),
    memory,
  });
});

/** A manifest as given, checked. @throws E_SCHEMA */
export function readManifest(data: unknown): PluginManifest {
  const given = (data as { name?: unknown } | undefined)?.name;
  return parse(manifestSchema(), data, "manifest", typeof given === "string" ? given : undefined);
}

/** What a plugin's discovery gave, checked. @throws E_SCHEMA */
export function readDescriptions(data: unknown, plugin: string): readonly DeviceDescription[] {
  return parse(z.array(deviceDescriptionSchema()), data, "discover()", plugin);
}

/** Checks a client's devices in place: they have identity. @throws E_SCHEMA */
export function checkDevices(data: unknown, plugin: string): void {
  parse(z.array(deviceSchema()).check(z.minLength(1)), data, "devices", plugin);
}

const known = (dtypes: readonly string[]): readonly DType[] => dtypes.filter(isDType);

/** Capabilities as the host uses them: known dtypes and ops only, frozen. @throws E_SCHEMA */
export function readCapabilities(data: unknown, plugin: string): Capabilities {
  const { dtypes, ops, ...rest } = parse(capabilitiesSchema(), data, "capabilities", plugin);
  const support: { [N in OpName]?: OpSupport } = {};
  for (const [op, s] of Object.entries(ops)) {
    if (!isOpName(op) || s === undefined) continue;
    const operands = s.operands?.map((o) => ({ ...o, ...(o.dtypes && { dtypes: known(o.dtypes) }) }));
    support[op] = {
      ...s,
      ...(s.dtypes && { dtypes: known(s.dtypes) }),
      ...(operands && { operands }),
    } as OpSupport;
  }
  return deepFreeze({ ...rest, dtypes: known(dtypes), ops: support }) as Capabilities;
}
