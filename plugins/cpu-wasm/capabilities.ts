// What the client can do, as data. The compiler of plugin-kit covers every wire op that has a rule; what it refuses is
// left out here, so that the host refuses it with the op's name before anything is compiled.
import {
  DTYPES,
  OP_NAMES,
  type Capabilities,
  type DType,
  type OpName,
  type OpSupport,
} from "tenon-plugin-api";

/** Stored as one byte an element for exchange only: no arithmetic. */
const STORAGE_ONLY: readonly DType[] = ["i4", "u4", "f8e4m3fn", "f8e5m2"];
/** Ops that need something this plugin does not have: other devices, host callbacks. */
const ABSENT: readonly string[] = ["custom_call"];

/** The capabilities of a client. */
export function capabilitiesOf(limitBytes: number): Capabilities {
  const dtypes = (Object.keys(DTYPES) as DType[]).filter((d) => !STORAGE_ONLY.includes(d));
  const ops: { [N in OpName]?: OpSupport } = {};
  for (const op of OP_NAMES) if (!ABSENT.includes(op)) ops[op] = {};
  return Object.freeze({
    dtypes: Object.freeze(dtypes),
    ops: Object.freeze(ops),
    limits: Object.freeze({ maxBufferBytes: limitBytes }),
    donation: true,
    immediates: true,
  });
}
